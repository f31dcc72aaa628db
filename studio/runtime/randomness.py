"""Random numbers that depend on the seed alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def create_rng(seed: int) -> np.random.Generator:
    """Return a Philox generator (Salmon et al. 2011): the same stream on every machine."""
    import numpy as np

    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed % 2**128)))
