"""Watches the global random generators, which a node type must not change."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RandomState:
    """The state of Python's, NumPy's and torch's global generators; torch only if it is loaded."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = {"random": random.getstate()}
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if numpy is not None:
            self.states["numpy.random"] = numpy.random.get_state()
        if torch is not None:
            self.states["torch"] = torch.get_rng_state()

    def find_changed(self) -> list[str]:
        """Return the names of the generators whose state has changed."""
        now = RandomState().states
        return [name for name, state in self.states.items() if repr_state(state) != repr_state(now[name])]

    def restore(self) -> None:
        """Put every generator back into this state."""
        random.setstate(self.states["random"])
        if "numpy.random" in self.states:
            sys.modules["numpy"].random.set_state(self.states["numpy.random"])
        if "torch" in self.states:
            sys.modules["torch"].set_rng_state(self.states["torch"])


def repr_state(state: Any) -> Any:
    """Return a state in a form that can be compared: arrays and tensors as bytes."""
    if isinstance(state, tuple):
        return tuple(repr_state(part) for part in state)
    if hasattr(state, "numpy"):
        state = state.numpy()
    return state.tobytes() if hasattr(state, "tobytes") else state


@contextmanager
def seed_globally(seed: int) -> Iterator[RandomState]:
    """Seed the global generators, yield their state, and put them back afterwards.

    A node type that draws from them gives different results under different seeds here.
    """
    before = RandomState()
    random.seed(seed)
    if "numpy.random" in before.states:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in before.states:
        sys.modules["torch"].default_generator.manual_seed(seed)
    try:
        yield RandomState()
    finally:
        before.restore()
