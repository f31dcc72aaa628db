"""A node type's text and its JSON say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import click
import pytest

from studio.api import (
    Added,
    Context,
    Field,
    Grammar,
    Image,
    Lazy,
    NodeType,
    Resources,
    Subgraph,
    Unkeyed,
    get_node_type,
    node,
)
from studio.app import Studio
from studio.cli.node_description import describe_node_type, render_node_type
from studio.settings import load_settings

WORDS = {"asynchronous": "async", "expands": "graph", "streams": "piece by piece", "uses_frame": "position",
         "device_free": "every device", "experimental": "experimental", "lazy": "needed", "unkeyed": "fingerprint",
         "added": "at the default",
         "required": "required"}  # fmt: skip
"""A word of the text for each flag that is set."""


@node("test.all", version="3.1", code=4, resources=Resources(device_bytes=3 * 2**30, cores=2), experimental=True,
      encodings=("linear", "srgb"), deprecated="use test.other", uses_frame=True, cache="recompute",
      needs=lambda values: ["image"])  # fmt: skip
def do_all(
    ctx: Context,
    words: Annotated[str, Field(min_length=2, max_length=30, pattern="[a-z]+")],
    image: Annotated[Image | None, Lazy] = None,
    color: Annotated[str, Grammar("a color", str)] = "red",
    share: Annotated[float, Field(gt=0.125, lt=1234567, unit="percent")] = 0.5,
    note: Annotated[str, Unkeyed] = "",
    later: Annotated[int, Added] = 0,
) -> Image:
    """Do everything.

    It has a description.

    Args:
        words: What to say.
        image: What to do it to.
        color: The color.
        share: How much.
        note: Not read.
    """
    raise NotImplementedError


def list_facts(row: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of a description with the key that it stands under."""
    if isinstance(row, dict) and key not in ("default", "example"):
        for name, value in row.items():
            if key in ("inputs", "outputs"):
                yield "name", name
            yield from list_facts(value, name)
    elif isinstance(row, list) and key != "default":
        for value in row:
            yield from list_facts(value, key)
    else:
        yield key, row


def is_said(key: str, fact: Any, text: str) -> bool:
    """Say whether a text has a fact."""
    if fact is False or fact is None or fact == "" or (key == "cores" and fact == 1):
        return True  # the default, which is not mentioned
    if key in WORDS:
        return WORDS[key] in text
    if key == "device_bytes":
        return f"{fact // 2**20:,} MiB" in text
    if key == "example":
        return json.loads(text.partition("\nexample  ")[2].partition("\n")[2]) == fact
    if key == "default":
        return "default " in text
    if isinstance(fact, float) and fact.is_integer():
        fact = int(fact)
    return str(fact) in text


@pytest.fixture(scope="module")
def installed() -> list[NodeType]:
    with Studio(load_settings(device="cpu"), on_disk=False) as studio:
        return list(studio.registry.node_types.values())


def test_every_fact_of_the_json_is_in_the_text(installed: list[NodeType]) -> None:
    for node_type in [*installed, get_node_type(do_all)]:
        row = describe_node_type(node_type)
        text = click.unstyle(render_node_type(row))

        missing = [(key, fact) for key, fact in list_facts(row) if not is_said(key, fact, text)]
        assert missing == [], node_type.id


def test_the_text_is_made_from_the_json_alone(installed: list[NodeType]) -> None:
    for node_type in [*installed, get_node_type(do_all)]:
        row = describe_node_type(node_type)

        assert render_node_type(json.loads(json.dumps(row))) == render_node_type(row)


def test_everything_that_can_be_declared_is_shown() -> None:
    row = describe_node_type(get_node_type(do_all))
    text = click.unstyle(render_node_type(row))

    assert row["inputs"]["share"] == {
        "type": "float", "description": "How much.", "exclusive_minimum": 0.125, "exclusive_maximum": 1234567,
        "unit": "percent", "required": False, "default": 0.5,
    }  # fmt: skip
    assert "  image: image or null, read only where it is needed, default null\n      What to do it to." in text
    assert "  words: text length 2 to 30, matching [a-z]+, required" in text
    assert "  color: text, written as a color, default 'red'" in text
    assert "  share: float > 0.125 and < 1234567 percent, default 0.5" in text
    assert "  note: text, no part of the fingerprint, default ''" in text
    assert (
        "color  takes any color space encoded as linear or srgb\n\nresources  3,072 MiB on the device, 2 cores" in text
    )
    assert "runs  on the lane cpu, cache recompute, depends on the position of a frame or an entry" in text
    assert text.endswith(", code 4")


def test_how_a_node_type_runs_is_shown() -> None:
    @node("test.plan", uses_frame=True)
    async def plan(ctx: Context, image: Image) -> Subgraph[Image]:
        """Do."""
        raise NotImplementedError

    row = describe_node_type(get_node_type(plan))

    assert (row["asynchronous"], row["expands"], row["uses_frame"]) == (True, True, True)
    assert "waits with many others (async), returns a graph that makes its outputs" in render_node_type(row)
