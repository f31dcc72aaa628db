"""Recognises errors that mean "out of memory", without loading the library that raised them."""

from __future__ import annotations

from studio.errors import find_text

_NAMES = {"OutOfMemoryError", "MemoryError"}
_PHRASES = ("out of memory", "can't allocate memory", "cannot allocate memory", "_alloc_failed", "insufficient memory")


def is_out_of_memory(error: BaseException | None) -> bool:
    """Say whether an error means that memory, of the machine or of a device, was not enough.

    For node types that can go on with smaller tiles. If a node type lets the error pass, the executor frees memory
    and runs it again.

    Args:
        error: `MemoryError`, torch's `OutOfMemoryError`, or a RuntimeError with such a message, as CPU allocators,
            MPS and cuBLAS raise, or OpenCV's error with one; None gives False.
    """
    if error is None:
        return False
    if any(kind.__name__ in _NAMES for kind in type(error).__mro__):
        return True
    if not isinstance(error, RuntimeError) and type(error).__module__ != "cv2":  # cv2.error is no RuntimeError
        return False
    text = find_text(error).lower()
    return any(phrase in text for phrase in _PHRASES)
