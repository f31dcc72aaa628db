from __future__ import annotations

from docs_site.crosslinks import link_references

TARGETS = {
    "image.blur": "reference/nodes/image/image.blur.md",
    "studio batch": "reference/command_line/studio_batch.md",
}


def link(text: str) -> str:
    return link_references("docs/a.md", text, TARGETS).removesuffix("\n")


def test_a_node_type_in_a_sentence_is_a_link() -> None:
    assert link("Use `image.blur`.") == "Use [`image.blur`](../reference/nodes/image/image.blur.md)."


def test_a_command_with_its_options_is_a_link() -> None:
    assert link("`studio batch a.json -o b`") == (
        "[`studio batch a.json -o b`](../reference/command_line/studio_batch.md)"
    )


def test_an_error_code_is_a_link_to_its_row() -> None:
    assert link("It is E308.") == "It is [E308](errors.md#e308)."


def test_links_headings_blocks_and_other_code_stay() -> None:
    text = "# `image.blur`\n\n[`image.blur` and E308](b.md) `image.blurry`\n\n```\n`image.blur` E308\n```"

    assert link(text) == text
