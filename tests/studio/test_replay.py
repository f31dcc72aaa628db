"""What counts as made again: equal, close where a stack may have been at work, or different."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import studio as package
from studio.api import Audio, Context, Image, ImageType, MediaLimits, Migration, Video, hookimpl, node
from studio.app import Studio, read_settings
from studio.batch.ledger import Ledger
from studio.batch.records import read_ledger
from studio.errors import GraphError, UsageError
from studio.provenance.check import read_records
from studio.provenance.output_folder import OutputFolder
from studio.provenance.record import FileRecord, Recipe
from studio.replay import (
    ReplayState,
    check_recipe,
    choose_sample,
    compare_files,
    load_recipe,
    replay_file,
    run_again,
)

GREY = np.full((100, 100, 3), 0.5, np.float32)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio(read_settings(device="cpu", cache_dir=tmp_path / "cache"), on_disk=False) as studio:
        yield studio


def compare(studio: Studio, folder: Path, change: np.ndarray, tolerance: float) -> str:
    kind = studio.registry.value_types["image"]
    paths = [folder / "old.png", folder / "new.png"]
    for path, pixels in zip(paths, (GREY, GREY + change), strict=True):
        kind.write_file(Image(pixels.astype(np.float32)), path, None)
    return compare_files(studio, *paths, tolerance).state


@pytest.mark.parametrize(
    ("rows", "by", "tolerance", "standing"),
    [
        (100, 0.0, 0.0, "same"),
        (100, 0.02, 0.0, "differs"),
        (100, 0.02, 0.03, "close"),
        (1, 0.1, 0.03, "close"),
        (100, 0.1, 0.03, "differs"),
        (1, 0.4, 0.03, "differs"),
    ],
)
def test_a_few_samples_may_be_farther_off_than_the_picture_as_a_whole(
    studio: Studio, tmp_path: Path, rows: int, by: float, tolerance: float, standing: str
) -> None:
    change = np.zeros_like(GREY)
    change[:rows] = by

    assert compare(studio, tmp_path, change, tolerance) == standing


# -- making a file again -------------------------------------------------------------------------------------

NOISE: dict[str, Any] = {
    "studio": 1,
    "inputs": {"seed": {"type": "int", "default": 1}},
    "nodes": {
        "n": {"type": "image.noise", "inputs": {"width": 8, "height": 8, "seed": {"from": "inputs.seed"}}},
        "t": {"type": "logic.template", "inputs": {"template": "{n}", "values": {"n": 3}}},
    },
    "outputs": {"image": {"from": "n"}, "text": {"from": "t"}},
}


@pytest.fixture
def made(studio: Studio, tmp_path: Path) -> Path:
    """A folder with an image and a text of one run."""
    assert studio.run(NOISE, {"seed": 7}, output=tmp_path / "out").status == "done"
    return tmp_path / "out"


def test_an_image_is_made_again_from_what_it_carries(studio: Studio, made: Path) -> None:
    assert replay_file(studio, made / "image.png").state is ReplayState.SAME
    assert load_recipe(studio, made / "image.png").recipe.inputs == {"seed": 7}


def test_a_text_is_made_again_from_what_is_recorded_of_it(studio: Studio, made: Path) -> None:
    records = read_records(made).files

    assert replay_file(studio, made / "text.txt", records["text.txt"]).state is ReplayState.SAME
    with pytest.raises(UsageError, match="E755"):
        load_recipe(studio, made / "text.txt")
    with pytest.raises(UsageError, match="E755"):
        load_recipe(studio, made / "text.txt", FileRecord("text", made / "text.txt"))


def test_the_record_helps_where_an_image_lost_what_it_carried(studio: Studio, made: Path) -> None:
    records = read_records(made).files
    ImageType().write_file(studio.registry.value_types["image"].read_file(made / "image.png", MediaLimits()),
                           made / "stripped.png", None)  # fmt: skip

    with pytest.raises(GraphError, match="E134"):
        load_recipe(studio, made / "stripped.png")
    assert replay_file(studio, made / "stripped.png", records["image.png"]).state is ReplayState.SAME


def test_other_pixels_under_the_same_graph_are_told(studio: Studio, made: Path) -> None:
    first = studio.registry.value_types["image"]
    text = first.read_provenance(made / "image.png")
    first.write_file(Image(np.zeros((8, 8, 3), np.float32)), made / "forged.png", text)

    replay = replay_file(studio, made / "forged.png")

    assert (replay.state, replay.good) == (ReplayState.DIFFERS, False)
    assert replay.to_json()["standing"] == "differs"


def test_a_file_that_cannot_be_made_again_has_failed_and_says_why(studio: Studio, made: Path) -> None:
    broken = NOISE | {"nodes": {**NOISE["nodes"], "n": {"type": "image.nois", "inputs": {}}}}
    record = FileRecord("text", made / "text.txt", recipe=Recipe(broken, {}, made))

    replay = replay_file(studio, made / "text.txt", record)

    assert replay.state is ReplayState.FAILED
    assert "image.nois" in replay.detail
    assert check_recipe(studio, made / "text.txt", record)
    assert check_recipe(studio, made / "image.png") == ""


def test_a_file_is_made_again_with_another_value(studio: Studio, made: Path, tmp_path: Path) -> None:
    record = load_recipe(studio, made / "image.png")

    result = run_again(studio, record, tmp_path / "again", "image.png", values={"seed": 8})

    assert [file.output for file in result.files] == ["image"]
    assert (tmp_path / "again" / "image.png").read_bytes() != (made / "image.png").read_bytes()


def test_a_sample_depends_on_its_seed_alone() -> None:
    names = [f"n{number}" for number in range(20)]

    assert choose_sample(names, 5, 1) == choose_sample(names[::-1], 5, 1)
    assert choose_sample(names, 5, 1) != choose_sample(names, 5, 2)
    assert sorted(choose_sample(names, 99, 1)) == sorted(names)


# -- videos --------------------------------------------------------------------------------------------------


def make_video(levels: list[float], audio: Audio | None = None, rate: int = 10) -> Video:
    """Return a video with a frame of each level."""
    images = [Image(np.full((16, 16, 3), level, np.float32)) for level in levels]
    return Video.from_images(images, Fraction(rate), audio)


def compare_videos(studio: Studio, folder: Path, one: Video, two: Video) -> ReplayState:
    """Compare two videos that are stored without loss."""
    kind = studio.registry.value_types["video"]
    paths = [folder / "one.mkv", folder / "two.mkv"]
    for path, video in zip(paths, (one, two), strict=True):
        kind.write_file(video, path, path.name)
    return compare_files(studio, *paths, 0.0).state


TONE, OTHER_TONE = (Audio(np.full((800, 1), level, np.float32), 8000) for level in (0.25, 0.5))


@pytest.mark.parametrize(
    ("one", "two", "state"),
    [
        (make_video([0.2, 0.4]), make_video([0.2, 0.4]), ReplayState.SAME),
        (make_video([0.2, 0.4]), make_video([0.2, 0.9]), ReplayState.DIFFERS),
        (make_video([0.2, 0.4]), make_video([0.2]), ReplayState.DIFFERS),
        (make_video([0.2, 0.4]), make_video([0.2, 0.4], rate=20), ReplayState.DIFFERS),
        (make_video([0.2, 0.4], TONE), make_video([0.2, 0.4], TONE), ReplayState.SAME),
        (make_video([0.2, 0.4], TONE), make_video([0.2, 0.4], OTHER_TONE), ReplayState.DIFFERS),
        (make_video([0.2, 0.4], TONE), make_video([0.2, 0.4]), ReplayState.DIFFERS),
    ],
    ids=["equal", "a frame", "a frame less", "times", "equal audio", "audio", "no audio"],
)
def test_videos_are_compared_by_frames_times_and_audio(
    studio: Studio, tmp_path: Path, one: Video, two: Video, state: ReplayState
) -> None:
    assert compare_videos(studio, tmp_path, one, two) is state


def write_graph(path: Path, nodes: dict[str, Any]) -> dict[str, Any]:
    """Write a graph whose output is its node "o"."""
    document = {"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "o"}}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return document


def flip(level: int, folder: Path) -> dict[str, Any]:
    """Return the node of a graph that reads `photo.png` of its own folder, which is written too."""
    folder.mkdir(parents=True, exist_ok=True)
    ImageType().write_file(Image(np.full((4, 4, 3), level, np.uint8)), folder / "photo.png", None)
    return {"o": {"type": "image.invert", "inputs": {"image": {"file": "photo.png"}}}}


def test_graphs_and_files_of_one_name_in_several_folders_are_not_mixed_up(studio: Studio, tmp_path: Path) -> None:
    graphs = tmp_path / "graphs"
    write_graph(graphs / "part.json", flip(10, graphs))
    write_graph(graphs / "parts" / "part.json", flip(200, graphs / "parts"))
    write_graph(graphs / "parts" / "all.json", {"o": {"type": "graph:./part.json"}})
    both = [{"from": "one"}, {"from": "two"}]
    nodes = {
        "one": {"type": "graph:part.json"},
        "two": {"type": "graph:parts/all.json"},
        "o": {"type": "image.grid", "inputs": {"images": both}},
    }
    write_graph(graphs / "graph.json", nodes)
    (made,) = studio.run(graphs / "graph.json", output=OutputFolder(tmp_path / "out")).files

    assert replay_file(studio, made.path).state is ReplayState.SAME

    (graphs / "parts" / "part.json").unlink()
    assert replay_file(studio, made.path).state is ReplayState.SAME


def test_a_file_reaches_no_graph_that_it_does_not_carry(studio: Studio, tmp_path: Path) -> None:
    write_graph(tmp_path / "private" / "graph.json", flip(10, tmp_path / "private"))
    document = {"studio": 1, "nodes": {"o": {"type": "graph:private/graph.json"}}, "outputs": {"o": {"from": "o"}}}
    for number in (1, 2):
        forged = {"studio": number, "graph": document, "graphs": {}, "inputs": {}, "files": {}, "base": "../../.."}
        path = tmp_path / "a" / "b" / "c" / f"forged{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        ImageType().write_file(Image(np.zeros((4, 4, 3), np.uint8)), path, json.dumps(forged))

        with pytest.raises(GraphError) as caught:
            run_again(studio, load_recipe(studio, path), tmp_path / "out", "x.png")

        assert [(finding.code, finding.where) for finding in caught.value.findings] == [("E134", "/nodes/o/type")]
        assert not (tmp_path / "out").exists()


@node("shade.make", version="1.0")
def make_shade(ctx: Context, *, n: float = 0.25) -> Image:
    """Make an image of one shade."""
    return Image(np.full((4, 5, 3), n, np.float32))


class Filled(NamedTuple):
    """Attributes:
    level: The shade.
    picture: The image.
    """

    level: float
    picture: Image


@node(
    "shade.fill",
    version="2.0",
    migrations={1: Migration(inputs={"n": "level"}, outputs={"image": "picture"}, first_output="image")},
    replaces="shade.make",
)
def fill_shade(ctx: Context, *, level: float = 0.5) -> Filled:
    """Fill an image with one shade."""
    return Filled(level, Image(np.full((4, 5, 3), level, np.float32)))


def open_with(function: Any) -> Studio:
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [function]))
    return Studio(read_settings(device="cpu"), plugins=[("shade", plugin)], discover=False, on_disk=False)


@pytest.mark.parametrize("edge", ["a", "a.image"])
@pytest.mark.parametrize("in_part", [False, True])
def test_a_picture_made_under_an_old_version_runs_under_the_new_one(tmp_path: Path, edge: str, in_part: bool) -> None:
    shade = {"type": "shade.make", "inputs": {"n": 0.75}}
    graph: dict[str, Any] = {"studio": 1, "nodes": {"a": shade}, "outputs": {"o": {"from": edge}}}
    if in_part:
        (tmp_path / "part.json").write_text(json.dumps(graph))
        graph = {"studio": 1, "nodes": {"p": {"type": "graph:part.json"}}, "outputs": {"o": {"from": "p.o"}}}
    (tmp_path / "whole.json").write_text(json.dumps(graph))
    with open_with(make_shade) as old:
        file = old.run(tmp_path / "whole.json", output=tmp_path / "out").files[0].path
    (tmp_path / "part.json").unlink(missing_ok=True)

    with open_with(fill_shade) as new:
        made = new.run(file)

    assert made.errors == []
    assert made["o"].pixels == pytest.approx(0.75, abs=0.005)


def test_a_manifest_states_the_version_of_each_node(studio: Studio, tmp_path: Path) -> None:
    graph = {"studio": 1, "nodes": {"a": {"type": "image.new"}}, "outputs": {"o": {"from": "a"}}}

    manifest = studio.run(graph).manifest

    assert manifest["graph"]["document"]["nodes"] == {"a": {"type": "image.new", "version": "1.0"}}


READ = {"size": {"type": "image.info", "inputs": {"image": {"file": "secret.png"}}}}


def read_size(studio: Studio, private: Path, out: Path) -> FileRecord:
    """Run a graph that reads a file and writes its facts as text; return the record in the manifest."""
    private.mkdir()
    write = ImageType().write_file
    write(Image(np.zeros((4, 4, 3), np.uint8)), private / "secret.png", None)
    graph = {"studio": 1, "nodes": READ, "outputs": {"text": {"from": "size.width"}}}
    (private / "graph.json").write_text(json.dumps(graph), encoding="utf-8")
    assert studio.run(private / "graph.json", output=out).status == "done"
    return read_records(out).files["text.json"]


def test_a_file_that_a_manifest_records_is_made_again_from_the_files_that_it_was_made_from(
    studio: Studio, tmp_path: Path
) -> None:
    record = read_size(studio, tmp_path / "private", tmp_path / "out")

    assert replay_file(studio, record.path, record).state is ReplayState.SAME


@pytest.mark.parametrize("forged", [{"files": {"secret.png": "0" * 64}}, {"files": {}, "graphs": {}}, None])
def test_a_manifest_from_elsewhere_reaches_no_file_whose_content_it_does_not_know(
    studio: Studio, tmp_path: Path, forged: dict[str, Any] | None
) -> None:
    read_size(studio, tmp_path / "private", tmp_path / "out")
    (path,) = (tmp_path / "out" / ".studio").glob("*.json")
    manifest = json.loads(path.read_bytes())
    del manifest["read"]
    path.write_text(json.dumps(manifest | ({"read": forged} if forged is not None else {})), encoding="utf-8")
    record = read_records(tmp_path / "out").files["text.json"]

    made = replay_file(studio, record.path, record)

    assert made.state is ReplayState.FAILED
    assert "E311" in made.detail


BATCH: dict[str, Any] = {
    "studio": 1,
    "inputs": {"photo": {"type": "image"}},
    "nodes": {
        "given": {"type": "image.info", "inputs": {"image": {"from": "inputs.photo"}}},
        "part": {"type": "graph:part.json"},
    },
    "outputs": {"text": {"from": "given.width"}, "other": {"from": "part.width"}},
}


def run_batch(studio: Studio, private: Path, out: Path) -> None:
    """Run a batch whose item, and a graph in whose graph, read a file; its outputs are text."""
    private.mkdir()
    for name in ("secret.png", "given.png"):
        ImageType().write_file(Image(np.zeros((4, 4, 3), np.uint8)), private / name, None)
    (private / "graph.json").write_text(json.dumps(BATCH), encoding="utf-8")
    part = {"studio": 1, "nodes": READ, "outputs": {"width": {"from": "size.width"}}}
    (private / "part.json").write_text(json.dumps(part), encoding="utf-8")
    rows = [{"name": "one", "photo": str(private / "given.png")}]
    (item,) = package.batch(private / "graph.json", rows, out, workers=0, studio=studio)
    assert item.state == "done", item.error


def read_batch(out: Path) -> dict[str, FileRecord]:
    return read_records(out, [read_ledger]).files


def test_a_file_of_a_batch_is_made_again_from_the_files_that_it_was_made_from(studio: Studio, tmp_path: Path) -> None:
    run_batch(studio, tmp_path / "private", tmp_path / "out")
    (tmp_path / "private/part.json").unlink()  # the ledger holds it

    made = [replay_file(studio, record.path, record) for record in read_batch(tmp_path / "out").values()]

    assert [(one.state, one.detail) for one in made] == [(ReplayState.SAME, "")] * 2


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE items SET read = NULL",
        """UPDATE items SET read = replace(read, substr(read, -66, 64), '0')""",
        "UPDATE batch SET value = '{}' WHERE key = 'read'",
        "DELETE FROM batch WHERE key = 'read'",
    ],
)
def test_a_ledger_from_elsewhere_reaches_no_file_whose_content_it_does_not_know(
    studio: Studio, tmp_path: Path, forged: str
) -> None:
    run_batch(studio, tmp_path / "private", tmp_path / "out")
    with Ledger(tmp_path / "out") as ledger, ledger.file.transaction() as connection:
        spec = json.loads(connection.execute("SELECT value FROM batch WHERE key = 'spec'").fetchone()[0])
        row = json.dumps({**spec, "roots": ["/"]})
        connection.execute("UPDATE batch SET value = ? WHERE key = 'spec'", (row,))
        connection.execute(forged)

    made = [replay_file(studio, record.path, record) for record in read_batch(tmp_path / "out").values()]

    assert {one.state for one in made} == {ReplayState.FAILED}
    assert all("E311" in one.detail or "E134" in one.detail for one in made), made


def test_a_ledger_from_elsewhere_finds_no_graph_by_its_base(studio: Studio, tmp_path: Path) -> None:
    run_batch(studio, tmp_path / "private", tmp_path / "out")
    with Ledger(tmp_path / "out") as ledger, ledger.file.transaction() as connection:
        connection.execute("UPDATE batch SET value = '{}' WHERE key = 'read'")
    record = read_batch(tmp_path / "out")["one_other.json"]

    with pytest.raises(GraphError) as caught:
        run_again(studio, record, tmp_path / "again", "x.json")

    assert [finding.code for finding in caught.value.findings] == ["E134"]
