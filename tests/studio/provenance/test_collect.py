"""What made a file is collected whole: graphs in the graph, every file that is read, every value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import blake3
import numpy as np
import pytest
from PIL import Image as Picture

from studio.api import Image
from studio.app import InputFile, Studio
from studio.errors import RunError
from studio.graph import parse_graph
from studio.provenance.collect import collect_parts, collect_provenance, find_readable_files
from studio.version import VERSION

INVERT = {"type": "image.invert", "inputs": {"image": {"from": "inputs.photo"}}}
PHOTO = {"photo": {"type": "image", "default": {"file": "default.png"}}}


def write_image(path: Path, level: int) -> str:
    """Write an image and return the digest of its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new("RGB", (4, 3), (level, level, level)).save(path)
    return blake3.blake3(path.read_bytes()).hexdigest()


def write_graph(path: Path, **parts: Any) -> dict[str, Any]:
    """Write a graph file and return its document."""
    document = {"studio": 1, "outputs": {}, **parts}
    path.write_text(json.dumps(document), encoding="utf-8")
    return document


@pytest.fixture
def nested(tmp_path: Path) -> dict[str, Any]:
    """The document of a graph with a graph in a graph, each of which reads a file of its own."""
    deep = {"type": "image.invert", "inputs": {"image": {"file": "deep.png"}}}
    part = {"type": "graph:./deep.json", "inputs": {}}
    write_graph(tmp_path / "deep.json", nodes={"i": deep}, outputs={"o": {"from": "i"}})
    write_graph(tmp_path / "part.json", nodes={"d": part}, outputs={"o": {"from": "d.o"}})
    nodes = {
        "p": {"type": "graph:./part.json", "inputs": {}},
        "g": {
            "type": "image.grid",
            "inputs": {"images": [{"file": "one.png"}, {"file": "two.png"}, {"from": "p.o"}, {"from": "inputs.photo"}]},
        },
    }
    return {"studio": 1, "inputs": PHOTO, "nodes": nodes, "outputs": {"o": {"from": "g"}}}


def test_graphs_files_and_node_types_are_collected_at_every_depth(
    studio: Studio, tmp_path: Path, nested: dict[str, Any]
) -> None:
    digests = {name: write_image(tmp_path / name, level) for level, name in enumerate(
        ["one.png", "two.png", "deep.png", "default.png"])}  # fmt: skip

    parts = studio.collect_parts(studio.resolve(parse_graph(nested, base=tmp_path)))

    assert set(parts.graphs) == {"./part.json", "./deep.json"}
    assert parts.graphs["./deep.json"].graph.json == json.loads((tmp_path / "deep.json").read_text(encoding="utf-8"))
    assert parts.files == digests
    assert [node_type.id for node_type in parts.node_types] == ["image.grid", "image.invert"]


def test_a_carried_graph_and_the_graphs_in_it_state_the_versions_of_their_nodes(
    studio: Studio, tmp_path: Path, nested: dict[str, Any]
) -> None:
    for name in ("one.png", "two.png", "deep.png", "default.png"):
        write_image(tmp_path / name, 5)

    resolved = studio.resolve(parse_graph(nested, base=tmp_path))
    carried = collect_provenance(resolved, {}, tmp_path, studio.local_executor.services.reader.find_file)

    deep = carried["graphs"]["./deep.json"]["nodes"]["i"]
    assert deep == {"type": "image.invert", "version": "1.0", "inputs": {"image": {"file": "deep.png"}}}
    assert carried["graph"]["nodes"]["g"]["version"] == studio.registry.node_types["image.grid"].version
    assert "version" not in carried["graph"]["nodes"]["p"]


def test_the_digest_of_a_file_that_is_gone_is_taken_from_what_the_graph_brings(studio: Studio, tmp_path: Path) -> None:
    document = {"studio": 1, "inputs": PHOTO, "nodes": {"i": INVERT}, "outputs": {"o": {"from": "i"}}}
    resolved = studio.resolve(parse_graph(document, base=tmp_path, file_digests={"default.png": "ab" * 32}))

    def find_nothing(*_: object) -> Any:
        raise AssertionError("the file is looked for")

    assert collect_parts(resolved, find_nothing).files == {"default.png": "ab" * 32}


def collect(studio: Studio, base: Path, values: dict[str, Any], folder: Path, **more: Any) -> dict[str, Any]:
    """Return what the files of a run of one node carry."""
    document = {"studio": 1, "inputs": PHOTO, "nodes": {"i": INVERT}, "outputs": {"o": {"from": "i"}}}
    resolved = studio.resolve(parse_graph(document, base=base, **more))
    reader = studio.local_executor.services.reader
    return collect_provenance(resolved, values, folder, reader.find_file)


def test_a_file_says_which_graph_and_values_made_it_and_where_its_paths_start(studio: Studio, tmp_path: Path) -> None:
    write_image(tmp_path / "default.png", 1)
    given = write_image(tmp_path / "elsewhere" / "mine.png", 2)

    carried = collect(
        studio, tmp_path, {"photo": InputFile(tmp_path / "elsewhere" / "mine.png")}, tmp_path / "out" / "x"
    )

    assert carried["studio"] == 2
    assert carried["version"] == VERSION
    assert carried["inputs"] == {"photo": {"file": "elsewhere/mine.png"}}
    assert carried["files"]["elsewhere/mine.png"] == given
    assert carried["base"] == "../.."
    assert json.loads(json.dumps(carried)) == carried


def test_an_image_that_was_given_as_an_object_is_only_described(studio: Studio, tmp_path: Path) -> None:
    write_image(tmp_path / "default.png", 1)
    carried = collect(studio, tmp_path, {"photo": Image(np.zeros((2, 3, 3), np.uint8))}, tmp_path)

    assert carried["inputs"] == {"photo": {"described": "Image(3x2x3 uint8)"}}
    assert set(carried["files"]) == {"default.png"}


def test_a_file_that_changed_since_the_graph_was_carried_is_an_error(studio: Studio, tmp_path: Path) -> None:
    write_image(tmp_path / "other.png", 1)
    digests = {"default.png": "ab" * 32, "other.png": "cd" * 32}

    with pytest.raises(RunError, match="E311") as caught:
        collect(studio, tmp_path, {"photo": {"file": "other.png"}}, tmp_path, file_digests=digests)

    assert "has changed" in caught.value.message


def test_a_file_that_is_gone_leaves_the_others_in_the_list(
    studio: Studio, tmp_path: Path, nested: dict[str, Any]
) -> None:
    for name in ("one.png", "two.png", "deep.png", "default.png", "given.png"):
        write_image(tmp_path / name, 5)
    resolved = studio.resolve(parse_graph(nested, base=tmp_path))
    for name in ("one.png", "default.png"):
        (tmp_path / name).unlink()

    values = {"photo": {"file": "given.png"}}
    found = find_readable_files(resolved, values, studio.local_executor.services.reader.find_file)

    assert {file.path.name for file in found} == {"two.png", "deep.png", "given.png"}
