"""What holds where parts meet: graphs in graphs, films beside lists, values that leave the cache."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Video
from studio.app import Studio
from studio.graph import parse_graph

INNER = {
    "studio": 1,
    "inputs": {"x": {"type": "int", "default": 1, "maximum": 10}},
    "nodes": {"s": {"type": "logic.number_to_text", "inputs": {"number": {"from": "inputs.x"}}}},
    "outputs": {"x": {"from": "inputs.x"}, "s": {"from": "s"}},
}


@pytest.fixture
def engine() -> Any:
    with Studio(on_disk=False) as studio:
        yield studio


def run(engine: Studio, folder: Path, graph: dict[str, Any], **inputs: Any) -> Any:
    (folder / "inner.json").write_text(json.dumps(INNER))
    return engine.run(parse_graph({"studio": 1, **graph}, base=folder), inputs)


def test_a_graph_in_a_graph_checks_what_an_edge_brings(engine: Studio, tmp_path: Path) -> None:
    graph = {
        "inputs": {"n": {"type": "int", "default": 1}},
        "nodes": {"i": {"type": "graph:inner.json", "inputs": {"x": {"from": "inputs.n"}}}},
        "outputs": {"s": {"from": "i.s"}},
    }

    assert run(engine, tmp_path, graph, n=10)["s"] == "10"
    failed = run(engine, tmp_path, graph, n=11)

    assert failed.status == "failed"
    assert failed.errors[0].code == "E303"
    assert "<= 10" in failed.errors[0].message


def test_when_on_a_graph_also_skips_what_is_handed_through(engine: Studio, tmp_path: Path) -> None:
    graph = {
        "inputs": {"on": {"type": "bool", "default": False}},
        "nodes": {"i": {"type": "graph:inner.json", "when": {"from": "inputs.on"}, "inputs": {"x": 5}}},
        "outputs": {"x": {"from": "i.x"}, "s": {"from": "i.s"}},
    }

    assert run(engine, tmp_path, graph).outputs == {}
    assert run(engine, tmp_path, graph, on=True).outputs == {"x": 5, "s": "5"}


def test_a_list_made_of_a_film_zips_with_its_frames(engine: Studio, tmp_path: Path) -> None:
    film = Video.from_images([Image(np.full((4, 4, 3), level, np.uint8)) for level in (0, 100, 200)], Fraction(3))
    graph = {
        "inputs": {"clip": {"type": "video"}},
        "nodes": {
            "masks": {"type": "image.mask_from_luma", "inputs": {"image": {"from": "inputs.clip"}}},
            "cut": {
                "type": "image.apply_mask",
                "inputs": {"image": {"from": "inputs.clip"}, "mask": {"from": "masks"}},
            },
        },
        "outputs": {"film": {"from": "cut"}},
    }

    result = run(engine, tmp_path, graph, clip=film)

    alphas = [round(float(frame.image.pixels[0, 0, 3]) * 255) for frame in result["film"].frames()]
    assert alphas == [0, 100, 200]


def test_who_changes_a_result_changes_no_later_one(engine: Studio, tmp_path: Path) -> None:
    graph = {
        "nodes": {"n": {"type": "logic.range", "inputs": {"start": 0, "stop": 3}}},
        "outputs": {"o": {"from": "n"}},
    }
    run(engine, tmp_path, graph)["o"].append(99)

    assert run(engine, tmp_path, graph)["o"] == [0, 1, 2]


def test_a_picture_cannot_be_unlocked() -> None:
    picture = Image(np.zeros((2, 2, 3), np.uint8))

    for array in (picture.pixels, picture.stored):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_two_files_of_one_name_are_refused(engine: Studio, tmp_path: Path) -> None:
    new = {"type": "image.new", "inputs": {"width": [4, 5], "height": 4}}
    one = {"type": "image.new", "inputs": {"width": 6, "height": 4}}
    document = {
        "studio": 1,
        "nodes": {"many": new, "one": one},
        "outputs": {"g": {"from": "many"}, "g_000": {"from": "one"}},
    }

    result = engine.run(parse_graph(document, base=tmp_path), output=tmp_path / "out")

    assert result.status == "partly done"
    assert [error.code for error in result.errors] == ["E314"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["g_000.png", "g_001.png"]
