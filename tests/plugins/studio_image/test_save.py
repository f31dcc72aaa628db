"""Images written whole, with a quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from studio.api import ColorSpace, File, Image, MediaError, OutputPath
from studio.testing import TestContext
from studio_image.nodes import sources
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


@pytest.mark.parametrize(("dynamic_range", "transfer"), [("pq", 16), ("hlg", 18)])
def test_high_dynamic_range_goes_through_a_png_bit_by_bit(tmp_path: Path, dynamic_range: Any, transfer: int) -> None:
    samples = np.random.default_rng(3).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    image = Image(samples, color=ColorSpace(dynamic_range, "bt2020"))
    context, path = TestContext(), tmp_path / "a.png"

    sources.save_image(context, image, OutputPath(path, "a.png"), dynamic_range=dynamic_range)
    back = sources.load_image(context, File(path, "0" * 64, 1), dynamic_range="keep")

    assert context.messages == []
    assert back.color == image.color
    np.testing.assert_array_equal(back.stored, samples)
    with av.open(str(path)) as container:
        frame: Any = next(container.decode(video=0))
    assert (frame.format.name, frame.color_primaries, frame.color_trc) == ("rgb48be", 9, transfer)


def test_srgb_is_written_as_pq_with_white_at_203_candela(tmp_path: Path) -> None:
    context = TestContext()

    sources.save_image(
        context, Image(np.full((2, 2, 3), 255, np.uint8)), OutputPath(tmp_path / "a.png", "a.png"), dynamic_range="pq"
    )
    back = sources.load_image(context, File(tmp_path / "a.png", "0" * 64, 1), dynamic_range="keep")

    assert back.pixels == pytest.approx(0.5807, abs=1e-4)  # BT.2408, table 1
    assert context.messages == ["sRGB became PQ bt2020, with reference white at 203 cd/m2"]


def test_high_dynamic_range_is_refused_where_a_file_does_not_hold_it(tmp_path: Path) -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))

    with pytest.raises(MediaError, match=r"\.jpg files do not hold PQ images"):
        sources.save_image(TestContext(), image, OutputPath(tmp_path / "a.jpg", "a.jpg"), dynamic_range="pq")

    assert list(tmp_path.iterdir()) == []
