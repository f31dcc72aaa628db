"""`Spoken`: what an utterance sounds like, and when its words begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Spoken:
    """What an utterance sounds like.

    Attributes:
        samples: Mono, float32.
        rate: Samples per second.
        starts: The frame at which each word of the utterance begins; None where that is not known.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    starts: Sequence[int] | None


def fill_gaps(starts: Sequence[int | None], weights: Sequence[int], end: int) -> list[int]:
    """Return times that rise: those that are known, and between them what the weights of the words suggest."""
    if not starts:
        return []
    known = [(0, 0 if starts[0] is None else starts[0])]
    known += [(index, start) for index, start in enumerate(starts) if index and start is not None]
    known.append((len(starts), end))
    filled, floor = list[int](), 0
    for (first, begin), (last, stop) in pairwise(known):
        begin = floor = min(max(begin, floor), end)
        total, run = sum(weights[first:last]), 0
        for index in range(first, last):
            filled.append(begin + max(min(stop, end) - begin, 0) * run // max(total, 1))
            run += weights[index]
        floor = max(floor, filled[-1] if filled else 0)
    return filled
