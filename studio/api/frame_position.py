"""`FramePosition`: where a call stands among those of a mapped node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FramePosition:
    """The position of a call among those of a mapped node: which frame of a video, or which entry of a list.

    Attributes:
        index: Which one, from 0. Lists in lists are counted through.
        time: Seconds from the start of the video, at least 0; None for an entry of a list.
        count: How many there are. A video that does not know is read once for it. 1 for a node that is not mapped.
    """

    index: int = 0
    time: float | None = None
    count: int = 1
