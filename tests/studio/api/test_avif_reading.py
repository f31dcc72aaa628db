"""AVIF images of more than 8 bits keep them, with the colors that FFmpeg and libavif show."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from studio.api.avif_reading import decode_deep, find_points
from studio.api.color import SRGB, ColorSpace
from studio.api.formats import avif
from studio.api.thread_policy import keep_policy
from tests.studio.api.images import IMAGES, LIMITS

WIDTH, HEIGHT = 128, 64


def write_deep(path: Path, transfer: int, primaries: int, levels: Any, count: int = 1) -> None:
    """Write grey columns of these levels of 10 bits, full range."""
    os.environ.setdefault("SVT_LOG", "1")
    planes = np.full((HEIGHT * 3 // 2, WIDTH), 512, np.uint16)
    planes[:HEIGHT] = np.repeat(levels, WIDTH // len(levels))
    with av.open(str(path), "w", format="avif") as target:
        stream: Any = target.add_stream("libsvtav1", rate=1, options={"crf": "1", "preset": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        context, encode = stream.codec_context, keep_policy(stream.encode)
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = transfer, primaries, 9, 2
        for index in range(count):
            frame: Any = av.VideoFrame.from_ndarray(planes, "yuv420p10le")
            frame.pts, frame.color_trc, frame.color_primaries, frame.colorspace = index, transfer, primaries, 9
            frame.color_range = 2
            target.mux(encode(frame))
        target.mux(encode(None))


def load(path: Path, *, keep: bool = False) -> tuple[Any, list[str]]:
    image, said = IMAGES.read_layer(path, LIMITS, dynamic_range="keep" if keep else "sdr")
    return image, list(said)


LEVELS = np.array([0, 100, 300, 594, 700, 800, 900, 1023])


@pytest.mark.parametrize("count", [1, 3])
def test_ten_bits_are_kept(tmp_path: Path, count: int) -> None:
    levels = np.arange(128) * 3 + 2  # few of which are one of 8 bits
    write_deep(tmp_path / "a.avif", 13, 1, levels, count)

    image, said = load(tmp_path / "a.avif")

    assert image.color == SRGB
    assert np.abs(image.pixels[32, :, 1] - levels / 1023).max() < 0.1 / 1023
    assert [each[:30] for each in said] == (["the file is an animation of wh"] if count > 1 else [])


@pytest.mark.parametrize(("transfer", "encoding"), [(16, "pq"), (18, "hlg")])
def test_high_dynamic_range_becomes_srgb_or_is_kept(tmp_path: Path, transfer: int, encoding: Any) -> None:
    write_deep(tmp_path / "a.avif", transfer, 9, LEVELS)

    plain, said = load(tmp_path / "a.avif")
    kept, nothing = load(tmp_path / "a.avif", keep=True)

    assert plain.color == SRGB
    assert plain.pixels[32, 8::16, 1].max() == 1.0
    if encoding == "pq":  # 0.5807 is 203 cd/m2 (BT.2408), 300 / 1023 is 9.3
        assert plain.pixels[32, 56, 1] == pytest.approx(1.0, abs=0.01)
        assert plain.pixels[32, 40, 1] == pytest.approx(0.236, abs=0.005)
    assert said[0].startswith(f"{encoding.upper()} BT.2020 became sRGB")
    assert kept.color == ColorSpace(encoding, "bt2020")
    assert np.abs(kept.pixels[32, 8::16, 1] - LEVELS / 1023).max() < 2 / 1023
    assert nothing == []


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_deep_decoder_shows_what_libavif_shows(tmp_path: Path, mode: str) -> None:
    y, x = np.mgrid[:40, :64]
    array = np.stack([x * 4, y * 6, 255 - x * 2], axis=2).astype(np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(array).convert(mode).save(file, "AVIF", quality=95, subsampling="4:4:4")

    deep, _ = decode_deep(file.getvalue(), find_points(file.getvalue()))

    with PIL.Image.open(file) as expected:
        assert np.abs(deep / 257.0 - np.asarray(expected.convert("RGB")).astype(float)).max() < 1.5


def test_alpha_comes_to_deep_colors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.zeros((24, 40, 4), np.uint8)
    array[:, :, 1], array[:, :, 3] = 200, np.arange(40) * 6
    PIL.Image.fromarray(array).save(tmp_path / "a.avif", quality=100)
    monkeypatch.setattr(avif, "find_bits", lambda data: 10)

    image, said = load(tmp_path / "a.avif")

    assert said == ["the alpha of AVIF of 10 bits is read with 8 bits"]
    assert (image.channels, str(image.stored.dtype)) == (4, "uint16")
    assert np.abs(image.to_uint8().astype(int) - array)[:, 3:].max() <= 3


def test_a_damaged_deep_image_is_refused(tmp_path: Path) -> None:
    write_deep(tmp_path / "a.avif", 13, 1, LEVELS)
    data = (tmp_path / "a.avif").read_bytes()
    with pytest.raises(ValueError, match="AVIF of more than 8 bits"):
        decode_deep(data[:200], find_points(data))


def test_an_image_of_parts_is_read_with_eight_bits_and_a_word(tmp_path: Path) -> None:
    write_deep(tmp_path / "a.avif", 13, 1, LEVELS)
    data = (tmp_path / "a.avif").read_bytes()
    at = data.index(b"infe") + 12
    assert data[at : at + 4] == b"av01"

    assert not avif.is_composed(data)
    assert avif.is_composed(data[:at] + b"grid" + data[at + 4 :])
    assert avif.has_gain_map(data[:at] + b"tmap" + data[at + 4 :])
