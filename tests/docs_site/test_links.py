from __future__ import annotations

from pathlib import Path

from docs_site.links import find_anchors, find_broken_links
from docs_site.page import Page


def test_a_link_to_a_missing_file_and_one_to_a_missing_heading_are_found(tmp_path: Path) -> None:
    first = Page(
        "docs/a.md", "A", "# A\n\n[b](b.md) [c](c.md) [d](b.md#there) [e](b.md#not) [f](#a) [g](https://x.y)\n"
    )
    second = Page("docs/b.md", "B", "# B\n\n## There\n")

    assert find_broken_links([tmp_path], [first, second]) == [
        "docs/a.md: no file for the link 'c.md'",
        "docs/a.md: no heading for the link 'b.md#not'",
    ]


def test_a_link_to_a_file_of_the_repository_is_whole(tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_text("{}")

    assert find_broken_links([tmp_path], [Page("docs/a.md", "A", "[graph](../graph.json)")]) == []


def test_a_link_to_a_folder_is_broken(tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()

    assert find_broken_links([tmp_path], [Page("docs/a.md", "A", "[graphs](../graphs)")]) == [
        "docs/a.md: no file for the link '../graphs'"
    ]


def test_elements_with_an_id_are_anchors() -> None:
    assert find_anchors('| <span id="e001">E001</span> |\n') == {"e001"}
