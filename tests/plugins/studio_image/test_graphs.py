"""The ready graphs that change and arrange pictures run as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import studio_image
import studio_logic
import studio_video
import studio_vision
from studio.app import Studio
from studio.graph import load_graph
from studio.settings import Settings

GRAPHS = Path(__file__).parents[3] / "graphs"
PLUGINS = [
    ("studio-image", studio_image),
    ("studio-logic", studio_logic),
    ("studio-video", studio_video),
    ("studio-vision", studio_vision),
]


@pytest.mark.parametrize(
    ("name", "inputs", "file"),
    [
        pytest.param("product_cutout", {}, "card.png", marks=pytest.mark.slow),
        ("watermark", {}, "picture.png"),
        pytest.param("film_look", {}, "picture.png", marks=pytest.mark.slow),
        ("before_after_wipe", {"frames": 4}, "film.mp4"),
    ],
)
def test_a_ready_graph_runs(name: str, inputs: dict[str, int], file: str, tmp_path: Path) -> None:
    graph = load_graph(GRAPHS / f"{name}.json")
    with Studio(Settings(device="cpu", cache_dir=tmp_path / "cache"), plugins=PLUGINS, discover=False) as studio:
        result = studio.run(graph, inputs, output=tmp_path / "out")

    assert not result.errors
    assert len(json.loads((GRAPHS / f"{name}.json").read_text())["nodes"]) <= 8
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix in (".png", ".mp4")] == [file]
