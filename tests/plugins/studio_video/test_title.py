"""Titles that come into a video and leave it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import MediaError, Video
from studio.testing import TestContext
from studio_video.nodes.layers import title_video
from tests.plugins.studio_video.clips import make_plain


def find_ink(video: Video) -> list[float]:
    """The sum of what is brighter than the plain ground, for each frame."""
    grounds = [frame.image.to_uint8().astype(int) for frame in video.frames()]
    return [float(np.clip(array - 40, 0, None).sum()) for array in grounds]


def test_a_title_shows_between_its_times() -> None:
    made = title_video(
        TestContext(), make_plain([40] * 8, size=96), "Hm", start=0.2, end=0.5, enter="none", leave="none"
    )
    ink = find_ink(made)

    assert [total > 0 for total in ink] == [False, False, True, True, True, False, False, False]
    assert len(set(ink[2:5])) == 1


def test_a_title_fades_on_a_straight_line() -> None:
    ink = find_ink(title_video(TestContext(), make_plain([40] * 10, size=96), "Hm", start=0.2, move_seconds=0.4))

    assert ink[2] == 0
    assert np.array(ink[3:7]) / ink[6] == pytest.approx([0.25, 0.5, 0.75, 1], abs=0.02)


@pytest.mark.parametrize(("anchor", "rows", "columns"), [("top_left", 0, 0), ("bottom_right", 1, 1), ("top", 0, None)])
def test_a_title_lies_at_its_anchor(anchor: Any, rows: int, columns: int | None) -> None:
    video = make_plain([40], size=128)
    made = title_video(TestContext(), video, "I", anchor=anchor, margin=4, enter="none", leave="none", font_scale=0.2)
    white = next(iter(made.frames())).image.to_uint8()[:, :, 0] > 200
    y, x = (np.flatnonzero(white.any(axis=axis)) for axis in (1, 0))

    assert (y < 64).all() if rows == 0 else (y >= 64).all()
    middle = {0: x < 64, 1: x >= 64, None: abs(x - 64) < 8}[columns]
    assert middle.all()


def test_a_character_that_the_font_lacks_is_named() -> None:
    ctx = TestContext()

    title_video(ctx, make_plain([40], size=64), "山")

    assert any("山" in line for line in ctx.messages)


def test_a_title_that_ends_before_it_begins_is_an_error() -> None:
    with pytest.raises(MediaError) as caught:
        title_video(TestContext(), make_plain([40]), "Hm", start=2.0, end=1.0)

    assert caught.value.code == "E701"
