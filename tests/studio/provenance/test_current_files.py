"""Outputs whose files are there, unchanged, are not written again; whatever else lies there is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.app import Studio
from studio.execution.options import CacheMode
from studio.provenance.current_files import WrittenFile, WrittenFiles
from studio.provenance.output_folder import OutputFolder
from studio.run_result import RunResult
from studio.settings import Settings

KEY = "ab" * 32
FILE = WrittenFile("0" * 64, 3, "no alpha")


def make_graph(**inputs: Any) -> dict[str, Any]:
    new = {"width": 8, "height": 6, "color": "teal", **inputs}
    return {"studio": 1, "nodes": {"new": {"type": "image.new", "inputs": new}}, "outputs": {"o": {"from": "new"}}}


class Desk:
    """Runs graphs into one folder, each time with a Studio of its own, as commands do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.out = folder / "out"

    def run(self, document: Mapping[str, Any] | None = None, *, template: str = "", **more: Any) -> RunResult:
        settings = Settings(cache_dir=self.cache, models_dir=self.folder / "models", hub_dir=self.folder / "hub")
        output = OutputFolder(self.out, *([template] if template else []))
        with Studio(settings) as studio:
            result = studio.run(document or make_graph(), output=output, **{"load_outputs": False, **more})
        assert result.status == "done", result.errors
        return result

    @property
    def file(self) -> Path:
        return self.out / "o.png"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def identify(path: Path) -> tuple[int, int]:
    """Return what differs once a file was written again."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def test_a_file_that_nobody_changed_is_not_written_again_and_its_value_not_loaded(desk: Desk) -> None:
    first = desk.run()
    before = identify(desk.file)

    second = desk.run()

    assert identify(desk.file) == before
    assert second.files == first.files
    assert second.manifest["outputs"] == first.manifest["outputs"]
    assert (list(first.outputs), list(second.outputs)) == (["o"], [])


def test_values_are_loaded_for_who_wants_them(desk: Desk) -> None:
    desk.run()
    before = identify(desk.file)

    result = desk.run(load_outputs=True)

    assert result["o"].width == 8
    assert identify(desk.file) == before


def change_content(path: Path) -> None:
    """Change a byte; size and time of change stay."""
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_by_link(path: Path) -> None:
    """Put a link to the same content in its place."""
    path.rename(path.with_name("elsewhere.png"))
    path.symlink_to("elsewhere.png")


def save_again(path: Path) -> None:
    """Save it by another program, which drops what it carries."""
    with Image.open(path) as image:
        image.copy().save(path)


CHANGES: list[Callable[[Path], Any]] = [
    Path.unlink,
    change_content,
    replace_by_link,
    save_again,
    lambda path: os.truncate(path, 10),
    lambda path: path.write_bytes(b""),
    lambda path: os.truncate(path, path.stat().st_size + 1),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_not_as_it_was_written_is_written_again(desk: Desk, change: Callable[[Path], Any]) -> None:
    desk.run()
    whole = desk.file.read_bytes()
    change(desk.file)

    desk.run()

    assert desk.file.read_bytes() == whole
    assert not desk.file.is_symlink()


def test_a_link_in_place_of_the_output_folder_is_followed_as_ever(desk: Desk) -> None:
    desk.run()
    desk.out.rename(desk.folder / "real")
    desk.out.symlink_to("real")
    before = identify(desk.file)

    desk.run()

    assert identify(desk.file) == before


@pytest.mark.parametrize(
    "other",
    [
        make_graph(color="red"),
        {**make_graph(), "title": "the same picture, and another graph that the file carries"},
        {**make_graph(), "inputs": {"unused": {"type": "int", "default": 1}}},
    ],
)
def test_a_file_that_something_else_made_is_written_again(desk: Desk, other: dict[str, Any]) -> None:
    desk.run()
    before = desk.file.read_bytes()

    desk.run(other)
    then = desk.file.read_bytes()
    desk.run()

    assert then != before
    assert desk.file.read_bytes() == before


@pytest.mark.parametrize("mode", [CacheMode.REFRESH, CacheMode.OFF])
def test_a_run_that_shall_use_no_results_writes_its_files(desk: Desk, mode: CacheMode) -> None:
    desk.run()
    before = identify(desk.file)

    desk.run(cache=mode)

    assert identify(desk.file) != before


def test_each_name_and_format_is_a_file_of_its_own(desk: Desk) -> None:
    desk.run()
    desk.run(template="other.jpg")
    shutil.copy(desk.out / "other.jpg", desk.file)

    desk.run()

    with Image.open(desk.file) as image:
        assert image.format == "PNG"


def test_files_of_a_list_are_current_only_together(desk: Desk) -> None:
    graph = make_graph(color="teal")
    graph["nodes"]["many"] = {"type": "logic.repeat", "inputs": {"value": {"from": "new"}, "count": 3}}
    graph["outputs"] = {"o": {"from": "many"}}
    first = desk.run(graph)
    files = [file.path for file in first.files]
    before = list(map(identify, files))

    second = desk.run(graph)
    unchanged = list(map(identify, files))
    whole = files[2].read_bytes()
    files[2].unlink()
    desk.run(graph)

    assert [path.name for path in files] == ["o_000.png", "o_001.png", "o_002.png"]
    assert (second.files, unchanged) == (first.files, before)
    assert files[2].read_bytes() == whole


def test_a_lost_blob_is_not_made_again_while_its_file_is_there(desk: Desk) -> None:
    desk.run()
    with Studio(Settings(cache_dir=desk.cache, models_dir=desk.cache, hub_dir=desk.cache)) as studio:
        assert studio.cache.disk is not None
        studio.cache.disk.prune(0)

    again = desk.run()
    desk.file.unlink()
    made = desk.run()

    assert again.manifest["cache"] == {"hits": 1, "calls": 1}
    assert made.manifest["cache"] == {"hits": 0, "calls": 1}
    assert desk.file.is_file()


def test_a_current_file_is_recorded_and_can_be_checked(desk: Desk) -> None:
    desk.run()
    desk.run()

    manifests = sorted((desk.out / ".studio").glob("*.json"))

    rows = [json.loads(path.read_text(encoding="utf-8"))["outputs"]["o"]["files"] for path in manifests]
    assert len(rows) == 2
    assert rows[0] == rows[1]
    assert rows[0][0]["bytes"] == desk.file.stat().st_size


def test_a_file_of_a_stranger_beside_a_manifest_of_theirs_is_replaced(desk: Desk) -> None:
    desk.run()
    whole = desk.file.read_bytes()
    shutil.rmtree(desk.cache)  # as on a machine that has never run it
    save_again(desk.file)
    for path in (desk.out / ".studio").glob("*.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["outputs"]["o"]["files"][0]["bytes"] = desk.file.stat().st_size
        path.write_text(json.dumps(manifest), encoding="utf-8")

    desk.run()

    assert desk.file.read_bytes() == whole


# -- the notes ------------------------------------------------------------------------------------------


def list_notes(desk: Desk) -> Iterator[Path]:
    yield from (desk.cache / "written").iterdir()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "files": []}', '{"format": 99, "files": {}}', "[" * 10_000],
)
def test_a_damaged_note_means_that_the_file_is_written_again(desk: Desk, text: str) -> None:
    desk.run()
    before = identify(desk.file)
    for path in list_notes(desk):
        path.write_text(text, encoding="utf-8")

    desk.run()
    then = identify(desk.file)
    desk.run()

    assert then != before
    assert identify(desk.file) == then


@pytest.mark.parametrize("row", [1, "x", [], [1], ["0" * 64, "3", ""], ["../x", 3, ""], [["0" * 64, 3]], {"a": 1}])
def test_a_hostile_row_is_no_note(tmp_path: Path, row: Any) -> None:
    written = WrittenFiles(tmp_path)
    (tmp_path / "ab.json").write_text(json.dumps({"format": 1, "files": {KEY: [row]}}), encoding="utf-8")

    assert written.find(KEY) == []

    written.keep(KEY, [FILE])
    assert written.find(KEY) == [FILE]


def test_notes_are_few_and_the_newest_stay(tmp_path: Path) -> None:
    written = WrittenFiles(tmp_path)
    keys = [f"ab{number:062x}" for number in range(70)]

    for key in keys:
        written.keep(key, [FILE])

    assert written.find(keys[0]) == []
    assert written.find(keys[-1]) == [FILE]
    assert len(json.loads((tmp_path / "ab.json").read_bytes())["files"]) == 64


def test_where_notes_cannot_be_kept_files_are_written_each_time(desk: Desk) -> None:
    desk.cache.mkdir()
    (desk.cache / "written").write_text("not a folder", encoding="utf-8")
    desk.run()
    before = identify(desk.file)

    desk.run()

    assert identify(desk.file) != before
