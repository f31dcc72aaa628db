"""Tests of videos from stills and from words: cameras, models in the box, and networks of each architecture."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_video.nodes.generate import animate_still
from tests.plugins.studio_video.scenes import read


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 200, 1), (20, 30, 4), (3, 2, 1)])
@pytest.mark.parametrize("move", ["zoom_in", "rotate", "orbit"])
def test_stills_of_any_shape_are_animated(shape: tuple[int, ...], move: str) -> None:
    still = Image((np.random.default_rng(0).random(shape) * 65535).astype(np.uint16))

    film = animate_still(TestContext(), still, seconds=0.2, fps=10.0, move=move)  # type: ignore[arg-type]

    assert [frame.image.stored.shape for frame in film.frames()] == [shape] * 2
    assert all(frame.image.stored.dtype == np.uint16 for frame in film.frames())
    assert [f.tobytes() for f in read(film)] == [f.tobytes() for f in read(film)]


def test_a_still_that_is_too_large_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        animate_still(TestContext(), Image(np.zeros((1, 40_000, 1), np.uint8)))
    assert caught.value.code == "E717"
