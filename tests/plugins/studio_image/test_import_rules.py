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


@pytest.mark.usefixtures("pixels")
def test_a_calculation_gives_a_whole_number_towards_zero_and_a_bool(studio: Studio, tmp_path: Path) -> None:
    size = ("GetImageSize", {"image": ["a", 0]})
    whole = ("ComfyMathExpression", {"expression": "a * 0.3", "values.a": ["size", 0]})
    wide = ("ComfyMathExpression", {"expression": "a > 11", "values.a": ["size", 0]})
    red = ("EmptyImage", {"width": ["whole", 1], "height": 4, "batch_size": 1, "color": 0xFF0000})
    end = ("ComfySwitchNode", {"switch": ["wide", 2], "on_true": ["red", 0], "on_false": ["a", 0]})

    made = run(studio, tmp_path, size=size, whole=whole, wide=wide, red=red, end=end)

    assert made.shape[:2] == (4, 3)  # 12 * 0.3 is 3.6


def sharpen_as_published(image: np.ndarray, amount: float) -> np.ndarray:
    """Contrast adaptive sharpening by its formula, with zeros around the image."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    made = np.empty_like(image)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            part = padded[y : y + 3, x : x + 3]
            cross = np.stack([part[0, 1], part[1, 0], part[1, 1], part[1, 2], part[2, 1]])
            corners = np.stack([part[0, 0], part[0, 2], part[2, 0], part[2, 2]])
            high, low = cross.max(0) + corners.max(0), cross.min(0) + corners.min(0)
            weight = -np.sqrt(np.minimum(low, 2 - high) / (high + 1e-5)) * (amount * (1 / 5 - 1 / 8) + 1 / 8)
            made[y, x] = (weight * (cross.sum(0) - part[1, 1]) + part[1, 1]) / (1 + 4 * weight)
    return made.clip(0, 1)


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("ImageFlip+", {"axis": "xy"}, lambda image: image[::-1, ::-1]),
        ("ImageFlip+", {"axis": "y"}, lambda image: image[::-1]),
        ("ImagePosterize+", {"threshold": 0.5}, lambda image: np.repeat(image.mean(2, keepdims=True) > 0.5, 3, 2)),
        ("ImageCASharpening+", {"amount": 0.8}, lambda image: sharpen_as_published(image, 0.8)),
        (
            "ImageDesaturate+",
            {"factor": 0.5, "method": "luminance (Rec.709)"},
            lambda image: image / 2 + (image @ [0.2126, 0.7152, 0.0722])[..., None] / 2,
        ),
        (
            "ImageDesaturate+",
            {"factor": 0.25, "method": "luminance (Rec.601)"},
            lambda image: image * 0.75 + (image @ [0.299, 0.587, 0.114])[..., None] / 4,
        ),
        (
            "ImageCrop+",
            {"width": 4, "height": 2, "position": "right-center", "x_offset": 0, "y_offset": 0},
            lambda image: image[3:5, 8:12],
        ),
    ],
)
def test_nodes_of_essentials_give_the_numbers_of_their_source(
    studio: Studio, tmp_path: Path, pixels: np.ndarray, kind: str, inputs: dict[str, Any], expected: Any
) -> None:
    opaque = ("SplitImageWithAlpha", {"image": ["a", 0]})
    made = to_float(run(studio, tmp_path, opaque=opaque, end=(kind, {"image": ["opaque", 0], **inputs})))

    wanted = np.asarray(expected(pixels[..., :3].astype(np.float64)), np.float32)
    np.testing.assert_allclose(np.broadcast_to(made[..., :3], wanted.shape), wanted, atol=0.01)


@pytest.mark.parametrize(
    ("inputs", "size"),
    [
        ({"width": 6, "height": 6, "method": "keep proportion", "condition": "always"}, (4, 6)),
        ({"width": 6, "height": 6, "method": "pad", "condition": "always"}, (6, 6)),
        ({"width": 6, "height": 6, "method": "fill / crop", "condition": "always"}, (6, 6)),
        ({"width": 24, "height": 0, "method": "stretch", "condition": "always"}, (8, 24)),
        ({"width": 24, "height": 24, "method": "keep proportion", "condition": "downscale if bigger"}, (8, 12)),
        ({"width": 9, "height": 7, "method": "stretch", "condition": "always", "multiple_of": 4}, (4, 8)),
    ],
)
def test_an_image_is_resized_as_essentials_resize(
    studio: Studio, tmp_path: Path, pixels: np.ndarray, inputs: dict[str, Any], size: tuple[int, int]
) -> None:
    end = ("ImageResize+", {"image": ["a", 0], "interpolation": "lanczos", "multiple_of": 0, **inputs})

    assert run(studio, tmp_path, end=end).shape[:2] == size


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("always", False),
        ("downscale if bigger", True),
        ("upscale if smaller", True),
        ("if bigger area", False),
        ("if smaller area", False),
    ],
)
def test_a_stretch_by_sides_is_told_as_one_by_area(
    studio: Studio, tmp_path: Path, pixels: np.ndarray, condition: str, told: bool
) -> None:
    inputs = {"image": ["a", 0], "width": 6, "height": 9, "interpolation": "lanczos", "method": "stretch",
              "condition": condition, "multiple_of": 0}  # fmt: skip
    data = {"a": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
            "end": {"class_type": "ImageResize+", "inputs": inputs},
            "save": {"class_type": "SaveImage", "inputs": {"images": ["end", 0], "filename_prefix": "x"}}}  # fmt: skip
    rules, folders = find_import_rules(studio.settings), WeightsFolders(tmp_path)

    _, report = import_document(read_prompt(data), rules, studio.registry, folders, media=tmp_path, title="test")

    assert ("depends on its area" in str(report)) == told


def test_a_mask_is_mirrored_and_blurred(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    from scipy import ndimage

    flipped = ("MaskFlip+", {"mask": ["a", 1], "axis": "x"})
    soft = ("MaskBlur+", {"mask": ["flipped", 0], "amount": 5, "device": "auto"})

    made = run(studio, tmp_path, flipped=flipped, soft=soft, end=("MaskToImage", {"mask": ["soft", 0]}))

    mask = 1 - pixels[:, ::-1, 3]
    wanted = ndimage.gaussian_filter(mask, 1.1, mode="mirror", truncate=2 / 1.1)  # 5 x 5, as torchvision pads
    assert np.abs(to_float(made)[2:-2, 2:-2, 0] - wanted[2:-2, 2:-2]).max() < 0.06


def test_sums_and_constants_of_packages_are_worked_out(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    size = ("ImageResize+", {"image": ["a", 0], "width": 6, "height": 0, "interpolation": "lanczos",
                             "method": "keep proportion", "condition": "always", "multiple_of": 0})  # fmt: skip
    number = ("INTConstant", {"value": 3})
    area = ("SimpleMath+", {"value": "a * b / 2 + c", "a": ["size", 1], "b": ["size", 2], "c": ["number", 0]})
    side = ("MathExpression|pysssss", {"expression": "c + 2.6", "c": ["number", 0]})
    empty = ("EmptyImage", {"width": ["area", 0], "height": ["side", 0], "batch_size": 1, "color": 0})

    made = run(studio, tmp_path, size=size, number=number, area=area, side=side, end=empty)

    assert made.shape[:2] == (5, 15)  # 3 + 2.6 is cut to 5; 6 x 4 / 2 + 3 is 15


@pytest.mark.parametrize(("direction", "first"), [("right", np.s_[:, :12]), ("up", np.s_[-8:, :])])
def test_an_image_is_put_beside_another(
    studio: Studio, tmp_path: Path, pixels: np.ndarray, direction: str, first: Any
) -> None:
    opaque = ("SplitImageWithAlpha", {"image": ["a", 0]})
    green = ("EmptyImage", {"width": 24, "height": 16, "batch_size": 1, "color": 0x00FF00})
    end = ("ImageConcanate", {"image1": ["opaque", 0], "image2": ["green", 0], "direction": direction,
                              "match_image_size": True})  # fmt: skip

    made = to_float(run(studio, tmp_path, opaque=opaque, green=green, end=end))[..., :3]

    assert made.shape[:2] == ((8, 24) if direction == "right" else (16, 12))
    np.testing.assert_allclose(made[first], pixels[..., :3], atol=0.005)


def test_a_mask_grows_and_is_inverted(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    mask = ("SolidMask", {"value": 0.0, "width": 12, "height": 8})
    grown = ("GrowMaskWithBlur", {"mask": ["mask", 0], "expand": 0, "blur_radius": 0.0, "flip_input": True})

    made = run(studio, tmp_path, mask=mask, grown=grown, end=("MaskToImage", {"mask": ["grown", 1]}))

    np.testing.assert_allclose(to_float(made)[..., 0], 0, atol=0.005)


def test_many_lists_of_images_become_one(studio: Studio, tmp_path: Path, pixels: np.ndarray) -> None:
    pair = ("RepeatImageBatch", {"image": ["a", 0], "amount": 2})
    parts = {f"images.image{at}": ["pair" if at == 2 else "a", 0] for at in range(5)}
    end = ("ImageFromBatch", {"image": ["all", 0], "batch_index": 5, "length": 1})

    made = run(studio, tmp_path, pair=pair, all=("BatchImagesNode", parts), end=end)

    np.testing.assert_allclose(to_float(made), pixels, atol=0.005)
