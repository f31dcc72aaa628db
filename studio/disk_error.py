"""`explain_disk_error`: what happened to the disk of the cache, and what to do."""

from __future__ import annotations

from pathlib import Path

from studio.errors import CacheError
from studio.files import is_disk_full

_CHECK = "check the folder's rights and disk, choose another --cache-dir, or run with --no-cache"


def explain_disk_error(
    error: Exception, path: Path, *, failed: str = "the cache cannot be used", hint: str = _CHECK
) -> CacheError:
    """Return the error that says what happened to the cache's disk and what to do.

    Args:
        error: What went wrong.
        path: The file or folder of the cache.
        failed: What failed, said where the disk is not full.
        hint: What to do then.

    Returns:
        E402 if the disk is full, E401 for anything else.
    """
    text = str(getattr(error, "strerror", None) or error)
    if is_disk_full(error):
        hint = "free space, run `studio cache prune --to 1GB`, or choose another --cache-dir"
        return CacheError("E402", f"the disk of the cache is full: {text}", where=str(path), hint=hint)
    return CacheError("E401", f"{failed}: {text}", where=str(path), hint=hint)
