"""Many seeds from one."""

from __future__ import annotations

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


def spread_seeds(seed: int, count: int) -> list[int]:
    """Return distinct seeds in [0, 2**32) that depend on the first alone (SplitMix64, Steele et al. 2014).

    A longer list begins with a shorter one.
    """
    state = seed & _MASK
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        state = (state + _STEP) & _MASK
        seeds[_mix(state) >> 32] = None
    return list(seeds)


def derive_seed(seed: int, index: int) -> int:
    """Return a seed in [0, 2**64): the output of SplitMix64 with an index, from another seed."""
    return _mix((seed + (index + 1) * _STEP) & _MASK)


def _mix(state: int) -> int:
    mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)
