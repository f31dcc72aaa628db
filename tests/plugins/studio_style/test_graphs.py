"""The plugin as a whole: its ready graphs, weights from disk in a run, what listing loads, its README."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import create_environment

import studio_image
import studio_style
from studio.api import StudioError, get_node_type
from studio.app import Studio
from studio.graph import load_graph, parse_graph
from studio.settings import Settings
from tests.plugins.studio_style.images import draw_scene, draw_stripes
from tests.plugins.studio_style.tiny_networks import make_vgg_tensors, save

GRAPHS = Path(__file__).parents[3] / "graphs"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    plugins = [("studio-style", studio_style), ("studio-image", studio_image)]
    with Studio(settings, plugins=plugins, discover=False) as studio:
        yield studio


def write_graph(folder: Path, model: Path) -> Any:
    """Write two images, and parse a graph that repaints one by a network."""
    draw_scene().to_pillow().save(folder / "content.png")
    draw_stripes().to_pillow().save(folder / "style.png")
    inputs = {"content": {"file": "content.png"}, "style": {"file": "style.png"}, "method": "neural", "iterations": 2}
    inputs |= {"model": f"file:{model}"}
    document = {"studio": 1, "nodes": {"paint": {"type": "style.transfer", "inputs": inputs}}}
    return parse_graph(document | {"outputs": {"picture": {"from": "paint"}}}, base=folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values", "made"),
    [
        ("painted_photo", {"size": 96}, {"painting.png", "sheet.png", "looks.png"}),
        ("colorize_photo", {}, {"picture.png", "sheet.png"}),
    ],
)
def test_a_ready_graph_runs(name: str, values: dict[str, Any], made: set[str], studio: Studio, tmp_path: Path) -> None:
    result = studio.run(load_graph(GRAPHS / f"{name}.json"), values, output=tmp_path / "out")

    assert not result.errors
    assert {file.name for file in (tmp_path / "out").glob("*.png")} == made


def test_weights_on_disk_repaint_in_a_run(studio: Studio, tmp_path: Path) -> None:
    graph = write_graph(tmp_path, save(make_vgg_tensors(), tmp_path / "vgg.safetensors"))

    result = studio.run(graph, output=tmp_path / "out")

    assert not result.errors
    assert (tmp_path / "out" / "picture.png").is_file()


def test_weights_that_were_cut_off_are_told_and_nothing_is_written(studio: Studio, tmp_path: Path) -> None:
    whole = save(make_vgg_tensors(), tmp_path / "vgg.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-100])

    with pytest.raises(StudioError) as caught:
        studio.run(write_graph(tmp_path, cut), output=tmp_path / "out")

    assert caught.value.code == "E605"
    assert not list((tmp_path / "out").glob("*.png"))


def test_listing_the_node_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio_style; list(studio_style.studio_node_types()); list(studio_style.studio_model_openers());"
        "print([m for m in ('numpy', 'scipy', 'torch', 'cv2', 'PIL', 'safetensors') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env=create_environment())  # fmt: skip

    assert found.stdout.strip() == "[]"


def test_every_node_type_has_a_row_in_the_readme() -> None:
    readme = (Path(studio_style.__file__).parent / "README.md").read_text(encoding="utf-8")

    for function in studio_style.studio_node_types():
        assert f"| `{get_node_type(function).id}` |" in readme
