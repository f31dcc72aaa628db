"""`CodeOrigins`: whether the code of node types is still what was loaded, and which files it came from."""

from __future__ import annotations

from collections.abc import Mapping

from studio.api import NodeType
from studio.api.origin import Origin
from studio.cache.digest import hash_parts
from studio.cache.listings import Listings
from studio.execution.fingerprint import SOURCES, STUDIO

_PLUGIN = "plugin"
SOURCE = "source "
"""Begins the name of a file in an explanation."""
SOURCE_PARTS = (_PLUGIN, SOURCES, STUDIO)
"""Parts of a fingerprint that files account for."""


class CodeOrigins:
    """Looks at the files that code came from.

    Args:
        studio: The files of Studio's own API; None for a release.
    """

    def __init__(self, studio: Origin | None = None) -> None:
        self._studio = studio
        self._origins: dict[NodeType, list[Origin]] = {}
        self._listed: set[tuple[int, str | None]] = set()  # origins live as long as this

    def find_changed(self, node_type: NodeType) -> list[str]:
        """Return the names of files of a node type's code that have changed since it was loaded."""
        origins = self._origins.get(node_type)
        if origins is None:
            origins = self._origins[node_type] = self._find_origins(node_type)
        for origin in origins:
            if changed := origin.find_changed():
                return changed
        return []

    def keep_listings(self, node_type: NodeType, parts: Mapping[str, str], listings: Listings) -> None:
        """Keep which files a node type's code came from, so that a later run can name those that changed."""
        for origin, is_studio in ((node_type.origin, False), (self._studio, True)):
            key = id(origin), None if is_studio else parts.get(_PLUGIN)
            if origin is not None and key not in self._listed:
                self._listed.add(key)
                listings.keep(name_listing(parts, studio=is_studio), origin.files)

    def find_changed_files(
        self, node_type: NodeType, now: Mapping[str, str], then: Mapping[str, str], listings: Listings
    ) -> dict[str, tuple[str, str]]:
        """Return digests, now and then, of the files that give a fingerprint other parts, as "source NAME"."""
        found: dict[str, tuple[str, str]] = {}
        for origin, is_studio in ((node_type.origin, False), (self._studio, True)):
            name = name_listing(then, studio=is_studio)
            if origin is None or name == name_listing(now, studio=is_studio):
                continue
            earlier = listings.find(name)
            if earlier is not None:
                names = sorted({*origin.files, *earlier})
                pairs = {SOURCE + file: (origin.files.get(file, ""), earlier.get(file, "")) for file in names}
                found |= {file: pair for file, pair in pairs.items() if pair[0] != pair[1]}
        return found

    def _find_origins(self, node_type: NodeType) -> list[Origin]:
        providers = node_type.value_types.values()
        found = (node_type.origin, self._studio, *(provider.origin for provider in providers))
        return list({id(origin): origin for origin in found if origin is not None}.values())


def name_listing(parts: Mapping[str, str], *, studio: bool = False) -> str:
    """Return the name of the listing of files for the parts of a fingerprint."""
    names = (STUDIO,) if studio else (_PLUGIN, SOURCES)
    return hash_parts({name: parts.get(name, "") for name in names})
