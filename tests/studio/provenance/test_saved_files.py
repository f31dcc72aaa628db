"""Files that nodes save: listed, recorded and carrying their graph, as the files of outputs are."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes import create_settings

from studio.app import Studio
from studio.provenance.check import FileState, check_files, read_records
from studio.provenance.output_folder import OutputFolder
from studio.provenance.saved_files import find_saved_names, list_files
from studio.replay import ReplayState, replay_file, run_again

IMAGE = {"type": "image.new", "inputs": {"width": 8, "height": 6, "color": "orange"}}
MARKS = {"sentences": [{"text": "Hello.", "start": 0.0, "end": 1.0}]}


def save(kind: str, source: str, path: str, **more: Any) -> dict[str, Any]:
    name = {"image": "image", "audio": "audio", "video": "video"}[kind]
    return {"type": f"{kind}.save", "inputs": {name: {"from": source}, "path": path, **more}}


NODES: Mapping[str, Any] = {
    "image": IMAGE,
    "tone": {"type": "audio.tone", "inputs": {"seconds": 0.1}},
    "film": {"type": "video.from_frames", "inputs": {"images": [{"from": "image"}, {"from": "image"}]}},
    "png": save("image", "image", "deep/a.png"),
    "jpg": save("image", "image", "a.jpg", quality=70),
    "webp": save("image", "image", "a.webp", quality=70),
    "wav": save("audio", "tone", "a.wav", bits="16"),
    "flac": save("audio", "tone", "a.flac", bits="24"),
    "mp3": save("audio", "tone", "a.mp3", kilobits=64),
    "mkv": save("video", "film", "a.mkv"),
    "frames": save("video", "film", "frames/%03d.png"),
    "srt": {"type": "speech.save_subtitles", "inputs": {"marks": MARKS, "path": "a.srt"}},
}
FILES = {
    "png": ["deep/a.png"],
    "jpg": ["a.jpg"],
    "webp": ["a.webp"],
    "wav": ["a.wav"],
    "flac": ["a.flac"],
    "mp3": ["a.mp3"],
    "mkv": ["a.mkv"],
    "frames": ["frames/000.png", "frames/001.png"],
    "srt": ["a.srt"],
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A Studio with the first-party plugins."""
    with Studio(create_settings(tmp_path_factory.mktemp("studio")), on_disk=False) as opened:
        yield opened


def make_graph(*outputs: str, **more: Any) -> dict[str, Any]:
    return {"studio": 1, "nodes": {**NODES, **more}, "outputs": {name: {"from": name} for name in outputs}}


def find_names(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(".studio"))


def test_a_saved_file_is_the_output_and_no_text_names_it(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(make_graph(*FILES), output=tmp_path)

    assert result.status == "done"
    listed = {(file.output, file.path.relative_to(tmp_path.resolve()).as_posix()) for file in result.files}
    assert listed == {(output, name) for output, names in FILES.items() for name in names}
    assert find_names(tmp_path) == sorted(name for names in FILES.values() for name in names)
    assert all(len(file.digest) == 64 and file.size == file.path.stat().st_size for file in result.files)
    assert result["png"] == "deep/a.png"


def test_the_manifest_records_saved_files_and_verify_finds_them_sound(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(make_graph(*FILES), output=tmp_path)

    rows = result.manifest["outputs"]["frames"]["files"]
    assert [(Path(row["path"]).name, row["saved"]) for row in rows] == [
        ("000.png", "frames/%03d.png"),
        ("001.png", "frames/%03d.png"),
    ]
    states = [row.state for row in check_files(tmp_path, read_records(tmp_path).files)]
    assert states == [FileState.SOUND] * 10


@pytest.mark.parametrize("output", [name for name in FILES if name != "srt"])
def test_a_saved_file_carries_its_graph_and_is_made_again(studio: Studio, tmp_path: Path, output: str) -> None:
    graph = make_graph("png", output) if output != "png" else make_graph("png")
    studio.run(graph, output=tmp_path / "first")
    path = tmp_path / "first" / FILES[output][0]

    record = studio.read_record(path)

    assert record is not None
    assert record.output == output
    assert record.recipe.document["outputs"] == graph["outputs"]
    assert replay_file(studio, path).state in (ReplayState.SAME, ReplayState.CLOSE)
    again = run_again(studio, record, tmp_path / "again", "x.png")
    assert find_names(tmp_path / "again") == FILES[output]
    assert again.files[0].saved == record.saved


def test_a_saved_text_is_made_again_from_the_manifest(studio: Studio, tmp_path: Path) -> None:
    studio.run(make_graph("srt"), output=tmp_path)
    record = read_records(tmp_path).files["a.srt"]

    assert replay_file(studio, tmp_path / "a.srt", record).state == ReplayState.SAME


def test_whole_numbers_are_saved_beside_the_graph(studio: Studio, tmp_path: Path) -> None:
    studio.run(make_graph("wav"), output=tmp_path)

    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getsampwidth(), file.getnchannels()) == (2, 1)


def test_a_file_whose_name_goes_into_another_text_belongs_to_that_output(studio: Studio, tmp_path: Path) -> None:
    note = {"type": "logic.template", "inputs": {"template": "saved as {a}", "a": {"from": "png"}}}

    result = studio.run(make_graph("note", note=note), output=tmp_path)

    assert [(file.output, file.path.name) for file in result.files] == [("note", "note.txt"), ("note", "a.png")]
    assert (tmp_path / "note.txt").read_text() == "saved as deep/a.png"
    assert find_saved_names(studio.plan(studio.load(make_graph("note", note=note)))) == {"deep/a.png": "note"}


def test_a_file_of_an_earlier_run_is_not_taken_for_one_of_this(studio: Studio, tmp_path: Path) -> None:
    studio.run(make_graph("png"), output=tmp_path)
    broken = {"type": "logic.get_json", "inputs": {"value": {}, "pointer": "/a"}}
    more = {"broken": broken, "png": save("image", "tint", "deep/a.png")}
    more["tint"] = {"type": "image.new", "inputs": {"width": 8, "height": 6, "color": {"from": "broken"}}}

    result = studio.run(make_graph("png", **more), output=tmp_path)

    assert result.status == "failed"
    assert result.files == []


def test_numbered_files_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("f9.png", "f10.png", "g1.png"):
        (tmp_path / name).write_text("")

    assert [path.name for path in list_files(tmp_path / "f%d.png")] == ["f9.png", "f10.png"]
    assert list_files(tmp_path / "none.png") == {}


def test_each_entry_of_a_list_of_paths_is_a_file_of_the_output(studio: Studio, tmp_path: Path) -> None:
    both = {"type": "image.save", "inputs": {"image": {"from": "image"}, "path": ["1.png", "2.png"]}}

    result = studio.run(make_graph("both", both=both), output=OutputFolder(tmp_path))

    assert [(file.output, file.path.name) for file in result.files] == [("both", "1.png"), ("both", "2.png")]
    assert json.loads((tmp_path / ".studio" / result.manifest_path.name).read_text())["outputs"]["both"]["files"]  # type: ignore[union-attr]


def test_an_error_of_saving_names_the_file_that_was_asked_for(studio: Studio, tmp_path: Path) -> None:
    wide = {"type": "image.new", "inputs": {"width": 16_384, "height": 1}}

    result = studio.run(make_graph("big", wide=wide, big=save("image", "wide", "big.webp")), output=tmp_path)

    (error,) = result.errors
    assert str(tmp_path.resolve() / "big.webp") in error.message
    assert "-partial" not in str(error)
    assert find_names(tmp_path) == []
