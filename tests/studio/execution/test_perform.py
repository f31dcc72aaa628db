"""`Performer`: calls run stacked, and a failing stack is taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fakes import Probe, create_settings, get_error, graph

from studio.api import Audio, Context, Video, hookimpl, node
from studio.app import Studio


def test_calls_of_a_batch_type_run_stacked_up_to_its_limit(studio: Studio, probe: Probe) -> None:
    nodes = {"l": ("fake.count", {"n": 10}), "s": ("fake.stacked", {"a": "@l"})}
    result = studio.run(graph(nodes, o="s"))

    assert result["o"] == [10 * i for i in range(10)]
    assert (max(probe.stacks), sum(probe.stacks)) == (4, 10)
    assert len(probe.stacks) == 3


def test_calls_that_differ_in_what_must_be_equal_are_not_stacked(studio: Studio, probe: Probe) -> None:
    nodes = {f"s{i}": ("fake.stacked", {"a": i, "scale": i % 2 + 1}) for i in range(8)}
    result = studio.run(graph(nodes, **{f"s{i}": f"s{i}" for i in range(8)}))

    assert result.outputs == {f"s{i}": i * (i % 2 + 1) for i in range(8)}
    assert sum(probe.stacks) == 8


def test_a_stack_that_returns_too_few_results_is_an_error_of_the_node_type(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 4}), "s": ("fake.short_stack", {"a": "@l"})}

    assert get_error(studio.run(graph(nodes, o="s"))).code == "E302"


def test_blocks_and_frames_that_raise_while_they_are_stored_are_errors_of_their_node(tmp_path: Path) -> None:
    def fail() -> Iterator[Any]:
        yield from ()
        raise ValueError("no such block")

    @node("raising.audio")
    def make_audio(ctx: Context) -> Audio:
        """Make audio that cannot be read."""
        return Audio.from_blocks(fail, rate=8000, channels=1)

    @node("raising.videos")
    def make_videos(ctx: Context) -> list[Video]:
        """Make videos that cannot be read."""
        return [Video(fail, width=4, height=4, rate=Fraction(25), count=1)]

    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [make_audio, make_videos]))
    with Studio(create_settings(tmp_path), plugins=[("raising", plugin)], discover=False) as studio:
        result = studio.run(graph({"a": ("raising.audio", {}), "v": ("raising.videos", {})}, a="a", v="v"))

    assert [(error.code, "ValueError: no such block" in error.message) for error in result.errors] == [
        ("E301", True)
    ] * 2
