"""The result of a run: its status follows from what could be made and what could be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from studio.api import Context, Image, Packed, ValueType, hookimpl, node
from studio.app import Studio, read_settings
from studio.errors import Cancelled
from studio.provenance.output_folder import OutputFolder

NEW = {"type": "image.new", "inputs": {"width": 4, "height": 4}}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = read_settings(device="cpu", cache_dir=tmp_path / "cache", models_dir=tmp_path / "models")
    with Studio(settings, on_disk=False) as made:
        yield made


class CancelledWriter:
    """Writes outputs until the run is cancelled, as happens while a video is made as it is written."""

    def prepare(self, *_: Any) -> None:
        pass

    def find_current(self, *_: Any, **__: Any) -> None:
        return None

    def describe_read(self, *_: Any) -> dict[str, Any]:
        return {}

    def write(self, *_: Any, **__: Any) -> Any:
        raise Cancelled


def build(**outputs: str) -> dict[str, Any]:
    """Return a graph with an image, and outputs that are named."""
    broken = {"type": "logic.get_json", "inputs": {"value": {}, "pointer": "/a"}}
    nodes = {"i": NEW, "broken": broken}
    ends = {name: {"from": source} for name, source in outputs.items()}
    return {"studio": 1, "nodes": {name: nodes[name] for name in outputs.values()}, "outputs": ends}


def test_all_outputs_make_it_done(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(build(a="i"), output=tmp_path / "out")

    assert (result.status, result.errors, [file.path.name for file in result.files]) == ("done", [], ["a.png"])
    assert result.manifest["status"] == "done"
    assert result.manifest_path is not None
    assert result["a"].width == 4


def test_a_failed_node_makes_it_partly_done_and_what_was_made_is_written(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(build(a="i", b="broken"), output=tmp_path / "out")

    assert (result.status, [error.code for error in result.errors]) == ("partly done", ["E324"])
    assert [file.output for file in result.files] == ["a"]


@pytest.mark.parametrize(("blocked", "status"), [(("a",), "partly done"), (("a", "b"), "failed")])
def test_outputs_that_cannot_be_written_lower_the_status(
    studio: Studio, tmp_path: Path, blocked: tuple[str, ...], status: str
) -> None:
    for name in blocked:
        (tmp_path / "out" / f"{name}.png").mkdir(parents=True)

    result = studio.run(build(a="i", b="i"), output=tmp_path / "out")

    assert (result.status, result.manifest["status"]) == (status, status)
    assert {error.code for error in result.errors} == {"E312"}
    assert set(result.outputs) == {"a", "b"}


def test_a_video_that_is_cancelled_while_it_is_written_cancels_the_run(studio: Studio, tmp_path: Path) -> None:
    studio.__dict__["output_writer"] = CancelledWriter()

    result = studio.run(build(a="i"), output=tmp_path / "out")

    assert (result.status, result.manifest["status"], result.files) == ("cancelled", "cancelled", [])


def test_a_manifest_that_cannot_be_written_makes_it_partly_done(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".studio").write_text("a file", encoding="utf-8")

    result = studio.run(build(a="i"), output=tmp_path / "out")

    assert (result.status, result.manifest_path) == ("partly done", None)
    assert [error.code for error in result.errors] == ["E312"]


def test_no_manifest_is_written_through_a_link_out_of_the_folder(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / ".studio").symlink_to(tmp_path / "elsewhere")

    result = studio.run(build(a="i"), output=tmp_path / "out")

    assert (result.status, result.manifest_path) == ("partly done", None)
    assert [error.code for error in result.errors] == ["E313"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_file_does_not_keep_is_a_warning(studio: Studio, tmp_path: Path) -> None:
    nodes = {
        "i": {"type": "image.new", "inputs": {"width": 5, "height": 5}},
        "v": {"type": "video.from_frames", "inputs": {"images": [{"from": "i"}], "fps": 10}},
    }
    graph = {"studio": 1, "nodes": nodes, "outputs": {"v": {"from": "v"}}}

    result = studio.run(graph, output=OutputFolder(tmp_path / "out", "{output}.mp4"))

    assert [warning for warning in result.warnings if warning.startswith("v.mp4: ")]


def test_what_nodes_warn_of_is_a_warning_of_the_run(studio: Studio) -> None:
    nodes = {
        "quiet": {"type": "audio.silence", "inputs": {"seconds": 1.0}},
        "loud": {"type": "audio.normalize", "inputs": {"audio": {"from": "quiet"}}},
    }

    result = studio.run({"studio": 1, "nodes": nodes, "outputs": {"level": {"from": "loud.loudness"}}})

    assert result.warnings == ["node 'loud': the audio is silent, so it has no loudness to normalize"]
    assert result.manifest["warnings"] == []


def test_a_run_without_a_folder_writes_nothing(studio: Studio) -> None:
    result = studio.run(build(a="i"))

    assert (result.files, result.manifest_path, result.manifest["folder"]) == ([], None, "")
    assert isinstance(result["a"], Image)


def test_the_manifest_appears_after_the_files_that_it_records_are_on_the_disk(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    def check_order(source: Path, target: Path) -> None:
        if target.parent.name == ".studio":
            assert tmp_path / "out" in synced
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", check_order)

    result = studio.run(build(a="i"), output=tmp_path / "out")

    assert result.manifest_path is not None
    assert tmp_path / "out" / ".studio" in synced


@dataclass(frozen=True)
class Shape:
    """A value of a plugin's type."""

    studio_type: ClassVar[str] = "shape"
    corners: int


