"""Images between Studio and networks."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch

from studio.api import Image, Mask, StudioError
from studio_diffusion.pixels import check_latents, find_size, make_images, read_image, read_mask, resize, to_batch


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_image_becomes_one_row_of_three_planes(channels: int) -> None:
    image = Image(np.random.default_rng(0).random((5, 7, channels), dtype=np.float32))

    batch = read_image(image)

    assert batch.shape == (1, 3, 5, 7)
    if channels == 4:
        expected = image.pixels[..., :3] * image.pixels[..., 3:] + (1 - image.pixels[..., 3:])  # over white
    else:
        expected = np.broadcast_to(image.pixels, (5, 7, 3))
    assert batch[0].permute(1, 2, 0).numpy() == pytest.approx(expected, abs=1e-6)


def test_resizing_takes_width_before_height_and_stays_in_range() -> None:
    image = Image(np.random.default_rng(0).integers(0, 2, (6, 4, 3)).astype(np.float32))

    batch = read_image(image, (8, 10))

    assert batch.shape == (1, 3, 10, 8)
    assert float(batch.min()) >= 0
    assert float(batch.max()) <= 1
    assert resize(batch, (8, 10)) is batch


def test_a_mask_becomes_one_plane() -> None:
    mask = Mask(np.array([[0.0, 1.0], [0.5, 0.25]], np.float32))

    assert read_mask(mask)[0, 0].tolist() == [[0, 1], [0.5, 0.25]]
    assert find_size(mask) == (2, 2)


def test_a_batch_becomes_images_and_is_clipped() -> None:
    batch = torch.tensor([-0.5, 0.5, 1.5]).view(1, 3, 1, 1).repeat(2, 1, 1, 1)

    first, second = make_images(batch)

    assert first == second
    assert first.pixels[0, 0].tolist() == [0, 0.5, 1]


def test_nan_and_black_images_are_refused_unless_dark_ones_are_expected() -> None:
    black = torch.zeros(1, 3, 2, 2)

    with pytest.raises(StudioError, match="black all over"):
        make_images(black)
    assert len(make_images(black, dark=True)) == 1
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(StudioError, match="returned NaN") as caught:
            make_images(torch.full((1, 3, 2, 2), wrong), dark=True)
        assert caught.value.code == "E622"
        with pytest.raises(StudioError, match="the denoiser returned NaN"):
            check_latents(torch.tensor([wrong]))


def test_whatever_a_pipeline_returns_becomes_one_batch() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    floats = levels.astype(np.float32) / 255
    pillow = [PIL.Image.fromarray(each) for each in levels]
    video = floats[:, None]  # one frame each

    for images in (floats, list(floats), pillow, video, torch.from_numpy(floats.transpose(0, 3, 1, 2).copy())):
        assert to_batch(images).numpy() == pytest.approx(floats.transpose(0, 3, 1, 2), abs=1e-6)
