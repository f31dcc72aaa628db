"""Pillow images and torch tensors as sources of images: modes, dtypes, transparency, and damaged files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from studio.api.image import Image
from studio.api.image_source import is_pillow, is_torch
from studio.errors import MediaError


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I;16B", "F"])
def test_every_pillow_mode_becomes_an_image(mode: str) -> None:
    image = Image(PIL.Image.new(mode, (3, 2)))

    assert (image.width, image.height) == (3, 2)
    assert image.channels == {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "F": 1, "LA": 4, "RGBA": 4}.get(mode, 3)


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_the_transparent_color_of_a_pillow_image_becomes_alpha(mode: str) -> None:
    source = PIL.Image.new(mode, (2, 1), (0, 0, 0) if mode == "RGB" else 0)
    source.putpixel((1, 0), (9, 9, 9) if mode == "RGB" else 1)
    source.info["transparency"] = (0, 0, 0) if mode == "RGB" else 0

    image = Image(source)

    assert image.stored[0, :, 3].tolist() == [0, 255]


def test_a_damaged_pillow_image_is_a_media_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    PIL.Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:-600])

    with PIL.Image.open(path) as source, pytest.raises(MediaError) as caught:
        _ = Image(source).width

    assert caught.value.code == "E501"


def test_a_torch_tensor_is_channels_first() -> None:
    tensor = torch.rand(1, 3, 4, 5, requires_grad=True)

    image = Image(tensor)

    assert (image.height, image.width, image.channels) == (4, 5, 3)
    np.testing.assert_array_equal(image.pixels[:, :, 1], tensor[0, 1].detach().numpy())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.float16, torch.bfloat16])
def test_torch_dtypes_keep_white_white(dtype: torch.dtype) -> None:
    top = {torch.uint8: 255, torch.uint16: 65535}.get(dtype, 1)

    assert Image(torch.full((3, 2, 2), top, dtype=dtype)).pixels.min() == 1.0


def test_sources_are_told_apart_by_their_class() -> None:
    sources = [PIL.Image.new("L", (1, 1)), torch.zeros(1), np.zeros(1), "image.png"]

    assert [is_pillow(source) for source in sources] == [True, False, False, False]
    assert [is_torch(source) for source in sources] == [False, True, False, False]


def test_whole_numbers_of_32_bits_are_clipped_to_sixteen() -> None:
    source = PIL.Image.fromarray(np.array([[-5, 7, 70_000]], np.int32))

    assert source.mode == "I"
    assert Image(source).stored[0, :, 0].tolist() == [0, 7, 65535]
