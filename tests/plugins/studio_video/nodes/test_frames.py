"""Images out of videos, and videos out of images."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_video.nodes import frames
from tests.plugins.studio_video.clips import make_plain

CTX = TestContext()


def test_frames_are_taken_evenly_or_at_times() -> None:
    film = make_plain(list(range(0, 100, 10)))

    assert [int(i.to_uint8().flat[0]) for i in frames.take_video_frames(CTX, film, count=5)] == [10, 30, 50, 70, 90]
    assert [int(i.to_uint8().flat[0]) for i in frames.take_video_frames(CTX, film, at_seconds=[0.95, 0.0, 0.31])] == [
        90,
        0,
        30,
    ]
    with pytest.raises(MediaError, match="E701"):
        frames.take_video_frames(CTX, film, at_seconds=[5.0])


def test_images_of_other_sizes_are_fitted_to_the_first() -> None:
    pictures = [Image(np.full((20, 20, 3), 90, np.uint8)), Image(np.full((10, 20), 90, np.uint8))]
    film = frames.make_video(CTX, pictures, fps=5.0)

    assert [(f.image.width, f.image.height, f.image.channels, f.time) for f in film.frames()] == [
        (20, 20, 3, 0.0),
        (20, 20, 3, 0.2),
    ]


def test_a_contact_sheet_shows_frames_in_order() -> None:
    film = make_plain([40, 90, 140, 190], rate=1, size=32)
    sheet = frames.make_contact_sheet(CTX, film, count=4, columns=2, width=32, show_times=False).to_uint8()

    assert [int(sheet[y, x, 0]) for y in (20, 60) for x in (20, 60)] == [40, 90, 140, 190]
