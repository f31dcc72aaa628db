"""Node types that return subgraphs: their nodes run, fail, are cached and are named like all others."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from fakes import PATIENCE_SECONDS, FakePlugin, Probe, Recorder, create_settings, get_error, graph

from studio.api import Context, File, Image, Subgraph, Video, hookimpl, node
from studio.app import InputFile, Studio
from studio.execution import expansion
from studio.execution.control import Control
from studio.execution.options import RunOptions
from studio.testing import check_node_type


class Both(NamedTuple):
    """Two sums.

    Attributes:
        small: The small sum.
        large: The large sum.
    """

    small: int
    large: int


def create_node_types(probe: Probe) -> list[Callable[..., Any]]:
    """Return node types that return subgraphs of the fakes."""

    @node("sub.chain")
    def chain(ctx: Context, a: int, rounds: int = 2) -> Subgraph[int]:
        """Add one some times."""
        probe.add_call("chain")
        made = Subgraph[int]()
        last: Any = a
        for index in range(rounds):
            last = made.add("fake.add", id=f"step{index}", a=last, b=1)
        made.output("int", last)
        return made

    @node("sub.soften")
    def soften(ctx: Context, image: Image, by: int = 1) -> Subgraph[Image]:
        """Shift an image, and invert it."""
        probe.add_call("soften")
        made = Subgraph[Image]()
        made.output("image", made.add("fake.invert", image=made.add("fake.shift", image=image, by=by)))
        return made

    @node("sub.both")
    def both(ctx: Context, numbers: list[int]) -> Subgraph[Both]:
        """Sum up, once a hundred more."""
        made = Subgraph[Both]()
        small = made.add("fake.total", numbers=numbers)
        made.output("small", small)
        made.output("large", made.add("fake.add", a=small, b=100))
        return made

    @node("sub.deep")
    def deep(ctx: Context, depth: int) -> Subgraph[int]:
        """Return subgraphs in subgraphs."""
        made = Subgraph[int]()
        made.output("int", made.add("sub.deep", depth=depth - 1) if depth else made.add("fake.add", a=0))
        return made

    @node("sub.wide")
    def wide(ctx: Context, count: int, levels: int = 1) -> Subgraph[int]:
        """Return many nodes."""
        made = Subgraph[int]()
        kind = (
            {"type": "sub.wide", "count": count, "levels": levels - 1} if levels > 1 else {"type": "fake.add", "a": 1}
        )
        name = str(kind.pop("type"))
        made.output("int", made.add("fake.total", numbers=[made.add(name, inputs=kind) for _ in range(count)]))
        return made

    @node("sub.wrong")
    def wrong(ctx: Context, kind: str) -> Subgraph[int]:
        """Return an invalid subgraph."""
        made = Subgraph[int]()
        if kind == "no graph":
            return 7  # type: ignore[return-value]
        if kind == "raises":
            raise ValueError("no such thing")
        good = made.add("fake.add", a=1)
        bad: Any = good
        if kind == "type":
            bad = made.add("fake.ad", a=1)
        if kind == "input":
            bad = made.add("fake.add", a="text")
        if kind == "output type":
            bad = made.add("fake.image")
        if kind == "mapped":
            bad = made.add("fake.add", a=[1, 2])
        if kind == "file":
            bad = made.add("sub.size", file="/etc/passwd")
        if kind == "graph":
            bad = made.add("graph:other.json")
        if kind == "failing":
            bad = made.add("fake.fail")
        made.output("number" if kind == "output name" else "int", bad)
        return made

    @node("sub.size")
    def size(ctx: Context, file: File) -> int:
        """Return the size of a file."""
        return len(file.path.read_bytes())

    @node("sub.measure")
    def measure(ctx: Context, file: File) -> Subgraph[int]:
        """Return the size of a file, by a subgraph."""
        made = Subgraph[int]()
        made.output("int", made.add("sub.size", file=file))
        return made

    @node("sub.opaque")
    def opaque(ctx: Context) -> Subgraph[str]:
        """Return what a node makes of a value of no type."""
        made = Subgraph[str]()
        made.output("text", made.add("fake.look", value=object()))
        return made

    @node("sub.any")
    def pass_any(ctx: Context, value: str) -> Subgraph[int]:
        """Pass a value of any type on as a number."""
        made = Subgraph[int]()
        made.output("int", made.add("fake.json", value=value))
        return made

    @node("sub.maybe")
    def maybe(ctx: Context, flag: bool) -> Subgraph[int]:
        """Return a number that may be skipped."""
        made = Subgraph[int]()
        made.output("int", made.add("fake.add", a=1, when=flag))
        return made

    @node("sub.video")
    def invert_video(ctx: Context, video: Video) -> Subgraph[Video]:
        """Invert a video."""
        made = Subgraph[Video]()
        made.output("video", made.add("fake.invert", image=video))
        return made

    @node("sub.later")
    async def later(ctx: Context, a: int) -> Subgraph[int]:
        """Return a subgraph after a while."""
        made = Subgraph[int]()
        made.output("int", made.add("fake.add", a=a))
        return made

    return [
        chain, soften, both, deep, wide, wrong, size, measure, opaque, pass_any, maybe, invert_video, later,
    ]  # fmt: skip


def open_expanding(
    folder: Path, probe: Probe, codes: dict[str, int] | None = None, *, on_disk: bool = True, **settings: Any
) -> Studio:
    """Return a Studio with these node types and the fakes."""
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: create_node_types(probe)))
    plugins = [("sub", plugin), ("fake", FakePlugin(probe, codes))]
    made = create_settings(folder / "cache", **settings)
    return Studio(made, plugins=plugins, discover=False, on_disk=on_disk)


@pytest.fixture
def expanding(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    with open_expanding(tmp_path, probe) as studio:
        yield studio


def test_the_outputs_of_a_subgraph_become_those_of_the_node(expanding: Studio) -> None:
    nodes = {
        "c": ("sub.chain", {"a": 5, "rounds": 3}),
        "b": ("sub.both", {"numbers": [1, 2, "@c"]}),
        "after": ("fake.add", {"a": "@b.large", "b": "@b.small"}),
    }

    result = expanding.run(graph(nodes, c="c", small="b.small", large="b.large", after="after"))

    assert result.status == "done", result.errors
    assert result.outputs == {"c": 8, "small": 11, "large": 111, "after": 122}


def test_events_and_the_manifest_name_inner_nodes_after_the_outer_one(expanding: Studio) -> None:
    recorder = Recorder()

    result = expanding.run(graph({"c": ("sub.chain", {"a": 1})}, o="c"), on_event=recorder)

    assert recorder.names("c/step0") == ["NodeStarted", "NodeFinished"]
    assert recorder.names("c") == ["NodeStarted", "NodeFinished"]
    assert {name: made["type"] for name, made in result.manifest["nodes"].items()} == {
        "c": "sub.chain",
        "c/step0": "fake.add",
        "c/step1": "fake.add",
    }
    assert all(len(made["fingerprints"]) == 1 for made in result.manifest["nodes"].values())


def test_a_second_run_runs_nothing_and_a_changed_inner_part_runs_alone(tmp_path: Path, probe: Probe) -> None:
    nodes = {"i": ("fake.image", {}), "s": ("sub.soften", {"image": "@i"})}
    with open_expanding(tmp_path, probe) as studio:
        expected = studio.run(graph(nodes, o="s"))["o"]
    before = dict(probe.calls)
    with open_expanding(tmp_path, probe) as studio:
        result = studio.run(graph(nodes, o="s"))
        assert result["o"] == expected
        assert result.manifest["cache"] == {"hits": 4, "calls": 4}
    assert dict(probe.calls) == before
    with open_expanding(tmp_path, probe, {"fake.invert": 2}) as studio:
        result = studio.run(graph(nodes, o="s"))
        assert {name: made["cached"] for name, made in result.manifest["nodes"].items()} == {
            "i": 1,
            "s": 1,
            "s/shift": 1,
            "s/invert": 0,
        }
    assert probe.calls["invert"] == before["invert"] + 1
    assert probe.calls["soften"] == before["soften"]


def test_explain_names_inner_nodes(tmp_path: Path, probe: Probe) -> None:
    document = graph({"i": ("fake.image", {}), "s": ("sub.soften", {"image": "@i"})}, o="s")
    with open_expanding(tmp_path, probe) as studio:
        before = studio.explain(studio.load(document))
        studio.run(document)
        after = studio.explain(studio.load(document))
    with open_expanding(tmp_path, probe, {"fake.invert": 2}) as studio:
        changed = {row.node: row for row in studio.explain(studio.load(document))}

    assert {row.node: row.standing for row in before} == {"i": "miss", "s": "unknown"}
    assert {row.node: row.standing for row in after} == dict.fromkeys(["i", "s", "s/shift", "s/invert"], "hit")
    assert {name: row.standing for name, row in changed.items()} == {
        "i": "hit",
        "s": "miss",
        "s/shift": "hit",
        "s/invert": "miss",
    }
    assert "s/invert" in changed["s"].reason
    assert changed["s/invert"].changed == {"code": ("2", "1")}


def test_lists_map_it_and_each_entry_has_its_own_subgraph(expanding: Studio) -> None:
    result = expanding.run(graph({"c": ("sub.chain", {"a": [1, 5], "rounds": [1, 3]})}, o="c"))

    assert result["o"] == [2, 8]
    assert set(result.manifest["nodes"]) == {"c", "c[0]/step0", "c[1]/step0", "c[1]/step1", "c[1]/step2"}


def test_values_reach_the_inner_nodes(expanding: Studio, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"12345")
    document = graph({"m": ("sub.measure", {"file": "@inputs.file"}), "o": ("sub.opaque", {})}, size="m", text="o")

    result = expanding.run({**document, "inputs": {"file": {"type": "file"}}}, {"file": InputFile(path)})

    assert result.status == "done", result.errors
    assert result.outputs == {"size": 5, "text": "object"}


def test_a_video_goes_through_a_subgraph_as_a_stream(expanding: Studio) -> None:
    nodes = {"f": ("fake.film", {"n": 3}), "v": ("sub.video", {"video": "@f"})}

    result = expanding.run(graph(nodes, o="v"))

    assert result.status == "done", result.errors
    assert [int(frame.image.to_uint8().flat[0]) for frame in result["o"].frames()] == [255, 254, 253]


def test_an_async_function_may_return_one(expanding: Studio) -> None:
    assert expanding.run(graph({"l": ("sub.later", {"a": 1})}, o="l"))["o"] == 2


def test_a_video_at_an_image_is_refused_before_the_run(expanding: Studio) -> None:
    document = graph({"f": ("fake.film", {"n": 3}), "s": ("sub.soften", {"image": "@f"})}, o="s")

    (finding,) = expanding.validate(expanding.load(document))

    assert (finding.code, finding.where) == ("E114", "/nodes/s/inputs/image")
    assert "video.frames" in finding.hint


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        ("no graph", "E302", "expected a Subgraph, found 7"),
        ("raises", "E301", "no such thing"),
        ("type", "E316", "E103 at /nodes/ad/type: unknown node type 'fake.ad'"),
        ("input", "E316", "E114 at /nodes/add_2/inputs/a"),
        ("output type", "E316", "output 'int' is image (expected int)"),
        ("output name", "E316", "output 'int' is missing; unknown output 'number' (expected int)"),
        ("mapped", "E316", "output 'int' is list[int] (expected int)"),
        ("file", "E316", "E130 at /nodes/size/inputs/file"),
        ("graph", "E316", "E130 at /nodes/json/type"),
    ],
)
def test_an_invalid_subgraph_is_an_error_of_its_node(expanding: Studio, kind: str, code: str, text: str) -> None:
    error = get_error(expanding.run(graph({"w": ("sub.wrong", {"kind": kind})}, o="w")))

    assert error.code == code
    assert text in error.message
    assert "node 'w' (sub.wrong)" in error.message


def test_an_inner_node_that_fails_is_named_and_the_outer_one_is_skipped(expanding: Studio) -> None:
    result = expanding.run(graph({"w": ("sub.wrong", {"kind": "failing"}), "a": ("fake.add", {"a": 1})}, o="w", a="a"))

    assert (result.status, result.outputs) == ("partly done", {"a": 2})
    assert get_error(result).node == "w/fail"
    assert result.manifest["nodes"]["w"]["status"] == "skipped"


def test_a_value_that_does_not_fit_the_declared_output_is_found_at_the_edge(expanding: Studio) -> None:
    error = get_error(expanding.run(graph({"p": ("sub.any", {"value": "text"})}, o="p")))

    assert error.code == "E303"
    assert error.node == "p/outputs.int"


def test_an_output_that_is_skipped_skips_the_node(expanding: Studio) -> None:
    result = expanding.run(
        graph({"m": ("sub.maybe", {"flag": False}), "y": ("sub.maybe", {"flag": True})}, m="m", y="y")
    )

    assert (result.status, result.outputs) == ("done", {"y": 2})


def test_subgraphs_in_subgraphs_have_a_bounded_depth(expanding: Studio) -> None:
    allowed = expanding.run(graph({"d": ("sub.deep", {"depth": expansion.MAX_DEPTH - 1})}, o="d"))
    error = get_error(expanding.run(graph({"d": ("sub.deep", {"depth": expansion.MAX_DEPTH})}, o="d")))

    assert allowed["o"] == 1
    assert f"d{'/deep' * 7}/add" in allowed.manifest["nodes"]
    assert error.code == "E317"
    assert "more than 8 deep" in error.message


def test_a_subgraph_has_a_bounded_number_of_nodes(expanding: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "MAX_NODES", 10)
    monkeypatch.setattr(expansion, "MAX_NODES_IN_ALL", 40)

    wide = get_error(expanding.run(graph({"w": ("sub.wide", {"count": 10})}, o="w")))
    many = expanding.run(graph({"w": ("sub.wide", {"count": 7, "levels": 2})}, o="w"))
    mapped = get_error(expanding.run(graph({"w": ("sub.wide", {"count": [9, 8, 7, 6, 9]})}, o="w")))

    assert (wide.code, mapped.code) == ("E317", "E317")
    assert "a subgraph of 11 nodes (expected at most 10)" in wide.message
    assert "more than 40 nodes in all" in mapped.message
    assert {error.code for error in many.errors} == {"E317"}
    assert expanding.run(graph({"w": ("sub.wide", {"count": 9})}, o="w"))["o"] == 18


def test_lost_values_are_made_again(tmp_path: Path, probe: Probe) -> None:
    nodes = {"i": ("fake.image", {"side": 128}), "s": ("sub.soften", {"image": "@i"})}
    with open_expanding(tmp_path, probe) as studio:
        expected = studio.run(graph(nodes, o="s"))["o"]
    for blob in (tmp_path / "cache" / "blobs").rglob("*.*"):
        blob.unlink()
    with open_expanding(tmp_path, probe, {"fake.invert": 2}) as studio:
        result = studio.run(graph(nodes, o="s"))

    assert result.status == "done", result.errors
    assert result["o"] == expected


@pytest.mark.parametrize("mode", ["use", "off"])
def test_values_that_no_cache_holds_are_made_again_while_subgraphs_run(tmp_path: Path, probe: Probe, mode: Any) -> None:
    nodes = {
        "i": ("fake.images", {"n": 3}),
        "s": ("sub.soften", {"image": "@i"}),
        "t": ("sub.soften", {"image": "@s"}),
        "m": ("fake.mean", {"image": "@t"}),
    }
    with open_expanding(tmp_path / "kept", probe) as studio:
        expected = studio.run(graph(nodes, m="m"))["m"]

    with open_expanding(tmp_path / "none", probe, memory_bytes=0, on_disk=False) as studio:
        result = studio.run(graph(nodes, m="m"), cache=mode)

    assert result.status == "done", result.errors
    assert result["m"] == expected


def test_plans_that_join_one_run_have_their_own_and_leave_nothing_behind(expanding: Studio) -> None:
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    run = expanding.local_executor.open_run(done.put, control=Control(), options=RunOptions())
    plans = {
        key: (expanding.plan(expanding.load(graph({"c": ("sub.chain", {"a": a})}, o="c"))), key)
        for key, a in (("x", 1), ("y", 5))
    }
    run.add(plans)
    found = {}
    for _ in plans:
        key = done.get(timeout=PATIENCE_SECONDS)
        outcome = run.collect(key)
        found[key] = (run.load(outcome.results["o"]), outcome.calls)
        run.forget(key)

    assert found == {"x": (3, 3), "y": (7, 3)}
    assert run._run.demand.states == {}
    run.close()


def test_a_check_of_the_kit_runs_a_subgraph() -> None:
    @node("sub.darken")
    def darken(ctx: Context, image: Image, rounds: int = 2) -> Subgraph[Image]:
        """Darken an image some times.

        Args:
            image: Image to darken.
            rounds: How often the image is darkened.
        """
        made = Subgraph[Image]()
        last: Any = image
        for _ in range(rounds):
            last = made.add("image.adjust", image=last, gamma=0.8)
        made.output("image", last)
        return made

    report = check_node_type(darken, image=Image(np.full((4, 4, 3), 0.5, np.float32)))

    assert set(report.passed) >= {"call", "repeat", "graph", "runs"}
