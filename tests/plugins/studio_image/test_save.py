"""Images written whole, with a quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from studio.api import Image, OutputPath
from studio_image.save import save


@pytest.mark.parametrize("quality", [90, None])
def test_transparency_is_laid_over_white_in_a_jpeg(tmp_path: Path, quality: int | None) -> None:
    samples = np.zeros((32, 32, 4), np.float32)  # black; transparent on the left, half there on the right
    samples[:, 16:, 3] = 0.5

    save(Image(samples), OutputPath(tmp_path / "a.jpg", "a.jpg"), quality)

    with PIL.Image.open(tmp_path / "a.jpg") as written:
        levels = np.asarray(written.convert("RGB")).astype(int)
    assert np.abs(levels[:, :8] - 255).max() <= 3
    assert np.abs(levels[:, 24:] - 128).max() <= 3


def test_a_webp_keeps_its_alpha_exactly_at_any_quality(tmp_path: Path) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    samples = np.dstack([np.full((16, 16, 3), 90, np.uint8), alpha])

    save(Image(samples), OutputPath(tmp_path / "a.webp", "a.webp"), 30)

    with PIL.Image.open(tmp_path / "a.webp") as written:
        assert np.array_equal(np.asarray(written)[:, :, 3], alpha)


def test_a_quality_does_not_matter_to_a_lossless_format(tmp_path: Path) -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8))

    save(image, OutputPath(tmp_path / "a.png", "a.png"), 1)

    with PIL.Image.open(tmp_path / "a.png") as written:
        assert np.array_equal(np.asarray(written), image.stored)


def test_colors_of_a_jpeg_are_not_subsampled(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)

    save(Image(stripes), OutputPath(tmp_path / "a.jpg", "a.jpg"), 95)

    with PIL.Image.open(tmp_path / "a.jpg") as written:
        assert np.abs(np.asarray(written).astype(int) - stripes).mean() < 12  # subsampled it is over 60
