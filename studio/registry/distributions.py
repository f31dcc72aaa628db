"""Whether an installed distribution is a release, which its name and version say enough of, or built from sources."""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import Distribution

_DIRECT_URL = "direct_url.json"


def is_released(distribution: Distribution | None, path: str) -> bool:
    """Return whether the code at a path is that of a released distribution.

    It is not if it was installed from anything but an index (PEP 610), if it is used from its source folder, or if the
    code lies elsewhere than the distribution.

    Args:
        distribution: The distribution.
        path: A package's folder or a module's file.
    """
    if distribution is None or distribution.read_text(_DIRECT_URL) is not None:
        return False
    if distribution.read_text("SOURCES.txt") is not None and distribution.read_text("installed-files.txt") is None:
        return False
    installed = os.path.realpath(str(distribution.locate_file(os.path.basename(path))))
    return installed == os.path.realpath(path)


def find_owned(distribution: Distribution | None, path: str) -> frozenset[str] | None:
    """Return the names of packages and modules that were installed with a distribution beside a path.

    None if its files are not installed but lie in a source folder: then whatever is there is its own.
    """
    files = distribution.files if distribution is not None else None
    if distribution is None or not files:
        return None
    folder = os.path.realpath(str(distribution.locate_file("")))
    if os.path.realpath(os.path.dirname(path)) != folder:
        return None
    tops = {str(file).replace("\\", "/").partition("/")[0] for file in files}
    return frozenset(top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".egg-info", "..")))


def find_module(name: str) -> str | None:
    """Return the folder of an importable package, or the file of a module; None if it is neither."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    places = list(spec.submodule_search_locations or ())
    place = places[0] if places else spec.origin
    return os.path.abspath(place) if place is not None and os.path.exists(place) else None
