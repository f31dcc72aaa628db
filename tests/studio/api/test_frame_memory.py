"""Decoded frames are released one by one, not when the collector of cycles next runs."""

from __future__ import annotations

import gc
from pathlib import Path

import av
import numpy as np
import pytest

from tests.studio.api.media_files import write_frames
from tests.studio.api.videos import LIMITS, VIDEO

FRAMES = 60


def count_frames() -> int:
    return sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le"])
def test_decoded_frames_are_released_without_the_collector(tmp_path: Path, pixels: str) -> None:
    codec = "libx264" if pixels == "yuv420p" else "prores_ks"
    images = [np.full((48, 64, 3), index, np.uint8) for index in range(FRAMES)]
    write_frames(tmp_path / "a.mov", images, codec=codec, pixels=pixels, container_format="mov")
    video = VIDEO.read_file(tmp_path / "a.mov", LIMITS)
    gc.collect()
    before = count_frames()

    gc.disable()
    try:
        read = sum(1 for _ in video.frames())
        after = count_frames()
    finally:
        gc.enable()

    assert read == FRAMES
    assert after - before < FRAMES // 4
