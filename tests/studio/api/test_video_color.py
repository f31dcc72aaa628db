"""High dynamic range and wide primaries become sRGB, with the reference white at 255."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.color_transfer import find_matrix
from studio.api.video_color import REFERENCE_WHITE, decode_hlg, decode_pq
from studio.api.video_file import VideoType
from tests.studio.api.media_files import write_frames
from tests.studio.api.test_rgb_conversion import to_yuv
from tests.studio.api.videos import LIMITS, VIDEO

PQ, HLG, BT709, BT2020 = 16, 18, 1, 9
COLORS = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.2, 0.2, 0.2], [0.5, 0.1, 0.02], [4, 4, 4], [0, 0, 0]])
"""Light in BT.709, white at 1."""


def encode_pq(light: Any) -> Any:
    """SMPTE ST 2084, section 5.2."""
    power = np.clip(light / 10_000, 0, None) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def encode_hlg(light: Any) -> Any:
    """BT.2100, table 5, from light of a display of 1000 cd/m2."""
    light = light / 1000
    luminance = light @ np.array([0.2627, 0.6780, 0.0593])
    scene = light * np.where(luminance > 0, luminance, 1)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * np.clip(scene, 0, None)), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    )


def encode_srgb(light: Any) -> Any:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def write_stripes(path: Path, curve: int, primaries: int, encode: Any) -> None:
    wide = COLORS @ find_matrix("bt709", "bt2020" if primaries == BT2020 else "bt709").T
    image = np.repeat(np.repeat(encode(wide * REFERENCE_WHITE)[None], 32, axis=0), 8, axis=1)
    planes = to_yuv(np.clip(image, 0, 1), 9, 16, full=False)
    tags = {"color_trc": curve, "color_primaries": primaries, "colorspace": 9, "color_range": 1}
    write_frames(
        path, [np.moveaxis(planes, 0, 2)] * 2, codec="ffv1", pixels="yuv444p10le", layout="yuv444p16le", tags=tags
    )


@pytest.mark.parametrize(("curve", "encode"), [(PQ, encode_pq), (HLG, encode_hlg)])
def test_reference_white_is_white_and_colors_below_keep_their_light(tmp_path: Path, curve: int, encode: Any) -> None:
    write_stripes(tmp_path / "a.mkv", curve, BT2020, encode)

    image = next(VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames()).image

    seen = image.stored[16, 4::8] / 257
    assert image.stored.dtype == np.uint16
    assert np.abs(seen - encode_srgb(COLORS)).max() < 2.5  # ten bits of luma and chroma are so rough
    assert seen[0].min() > 254


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_curves_are_those_of_the_standards(curve: int) -> None:
    if curve == PQ:
        assert decode_pq(np.array([0.0, 0.5806889, 1.0])) == pytest.approx([0, 203, 10_000], rel=1e-3)
    else:
        assert decode_hlg(np.array([0.0, 0.5, 0.75, 1.0])) == pytest.approx([0, 1 / 12, 0.26496, 1.0], rel=1e-3)


def test_wide_primaries_alone_become_those_of_srgb(tmp_path: Path) -> None:
    write_stripes(tmp_path / "a.mkv", BT709, BT2020, lambda light: encode_srgb(light / REFERENCE_WHITE) / 255)

    seen = next(VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames()).image.stored[16, 4::8] / 257

    assert np.abs(seen - encode_srgb(COLORS)).max() < 2.5


def test_what_becomes_of_high_dynamic_range_is_said_once(tmp_path: Path) -> None:
    write_stripes(tmp_path / "a.mkv", PQ, BT2020, encode_pq)

    doubts = VideoType().find_doubts(tmp_path / "a.mkv", LIMITS)

    assert len(doubts) == 1
    assert doubts[0].startswith("PQ BT.2020 became sRGB")
