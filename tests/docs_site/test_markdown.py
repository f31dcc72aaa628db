from __future__ import annotations

from docs_site.markdown import (
    Block,
    create_anchor,
    find_blocks,
    find_headings,
    find_links,
    find_summary,
    find_title,
    replace_links,
)

PAGE = """# A *page*

It says [one](one.md) thing: `[not](a.md)` and ![two](two.png "title").

```json file=a.json
# [no](heading.md)
{}
```

## Same

## Same
"""


def test_links_in_code_are_not_links() -> None:
    assert find_links(PAGE) == ["one.md", "two.png"]


def test_pictures_in_html_are_links() -> None:
    assert find_links('<img src="a.png" width="4">\n<a id="x" href="b.md">b</a>\n') == ["a.png", "b.md"]


def test_headings_in_code_are_not_headings_and_equal_ones_are_numbered() -> None:
    assert [(heading.level, heading.text, heading.anchor) for heading in find_headings(PAGE)] == [
        (1, "A page", "a-page"),
        (2, "Same", "same"),
        (2, "Same", "same-1"),
    ]


def test_a_block_has_its_language_its_attributes_and_its_lines() -> None:
    assert find_blocks(PAGE) == [Block("json", {"file": "a.json"}, "# [no](heading.md)\n{}\n", 6)]


def test_a_longer_fence_holds_a_shorter_one() -> None:
    (block,) = find_blocks("````text\n```\nin\n```\n````\n")

    assert block.body == "```\nin\n```\n"


def test_anchors_are_those_of_github() -> None:
    assert create_anchor("Why did it run?") == "why-did-it-run"
    assert create_anchor("E0xx: the command or the call") == "e0xx-the-command-or-the-call"


def test_title_and_summary_are_plain_text() -> None:
    assert find_title(PAGE) == "A page"
    assert find_summary(PAGE) == "It says one thing:"


def test_replaced_links_leave_code_alone() -> None:
    changed = replace_links("[a](b.md)\n```\n[a](b.md)\n```\n", str.upper)

    assert changed == "[a](B.MD)\n```\n[a](b.md)\n```\n"