class FailingType(ValueType[Shape]):
    """A value type one of whose functions raises."""

    name, python, extensions = "shape", Shape, ("obj",)

    def __init__(self, failing: str, error: BaseException) -> None:
        self._failing = failing
        self._error = error

    def _may_fail(self, name: str) -> None:
        if name == self._failing:
            raise self._error

    def pack(self, value: Shape) -> Packed:
        return Packed({"corners": value.corners})

    def unpack(self, packed: Packed) -> Shape:
        return Shape(packed.header["corners"])

    def byte_size(self, value: Shape) -> int:
        self._may_fail("byte_size")
        return 8

    def find_loss(self, value: Shape, path: Path) -> str:
        self._may_fail("find_loss")
        return ""

    def write_file(self, value: Shape, path: Path, provenance: str | None) -> None:
        path.write_text("half", encoding="utf-8")
        self._may_fail("write_file")


@node("shapes.new", version="1.0", code=1)
def new_shape(ctx: Context) -> Shape:
    """Return a shape."""
    return Shape(3)


class ShapePlugin:
    """A plugin with a value type of its own."""

    def __init__(self, value_type: FailingType) -> None:
        self._value_type = value_type

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        return [new_shape]

    @hookimpl
    def studio_value_types(self) -> list[ValueType[Any]]:
        return [self._value_type]


class UnreadableError(Exception):
    """An exception without a text."""

    def __str__(self) -> str:
        raise TypeError("no text")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(7), UnreadableError()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("callback", ["write_file", "find_loss", "byte_size"])
def test_a_value_type_that_fails_costs_its_own_output_only(tmp_path: Path, callback: str, error: BaseException) -> None:
    settings = read_settings(device="cpu", cache_dir=tmp_path / "cache", models_dir=tmp_path / "models")
    plugin = ShapePlugin(FailingType(callback, error))
    graph = {
        "studio": 1,
        "nodes": {"s": {"type": "shapes.new"}, "i": NEW},
        "outputs": {"a": {"from": "s"}, "b": {"from": "i"}},
    }

    with Studio(settings, plugins=[("shapes", plugin)], on_disk=False) as studio:
        result = studio.run(graph, output=tmp_path / "out")
        alone = studio.run(graph, only="a", output=tmp_path / "alone")

    assert (result.status, [file.path.name for file in result.files]) == ("partly done", ["b.png"])
    assert [failure.code for failure in result.errors] == ["E315"]
    assert f"{callback} of value type 'shape' ({__name__})" in str(result.errors[0])
    assert result.manifest_path is not None
    assert (alone.status, alone.files) == ("failed", [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"b.png", ".studio"}
