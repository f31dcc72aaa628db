"""ComfyUI's nodes for images, masks and numbers become nodes of the same meaning: their results are compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.graph import parse_graph
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.weights_folders import WeightsFolders


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(on_disk=False) as studio:
        yield studio


@pytest.fixture
def pixels(tmp_path: Path) -> np.ndarray:
    """An image of 12 x 8 pixels with alpha, in the folder of the document."""
    made = np.random.default_rng(3).integers(0, 256, (8, 12, 4), dtype=np.uint8)
    PillowImage.fromarray(made, "RGBA").save(tmp_path / "a.png")
    return made / np.float32(255)


def run(studio: Studio, folder: Path, **nodes: tuple[str, dict[str, Any]]) -> Any:
    """Import a document and run it; return the value of its output."""
    data = {"a": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}
    data |= {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}
    data["save"] = {"class_type": "SaveImage", "inputs": {"images": ["end", 0], "filename_prefix": "made"}}
    rules, folders = find_import_rules(studio.settings), WeightsFolders(folder)
    graph, _ = import_document(read_prompt(data), rules, studio.registry, folders, media=folder, title="test")
    assert graph is not None
    result = studio.run(parse_graph(graph, base=folder), cache="off")
    assert result.status == "done", result.errors
    return result.outputs["made"].pixels


def to_float(made: Any) -> np.ndarray:
    return np.asarray(made, np.float32) / (255 if made.dtype == np.uint8 else 1)


def test_an_image_is_inverted(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    made = run(studio, tmp_path, end=("ImageInvert", {"image": ["a", 0]}))

    np.testing.assert_allclose(to_float(made)[..., :3], 1 - pixels[..., :3], atol=0.005)


def test_the_mask_of_an_image_is_one_minus_its_alpha(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    made = run(studio, tmp_path, end=("MaskToImage", {"mask": ["a", 1]}))

    np.testing.assert_allclose(to_float(made)[..., 0], 1 - pixels[..., 3], atol=0.005)


def test_a_size_of_zero_follows_from_the_other(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    inputs = {"image": ["a", 0], "upscale_method": "nearest-exact", "width": 6, "height": 0, "crop": "disabled"}

    assert run(studio, tmp_path, end=("ImageScale", inputs)).shape[:2] == (4, 6)


def test_an_image_is_scaled_to_a_number_of_pixels(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    inputs = {"image": ["a", 0], "upscale_method": "lanczos", "megapixels": 0.01}

    height, width = run(studio, tmp_path, end=("ImageScaleToTotalPixels", inputs)).shape[:2]

    assert (width, height) == (125, 84)  # sqrt(0.01 * 1024 * 1024 * 12 / 8), and by 8 / 12


def test_a_rectangle_is_cut_out(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    inputs = {"image": ["a", 0], "x": 2, "y": 1, "width": 5, "height": 3}

    made = run(studio, tmp_path, end=("ImageCrop", inputs))

    np.testing.assert_allclose(to_float(made)[..., :3], pixels[1:4, 2:7, :3], atol=0.005)


def test_alpha_is_joined_and_split(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    split = ("SplitImageWithAlpha", {"image": ["a", 0]})
    joined = ("JoinImageWithAlpha", {"image": ["split", 0], "alpha": ["split", 1]})

    made = run(studio, tmp_path, split=split, end=joined)

    np.testing.assert_allclose(to_float(made), pixels, atol=0.005)


def test_numbers_are_worked_out_before_the_run(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    number = ("PrimitiveInt", {"value": 3})
    math = ("ComfyMathExpression", {"expression": "max(a, 2) * 2 + 1", "values.a": ["number", 0]})
    empty = ("EmptyImage", {"width": ["math", 1], "height": 4, "batch_size": 1, "color": 0xFF8000})

    made = run(studio, tmp_path, number=number, math=math, end=empty)

    assert made.shape[:2] == (4, 7)
    np.testing.assert_allclose(to_float(made)[0, 0], [1, 128 / 255, 0], atol=0.005)
