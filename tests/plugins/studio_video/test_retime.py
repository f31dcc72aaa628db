"""Videos cut, joined, reversed and paced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.testing import TestContext
from studio_video.nodes import edit
from tests.plugins.studio_video.clips import make_plain, read_levels, read_times, tone

CTX = TestContext()


def test_a_frame_that_shows_at_the_start_is_the_first() -> None:
    part = edit.trim_video(CTX, make_plain([10, 20, 30], rate=1), start=0.5)

    assert (read_levels(part), read_times(part)) == ([10, 20, 30], [0.0, 0.5, 1.5])


def test_a_crossfade_passes_evenly_from_one_to_the_next() -> None:
    films = [make_plain([level] * 10, sound=tone(1.0)) for level in (0, 100, 200)]
    film = edit.concatenate_videos(CTX, films, transition="crossfade", seconds=0.5)
    levels = read_levels(film)

    assert film.duration == pytest.approx(2.0)
    assert levels == sorted(levels)
    assert levels[5:10] == pytest.approx([0, 20, 40, 60, 80], abs=1)
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert film.audio.duration == pytest.approx(2.0)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["wipe_left", "wipe_right", "wipe_up", "wipe_down"])
def test_a_wipe_covers_the_picture_from_one_side(kind: Any) -> None:
    film = edit.concatenate_videos(CTX, [make_plain([0] * 8), make_plain([255] * 8)], transition=kind, seconds=0.4)
    middle = list(film.frames())[6].image.to_uint8()[:, :, 0]

    assert (middle == 255).mean() == pytest.approx(0.5, abs=0.05)
    side = {"wipe_left": middle[:, -1], "wipe_right": middle[:, 0], "wipe_up": middle[-1], "wipe_down": middle[0]}
    assert (side[kind] == 255).all()


@pytest.mark.parametrize(("kind", "level"), [("fade_black", 0), ("fade_white", 255)])
def test_a_fade_passes_through_a_colour(kind: Any, level: int) -> None:
    film = edit.concatenate_videos(CTX, [make_plain([100] * 8), make_plain([120] * 8)], transition=kind, seconds=0.4)

    assert read_levels(film)[6] == level


def test_reversing_holds_a_part_of_the_film_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_video import retime

    monkeypatch.setattr(retime, "_HELD_BYTES", 8 * 16 * 16 * 3 * 3)
    film = make_plain(list(range(20)))
    assert read_levels(edit.reverse_video(CTX, film)) == list(range(19, -1, -1))
    assert read_levels(edit.reverse_video(CTX, edit.reverse_video(CTX, film))) == list(range(20))
