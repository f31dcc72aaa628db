"""Names the environment that plugins are found in: Python, Studio, and the distributions that are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from blake3 import blake3

from studio.api.origin import Provider

_ENDINGS = (".dist-info", ".egg-info")
_ENTRY_POINTS = "entry_points.txt"


def name_environment(studio: Provider) -> str | None:
    """Return a digest of all that decides which plugins are found and what their distributions say.

    None if something else than Python's own finder may know of distributions.

    Args:
        studio: What provides Studio's own code.
    """
    finders = [finder for finder in sys.meta_path if getattr(finder, "find_distributions", None) is not None]
    if len(finders) != 1 or finders[0] is not _find_own_finder():
        return None
    hasher = blake3(f"{sys.implementation.cache_tag} {sys.version} {sys.platform} {studio}\0".encode())
    for place in sys.path:
        for line in _list_distributions(place or os.curdir):
            hasher.update(line.encode("utf-8", "surrogateescape") + b"\0")
    return hasher.hexdigest()


def _find_own_finder() -> object:
    from importlib.machinery import PathFinder

    return PathFinder


def _list_distributions(place: str) -> Iterator[str]:
    """Yield a line for each distribution in a folder of Python's path, which changes when it is installed again."""
    try:
        with os.scandir(place) as entries:
            found = sorted(entry.name for entry in entries if entry.name.endswith(_ENDINGS))
    except NotADirectoryError:  # an archive
        yield f"{os.path.abspath(place)} {_identify(place)}"
        return
    except OSError:
        return
    for name in found:
        path = os.path.join(os.path.abspath(place), name)
        yield f"{path} {_identify(path)} {_identify(os.path.join(path, _ENTRY_POINTS))}"


def _identify(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
