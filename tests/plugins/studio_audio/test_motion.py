"""How much moves in a video, over time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from studio.api import Image, Video
from studio.testing import TestContext
from studio_audio.nodes import music
from tests.plugins.studio_audio.signals import make_song

CTX = TestContext()


SONG = make_song()


def make_video() -> Video:
    """Two seconds at rest, two of motion."""
    rng = np.random.default_rng(0)
    still = np.full((16, 16, 3), 90, np.uint8)
    moving = [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(20)]
    return Video.from_images([Image(still)] * 20 + [Image(frame) for frame in moving], Fraction(10))


def test_motion_becomes_a_curve_and_the_length_of_a_soundtrack() -> None:
    curve = music.find_motion(CTX, make_video()).curve

    values = dict(map(tuple, curve))
    assert values[0.5] == 0
    assert values[3.0] > 0.8
    assert music.make_soundtrack(CTX, SONG, video=make_video()).audio.duration == pytest.approx(4.0)
