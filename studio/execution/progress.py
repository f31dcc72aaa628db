"""`FrameProgress`: tells how many frames of a film are done, now and then with a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.api import Image

if TYPE_CHECKING:
    import numpy as np

_PREVIEW_SECONDS = 3.0
_PREVIEW_SIDE = 256


class FrameProgress:
    """Counts frames and tells of them: with a thumbnail every three seconds.

    Args:
        step: `Context.step`.
        total: How many frames there will be; 0 if unknown.
    """

    def __init__(self, step: Callable[[int, int, Image | None], None], total: int) -> None:
        self._step = step
        self._total = total
        self._done = 0
        self._shown = float("-inf")

    def add(self, image: Image | None) -> None:
        """Count a frame."""
        self._done += 1
        now = time.monotonic()
        preview = None
        if image is not None and now - self._shown >= _PREVIEW_SECONDS:
            preview, self._shown = _shrink(image), now
        self._step(self._done, max(self._total, self._done) if self._total else 0, preview)


def _shrink(image: Image) -> Image:
    """Return a thumbnail: every so-many-th sample, which costs next to nothing."""
    every = max(1, -(-max(image.width, image.height) // _PREVIEW_SIDE))
    small: np.ndarray = image.stored[::every, ::every]
    return Image(small)
