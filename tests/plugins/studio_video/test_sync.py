"""Ten minutes of a flash and a click every second, through load, map, interpolation and save: they stay together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Context, Frame, Image, MediaLimits, Video, VideoType, hookimpl, node
from studio.app import InputFile, Studio
from studio.settings import load_settings
from studio_video.nodes import edit, motion

SOUND_RATE = 8000
SIDE = 16


def make_flashes(seconds: int, rate: int) -> Video:
    """A video that flashes for one frame and clicks at every full second."""
    dark, light = (Image(np.full((SIDE, SIDE, 3), level, np.uint8)) for level in (10, 245))

    def frames() -> Iterator[Frame]:
        for index in range(seconds * rate):
            yield Frame(light if index % rate == 0 else dark, index / rate)

    def blocks() -> Iterator[Any]:
        click = np.zeros((SOUND_RATE, 1), np.float32)
        click[:160, 0] = 0.9 * np.sin(np.arange(160) * 0.8)
        for _ in range(seconds):
            yield click

    sound = Audio.from_blocks(blocks, rate=SOUND_RATE, channels=1, frames=seconds * SOUND_RATE)
    return Video(frames, width=SIDE, height=SIDE, rate=Fraction(rate), count=seconds * rate, audio=sound)


@node("sync.invert")
def invert(ctx: Context, image: Image) -> Image:
    """Turn light to dark.

    Args:
        image: Image.
    """
    return Image(255 - image.to_uint8())


class Plugin:
    """The node types of the chain."""

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return them."""
        return [invert, *edit.NODE_TYPES, *motion.NODE_TYPES]


def find_flashes(film: Video) -> list[float]:
    """When the image turns dark, which the map made of the flashes."""
    found, before = [], 255.0
    for frame in film.frames():
        level = float(frame.image.pixels.mean())
        if level < 0.5 <= before:
            found.append(frame.time)
        before = level
    return found


def find_clicks(sound: Audio) -> list[float]:
    """When a click begins."""
    found: list[float] = []
    start = 0
    for block in sound.blocks(4000):
        for place in np.flatnonzero(np.abs(block[:, 0]) > 0.3):
            time = (start + int(place)) / sound.rate
            if not found or time - found[-1] > 0.3:
                found.append(time)
        start += len(block)
    return found


@pytest.mark.parametrize("seconds", [20, pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
@pytest.mark.parametrize(
    ("retime", "asked", "factor"),
    [
        ("video.interpolate", {"fps": 24.0, "method": "flow", "detect_cuts": True}, 1.0),
        ("video.interpolate", {"fps": 29.97, "method": "repeat", "detect_cuts": False}, 1.0),
        ("video.speed", {"speed": 0.8}, 0.8),
    ],
    ids=["flow", "repeat", "speed"],
)
def test_flashes_and_clicks_stay_together(
    tmp_path: Path, seconds: int, retime: str, asked: dict[str, Any], factor: float
) -> None:
    VideoType().write_file(make_flashes(seconds, 12), tmp_path / "a.mkv", None)
    document = {
        "studio": 1,
        "inputs": {"film": {"type": "video"}},
        "nodes": {
            "map": {"type": "sync.invert", "inputs": {"image": {"from": "inputs.film"}}},
            "retime": {"type": retime, "inputs": {"video": {"from": "map"}, **asked}},
        },
        "outputs": {"film": {"from": "retime"}},
    }
    settings = load_settings(cache_dir=tmp_path / "cache")
    with Studio(settings, plugins=[("sync", Plugin())], discover=False) as studio:
        result = studio.run(document, {"film": InputFile(tmp_path / "a.mkv")}, output=tmp_path / "out")
    assert result.status == "done", result.errors

    film = VideoType().read_file(tmp_path / "out" / "film.mp4", MediaLimits())
    assert film.audio is not None
    flashes, clicks = find_flashes(film), find_clicks(film.audio)
    assert len(clicks) == seconds
    assert len(flashes) >= seconds - 1
    period = 1 / 12
    wanted = np.arange(seconds) / factor
    assert np.abs(np.array(clicks) - wanted).max() <= period
    nearest = [min(abs(flash - click) for click in clicks) for flash in flashes]
    assert max(nearest) <= period
