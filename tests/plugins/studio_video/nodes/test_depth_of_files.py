"""Deep videos in files: kept where the pixel format is deep, and said once where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, OutputPath, Video
from studio.testing import TestContext
from studio_video.nodes import files

RAMP = (np.arange(64 * 64).reshape(64, 64) * 16 + 3).astype(np.uint16)


def save(array: Any, folder: Path, name: str, **how: Any) -> list[str]:
    context = TestContext()
    video = Video.from_images([Image(np.repeat(array[:, :, None], 3, axis=2))] * 3, 10)
    files.save_video(context, video, OutputPath(folder / name, name), **how)
    return context.messages


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("a.mp4", {}, '16 bits became 8 in yuv420p: "pixel_format" "yuv420p10le" of video.save keeps 10'),
        ("a.gif", {}, "16 bits became 8 in pal8: write .mp4 with codec h265, or .mov with ProRes, to keep 10"),
    ],
)
def test_a_loss_of_depth_is_said_once(tmp_path: Path, name: str, how: dict[str, Any], said: str) -> None:
    assert save(RAMP, tmp_path, name, **how) == [said]


@pytest.mark.parametrize(
    ("name", "how"),
    [("a.mp4", {"codec": "h265", "pixel_format": "yuv420p10le"}), ("a.mov", {"codec": "prores"}), ("%02d.png", {})],
)
def test_nothing_is_said_where_depth_is_kept(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    assert save(RAMP, tmp_path, name, **how) == []


def test_nothing_is_said_of_8_bits(tmp_path: Path) -> None:
    assert save((RAMP >> 8).astype(np.uint8), tmp_path, "a.mp4") == []
    assert save((RAMP >> 8) * np.uint16(257), tmp_path, "b.mp4") == []


def test_numbered_images_of_8_bits_say_it_once(tmp_path: Path) -> None:
    said = save(RAMP, tmp_path, "%02d.jpg")

    assert len(said) == 1
    assert "16 bits become 8" in said[0]
