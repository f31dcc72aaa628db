from __future__ import annotations

from docs_site.llms import create_full_text, create_index
from docs_site.navigation import Menu
from docs_site.page import Page

PAGE = Page("docs/a.md", "A", "# A\n\nText.\n", "What it is.")


def test_the_index_has_a_line_for_each_page() -> None:
    text = create_index({"docs/a.md": PAGE}, [Menu("Start", [Menu("Below", ["docs/a.md"])])])

    assert text.startswith("# Studio\n\n> Studio is")
    assert text.endswith("## Start\n\n- [A](docs/a.html): What it is.\n")


def test_the_full_text_has_the_page_after_its_path() -> None:
    assert create_full_text([PAGE]) == "<!-- docs/a.md -->\n\n# A\n\nText.\n"
