"""Node types that take linear and log images as they are: neither clipped nor converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ColorSpace, File, Image, ImageType, MediaLimits, OutputPath
from studio.testing import TestContext
from studio_image.nodes import geometry, sources, tone
from tests.studio.api.exrs import make_exr, make_ramp

CTX = TestContext()
LINEAR = ColorSpace("linear", "acescg")
RAMP = np.linspace(-3, 12, 8 * 6 * 3, dtype=np.float32).reshape(6, 8, 3)
IMAGE = Image(RAMP, color=LINEAR)

SHAPING: list[tuple[Any, dict[str, Any]]] = [
    (geometry.resize_image, {"width": 16}),
    (geometry.resize_image, {"width": 16, "method": "nearest"}),
    (geometry.resize_image, {"width": 16, "height": 16, "fit": "pad", "background": "red"}),
    (geometry.resize_image, {"width": 16, "linear_light": True}),
    (geometry.crop_image, {"width": 8}),
    (geometry.rotate_image, {"angle": 90}),
    (geometry.rotate_image, {"angle": 10, "background": "black"}),
    (geometry.flip_image, {}),
    (tone.convert_image, {"channels": "rgba"}),
    (tone.convert_image, {"depth": "float32"}),
    (tone.convert_image, {"depth": "float16"}),
    (tone.convert_image, {"channels": "grey"}),
]


@pytest.mark.parametrize("color", [LINEAR, ColorSpace("log")])
@pytest.mark.parametrize(("node_type", "inputs"), SHAPING)
def test_light_stays_unbounded_in_its_color_space(node_type: Any, inputs: dict[str, Any], color: ColorSpace) -> None:
    made = node_type(CTX, Image(RAMP, color=color), **inputs)

    assert made.color == color
    assert made.pixels.min() < -2
    assert made.pixels.max() > 11


def test_a_flat_image_stays_flat_when_it_is_resized_and_turned() -> None:
    flat = Image(np.full((9, 9, 3), 5.0, np.float32), color=LINEAR)

    np.testing.assert_allclose(geometry.resize_image(CTX, flat, width=4).pixels, 5.0, rtol=1e-6)
    middle = geometry.rotate_image(CTX, flat, angle=30.0, expand=False).pixels[3:6, 3:6]
    np.testing.assert_allclose(middle[:, :, :3], 5.0, rtol=1e-5)


def test_light_that_glows_without_covering_is_resized_too() -> None:
    samples = np.zeros((8, 8, 4), np.float32)
    samples[:, :, 0] = 4.0

    made = geometry.resize_image(CTX, Image(samples, color=LINEAR), width=4)

    np.testing.assert_allclose(made.pixels[1:3, 1:3], np.broadcast_to([4, 0, 0, 0], (2, 2, 4)), atol=1e-5)


def test_a_background_is_placed_in_the_color_space() -> None:
    made = geometry.resize_image(CTX, IMAGE, width=8, height=8, fit="pad", background="#808080")

    np.testing.assert_allclose(made.pixels[0, 0], [0.2158605] * 3, rtol=1e-5)


def test_grey_of_linear_light_is_its_luminance() -> None:
    red = Image(np.array([[[1.0, 0.0, 0.0]]], np.float32), color=ColorSpace("linear"))

    assert tone.convert_image(CTX, red, channels="grey").pixels.item() == pytest.approx(0.2126, abs=1e-6)


def test_channels_are_split_and_merged_again() -> None:
    parts = tone.split_channels(CTX, IMAGE)

    assert tone.merge_channels(CTX, parts.red, parts.green, parts.blue) == IMAGE


def test_whole_numbers_are_srgb_and_what_is_clipped_is_said() -> None:
    context = TestContext()

    made = tone.convert_image(context, IMAGE, depth="uint16")

    assert made.color == ColorSpace()
    assert made.stored.dtype == np.uint16
    assert "clipped to [0, 1]" in context.messages[0]


def test_facts_name_the_color_space() -> None:
    facts = sources.describe_image(CTX, IMAGE)

    assert facts.bits == 32
    assert facts.facts["color"] == "linear acescg"  # type: ignore[index, call-overload]


def test_half_floats_with_alpha_are_written_as_half(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    image = Image(np.dstack([rng.normal(1, 9, (5, 7, 3)), rng.uniform(0, 1, (5, 7))]).astype("f4"), color=LINEAR)
    path = tmp_path / "a.exr"

    made = tone.convert_image(CTX, image, depth="float16")
    sources.save_image(CTX, made, OutputPath(path, "a.exr"))

    assert ImageType().read_file(path, MediaLimits()) == made
    assert path.stat().st_size < 1700  # 280 bytes of samples, which do not pack, and a header


def test_a_layer_is_loaded_and_the_others_are_named(tmp_path: Path) -> None:
    context = TestContext()
    (tmp_path / "a.exr").write_bytes(make_exr({"Y": make_ramp(), "Z": make_ramp(start=5)}))

    plain = sources.load_image(context, File(tmp_path / "a.exr", "0" * 64, 1))
    depth = sources.load_image(CTX, File(tmp_path / "a.exr", "0" * 64, 1), layer="Z")

    assert plain.pixels.min() == -2
    assert depth.pixels.min() == 5
    assert "left out: 'Z'" in context.messages[0]
