"""`describe_error`: what an author's function raised, and where."""

from __future__ import annotations

import traceback


def describe_error(error: BaseException) -> str:
    """Return in a line what was raised, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
