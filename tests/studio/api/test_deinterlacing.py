"""Interlaced frames are made whole, and others are left as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.video_file import VideoType
from tests.studio.api.media_files import write_frames
from tests.studio.api.videos import LIMITS, VIDEO


def draw(field: int) -> Any:
    """A bar that moves four pixels in each field."""
    image = np.full((64, 96, 3), 80, np.uint8)
    image[16:48, 4 + 4 * field : 24 + 4 * field] = 220
    return image


def weave(first: int, *, top_first: bool) -> Any:
    image = draw(first if top_first else first + 1)
    image[1::2] = draw(first + 1 if top_first else first)[1::2]
    return image


def measure_combs(image: Any) -> float:
    """How much rows differ from the mean of their neighbours, where the bar has no horizontal edge."""
    rows = image[20:44].astype(float)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


def write_fields(path: Path, *, top_first: bool, codec: str = "mpeg2video") -> None:
    frames = [weave(2 * index, top_first=top_first) for index in range(8)]
    options = {"flags": "+ildct+ilme", "b": "4000000"}
    write_frames(
        path,
        frames,
        codec=codec,
        pixels="yuv420p",
        options=options,
        filters=f"setfield={'tff' if top_first else 'bff'}",
    )


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(("name", "codec"), [("a.mpg", "mpeg2video"), ("a.ts", "mpeg2video"), ("a.mp4", "libx264")])
def test_interlaced_frames_have_no_combs_and_keep_their_times(
    tmp_path: Path, top_first: bool, name: str, codec: str
) -> None:
    write_fields(tmp_path / name, top_first=top_first, codec=codec)

    frames = list(VIDEO.read_file(tmp_path / name, LIMITS).frames())
    kept = list(VIDEO.read_tracks(tmp_path / name, LIMITS, deinterlace=False).frames())

    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(8)], abs=1e-4)
    assert [frame.time for frame in kept] == [frame.time for frame in frames]
    combs = [measure_combs(frame.image.to_uint8()) for frame in frames]
    assert max(combs) < 2 < 8 < min(measure_combs(frame.image.to_uint8()) for frame in kept)
    assert any("interlaced" in doubt for doubt in VideoType().find_doubts(tmp_path / name, LIMITS))
