"""What the methods of audio transfer share: `Setting`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio_audio.bounds import Step


@dataclass(frozen=True)
class Setting:
    """What the methods need besides the magnitudes.

    Attributes:
        rate: Sample rate in hertz.
        window: Samples in a window; the hop is a quarter.
        rounds: Steps of the methods that optimize.
        seed: Seed of the random filters and directions.
        device: Torch device of these methods.
        step: Called with work done and planned.
    """

    rate: int
    window: int
    rounds: int
    seed: int
    device: str
    step: Step
