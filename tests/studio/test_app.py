"""`Studio` from Python: running, returning, writing, observing, and what a caller may get wrong."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from studio.api import Context, Image, hookimpl, node
from studio.api.events import NodeCached, NodeFinished, RunFinished, RunStarted
from studio.app import InputFile, Studio, run
from studio.errors import GraphError, RunError, UsageError
from studio.execution.control import Control
from studio.graph import parse_graph
from studio.provenance.output_folder import OutputFolder
from studio.settings import load_settings


@node("count.add")
def add(ctx: Context, a: int, b: int = 1) -> int:
    """Add.

    Args:
        a: A number.
        b: Another.
    """
    return a + b


@node("count.wait")
def wait(ctx: Context, a: int) -> int:
    """Wait until the run is cancelled.

    Args:
        a: What would be returned.
    """
    for done in range(10**9):
        ctx.step(done, 10**9)
    return a


class Plugin:
    @hookimpl
    def studio_node_types(self) -> list[Any]:
        return [add, wait]


SUM: dict[str, Any] = {
    "studio": 1,
    "inputs": {"a": {"type": "int", "default": 1, "minimum": 0}},
    "nodes": {"x": {"type": "count.add", "inputs": {"a": {"from": "inputs.a"}}},
              "y": {"type": "count.add", "inputs": {"a": {"from": "x"}, "b": 10}}},
    "outputs": {"sum": {"from": "y"}, "first": {"from": "x"}},
}  # fmt: skip
SAME: dict[str, Any] = {
    "studio": 1,
    "inputs": {"a": {"type": "int", "default": 1}},
    "outputs": {"a": {"from": "inputs.a"}},
}
INVERT: dict[str, Any] = {
    "studio": 1,
    "inputs": {"image": {"type": "image"}},
    "nodes": {"i": {"type": "image.invert", "inputs": {"image": {"from": "inputs.image"}}}},
    "outputs": {"out": {"from": "i"}},
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=[("count", Plugin())]) as studio:
        yield studio


def test_a_run_returns_the_outputs(studio: Studio) -> None:
    result = studio.run(SUM, {"a": 4})

    assert (result.status, result.outputs, result["sum"]) == ("done", {"sum": 15, "first": 5}, 15)
    assert result.files == []
    assert result.manifest_path is None


def test_a_run_with_a_folder_writes_outputs_and_manifest(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(SUM, output=tmp_path / "out", only=["sum"])

    assert [file.path for file in result.files] == [tmp_path / "out/sum.json"]
    assert result.manifest_path is not None
    assert json.loads(result.manifest_path.read_text(encoding="utf-8")) == result.manifest
    assert list(result.outputs) == ["sum"]


def test_the_function_run_takes_inputs_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STUDIO_CONFIG", "")
    picture = Image(np.zeros((2, 3, 3), np.float32))

    assert np.array_equal(run(INVERT, image=picture)["out"].pixels, np.ones((2, 3, 3), np.float32))


def test_a_graph_may_be_a_file_a_mapping_or_parsed(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(json.dumps(SUM), encoding="utf-8")

    sources = [SUM, tmp_path / "g.json", str(tmp_path / "g.json"), studio.load(SUM)]

    assert [studio.run(source)["sum"] for source in sources] == [12] * 4


def test_a_run_is_cached_in_memory_even_without_a_disk(tmp_path: Path) -> None:
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=[("count", Plugin())], discover=False, on_disk=False) as studio:
        studio.run(SUM)
        assert studio.run(SUM).manifest["cache"] == {"hits": 2, "calls": 2}
        assert studio.run(SUM, cache="refresh").manifest["cache"] == {"hits": 0, "calls": 2}
        assert studio.run(SUM, cache="off").manifest["cache"] == {"hits": 0, "calls": 2}
    assert not (tmp_path / "cache").exists()


def test_a_picture_given_as_an_object_and_as_a_file_is_the_same_input(studio: Studio, tmp_path: Path) -> None:
    Picture.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "p.png")
    red = np.zeros((4, 4, 3), np.float32)
    red[..., 0] = 1

    given = studio.run(INVERT, {"image": Image(red)})
    read = studio.run(INVERT, {"image": InputFile(tmp_path / "p.png")})

    assert read.manifest["nodes"]["i"]["cached"] == 1
    assert np.array_equal(given["out"].pixels, read["out"].pixels)


def test_numbered_pictures_are_taken_by_a_pattern_and_carried_by_name(studio: Studio, tmp_path: Path) -> None:
    for number in (10, 9):
        Picture.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"p{number}.png")
    document = {
        "studio": 1,
        "inputs": {"images": {"type": "list[image]", "default": {"files": "p%d.png"}}},
        "nodes": {"i": {"type": "image.invert", "inputs": {"image": {"from": "inputs.images"}}}},
        "outputs": {"out": {"from": "i"}},
    }
    graph = parse_graph(document, base=tmp_path)

    by_default = studio.run(graph)
    named = studio.run(graph, {"images": [InputFile(tmp_path / "p9.png"), {"file": "p10.png"}]})
    by_pattern = studio.run(graph, {"images": {"files": "p*.png"}}, output=tmp_path / "out")

    assert [image.to_uint8()[0, 0, 0] for image in by_default["out"]] == [246, 245]
    assert named["out"] == by_default["out"] == by_pattern["out"]
    carried = studio.read_record(tmp_path / "out" / "out_000.png")
    Picture.new("RGB", (4, 4)).save(tmp_path / "p11.png")
    assert carried is not None
    assert studio.run(carried.recipe.graph, carried.recipe.inputs)["out"] == by_default["out"]
    with pytest.raises(GraphError, match="no file fits 'x"):
        studio.run(graph, {"images": {"files": "x*.png"}})


def test_a_picture_that_is_given_as_text_is_recorded_as_a_file(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Picture.new("RGB", (4, 4), "red").save("p.png")

    result = studio.run(INVERT, {"image": "p.png"}, output="out")

    assert result.manifest["inputs"] == {"image": {"file": "p.png"}}
    assert studio.run(result.files[0].path)["out"] == result["out"]
    assert studio.run(INVERT, {"image": Path("p.png")})["out"] == result["out"]


def test_events_come_in_order(studio: Studio) -> None:
    seen: list[Any] = []

    studio.run(SUM, on_event=seen.append)
    studio.run(SUM, on_event=seen.append)

    assert isinstance(seen[0], RunStarted)
    assert [event.node for event in seen if isinstance(event, NodeFinished)] == ["x", "y"]
    assert [event.node for event in seen if isinstance(event, NodeCached)] == ["x", "y"]
    assert isinstance(seen[-1], RunFinished)


def test_all_mistakes_in_the_inputs_are_found_at_once(studio: Studio) -> None:
    with pytest.raises(GraphError) as error:
        studio.run(SUM, {"a": -1, "b": 2, "c": None}, only=["nothing"])

    assert [finding.code for finding in error.value.findings] == ["E117", "E110", "E110", "E133"]


def test_a_missing_input_and_a_missing_file_are_found(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"E132 .*input .image. has no value"):
        studio.run(INVERT)
    with pytest.raises(GraphError, match="no file"):
        studio.run(INVERT, {"image": InputFile(tmp_path / "nowhere.png")})


def test_a_name_template_for_two_outputs_must_tell_them_apart(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gives all outputs one name: sum, first"):
        studio.run(SUM, output=OutputFolder(tmp_path / "out", "x.json"))
    assert not (tmp_path / "out").exists()


def test_an_unknown_executor_is_a_usage_error(studio: Studio) -> None:
    with (
        Studio(studio.settings, executor="abacus", discover=False) as other,
        pytest.raises(UsageError, match="unknown executor 'abacus'"),
    ):
        other.run(SAME)


def test_a_run_can_be_cancelled_from_another_thread(studio: Studio) -> None:
    control = Control()
    graph = {"studio": 1, "nodes": {"w": {"type": "count.wait", "inputs": {"a": 1}}}, "outputs": {"w": {"from": "w"}}}
    threading.Timer(0.1, control.cancel).start()

    result = studio.run(graph, control=control)

    assert result.status == "cancelled"
    assert result.outputs == {}


def test_a_manifest_that_cannot_be_written_is_an_error_of_the_run(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.studio").write_text("mine", encoding="utf-8")

    result = studio.run(SUM, output=tmp_path / "out")

    assert result.status == "partly done"
    assert [error.code for error in result.errors] == ["E312"]
    assert (tmp_path / "out/sum.json").read_text(encoding="utf-8") == "12\n"


def test_an_output_folder_that_cannot_be_made_is_found_before_the_run(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")

    with pytest.raises(RunError, match="is a file"):
        studio.run(SUM, output=tmp_path / "out")
    assert studio.run(SUM).manifest["cache"]["hits"] == 0


def test_a_media_object_is_described_in_what_a_file_carries_and_must_be_given_again(
    studio: Studio, tmp_path: Path
) -> None:
    studio.run(INVERT, {"image": Image(np.zeros((2, 2, 3), np.float32))}, output=tmp_path / "out")

    with pytest.raises(GraphError, match=r"E114 /inputs/image"):
        studio.run(tmp_path / "out/out.png")
    again = {"image": Image(np.zeros((2, 2, 3), np.float32))}
    assert studio.run(tmp_path / "out/out.png", again).manifest["cache"] == {"hits": 1, "calls": 1}


def test_the_limit_for_graphs_holds_for_files_and_for_what_media_carry(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(json.dumps(SUM), encoding="utf-8")
    picture = {**INVERT, "inputs": {}, "nodes": {"i": {"type": "image.new", "inputs": {"width": 4, "height": 4}}}}
    studio.run(picture, output=tmp_path)
    settings = dataclasses.replace(studio.settings, max_graph_bytes=100)

    with Studio(settings) as small:
        for name in ("g.json", "out.png"):
            with pytest.raises(GraphError) as error:
                small.load(tmp_path / name)
            assert error.value.code == "E106"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    new = {"type": "image.new", "inputs": {"width": [4, 5], "height": 4}}
    one = {"type": "image.new", "inputs": {"width": 6, "height": 4}}
    document = {
        "studio": 1,
        "nodes": {"many": new, "one": one},
        "outputs": {"g": {"from": "many"}, "g_000": {"from": "one"}},
    }

    with Studio(on_disk=False) as studio:
        result = studio.run(parse_graph(document, base=tmp_path), output=tmp_path / "out")

    assert result.status == "partly done"
    assert [error.code for error in result.errors] == ["E314"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["g_000.png", "g_001.png"]


class Recording:
    """An executor of a plugin, which passes plans on to the one of this process."""

    def __init__(self, local: Any) -> None:
        self.local, self.runs, self.closed = local, list[str](), False

    def execute(self, plan: Any, on_event: Any = None, **more: Any) -> Any:
        self.runs.append(more["run_id"])
        return self.local.execute(plan, on_event, **more)

    def close(self) -> None:
        self.closed = True


class ExecutorPlugin(Plugin):
    @hookimpl
    def studio_executors(self) -> dict[str, Any]:
        return {"recording": Recording}


def test_the_executor_of_a_plugin_runs_graphs_and_is_closed_with_the_local_one(studio: Studio) -> None:
    with Studio(studio.settings, executor="recording", plugins=[("count", ExecutorPlugin())], discover=False,
                on_disk=False) as other:  # fmt: skip
        result = other.run(SUM)
        assert other.explain(other.load(SUM))[0].standing == "hit"
        executor: Any = other.executor

    assert executor.runs == [result.manifest["run"]]
    assert executor.closed


def test_a_graph_is_resolved_once_a_run(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = []
    resolve = Studio.resolve

    def count(self: Studio, *args: Any, **more: Any) -> Any:
        resolved.append(args)
        return resolve(self, *args, **more)

    monkeypatch.setattr(Studio, "resolve", count)

    studio.run(SUM, output=tmp_path / "out")

    assert len(resolved) == 1


def test_a_closed_studio_runs_nothing(tmp_path: Path, studio: Studio) -> None:
    other = Studio(studio.settings, plugins=[("count", Plugin())], discover=False, on_disk=False)
    other.close()

    with pytest.raises(UsageError, match="E008"):
        other.run(SUM)
    with pytest.raises(UsageError, match="E008"):
        other.plan(other.load(SUM))
