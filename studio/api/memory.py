"""Telling an error that says "out of memory" from others, without loading what raised it."""

from __future__ import annotations

_NAMES = {"OutOfMemoryError", "MemoryError"}
_PHRASES = ("out of memory", "can't allocate memory", "cannot allocate memory", "_alloc_failed")


def is_out_of_memory(error: BaseException | None) -> bool:
    """Say whether an error means that memory, of the machine or of a device, was not enough.

    For node types that can go on with smaller tiles. One that lets the error pass is run again by the executor
    once it has made room.

    Args:
        error: `MemoryError`, torch's `OutOfMemoryError`, or a RuntimeError that says so, as CPU allocators, MPS
            and cuBLAS raise; None is none.
    """
    if error is None:
        return False
    if any(kind.__name__ in _NAMES for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in _PHRASES)
