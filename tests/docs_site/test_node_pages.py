from __future__ import annotations

import re
from typing import Annotated, Literal

import pytest

from docs_site.node_pages import create_node_page, describe_limits, describe_type
from docs_site.page import Page
from docs_site.site import ROOT
from studio.api import Color, Context, Field, Mask, NodeType, get_node_type, node, parse_color


@node("dots.count_dots")
def count_dots(
    ctx: Context,
    text: str,
    *,
    size: Annotated[int, Field(ge=1, le=8, unit="pixels")] = 2,
    kind: Literal["a", "b"] = "a",
    ink: Color = "red",
    name: Annotated[str, Field(pattern="[a-z]+")] = "a",
    mask: Mask | None = None,
) -> int:
    """Count dots.

    A dot is a dot.

    Args:
        text: Text with dots | bars.
        size: Size of a dot.
        kind: Kind of dots.
        ink: Color of a dot.
        name: Name of dots.
        mask: Where dots count.
    """
    return text.count(".")


@pytest.fixture
def page() -> Page:
    declared: NodeType = get_node_type(count_dots)
    graph = {"studio": 1, "nodes": {"a": {"type": "dots.count_dots", "inputs": {"text": "."}}}, "outputs": {}}
    return create_node_page(declared, graph, "![made](made.webp)", ["graphs/b.json"])


def test_a_page_says_what_the_node_type_does(page: Page) -> None:
    assert (page.path, page.title) == ("reference/nodes/dots/dots.count_dots.md", "dots.count_dots")
    assert page.text.startswith("# dots.count_dots\n\nCount dots.\n\nA dot is a dot.\n\n![made](made.webp)")


def test_inputs_have_type_range_unit_default_and_help(page: Page) -> None:
    assert "| `text` | text | **required** | Text with dots \\| bars. |" in page.text
    assert "| `size` | int; 1 to 8 pixels | `2` | Size of a dot. |" in page.text
    assert (
        '| `ink` | text; written as [a color](../../../docs/image.md#colors) | `"red"` | Color of a dot. |' in page.text
    )
    assert '| `name` | text; matching `[a-z]+` | `"a"` | Name of dots. |' in page.text
    assert '| `kind` | `a`, `b` | `"a"` | Kind of dots. |' in page.text


def test_outputs_have_a_column_for_help_if_there_is_some(page: Page) -> None:
    assert "| output | type |\n" in page.text
    assert describe_type(get_node_type(count_dots).inputs["mask"].spec) == "mask or `null`"


def test_the_example_and_the_graphs_that_use_it_are_there(page: Page) -> None:
    assert '"type": "dots.count_dots"' in page.text
    assert "[graphs/b.json](../../../graphs/b.json)" in page.text


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (None, ""),
        (Field(ge=0), "at least 0"),
        (Field(gt=0, lt=1), "more than 0 and less than 1"),
        (Field(max_length=5), "length 0 to 5"),
        (Field(min_length=1), "length 1 or more"),
        (Field(unit="seconds"), "seconds"),
        (Field(ge=0, le=1, unit="share"), "0 to 1 (a share)"),
        (Field(ge=-1_000_000, le=0.5), "-1,000,000 to 0.5"),
    ],
)
def test_limits_are_words(limits: Field | None, words: str) -> None:
    assert describe_limits(limits) == words


def test_every_form_of_a_color_that_the_page_shows_is_one() -> None:
    text = (ROOT / "docs/image.md").read_text(encoding="utf-8")
    section = text.partition("\n## Colors\n")[2].partition("\n## ")[0]

    shown = re.findall(r'`"([^"]+)"`', section)

    assert len(shown) > 10
    assert [color for color in shown if len(parse_color(color)) != 4] == []
