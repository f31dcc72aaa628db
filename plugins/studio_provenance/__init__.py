"""Where media come from: invisible marks, evidence of other programs, and visible signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studio.api import PluginHome, hookimpl
from studio.api.evidence import Evidence
from studio.api.marks import MediaMarker
from studio_provenance.settings import ProvenanceSettings


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `provenance.*`."""
    from studio_provenance import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_settings() -> type[ProvenanceSettings]:
    """Return the class of the settings."""
    return ProvenanceSettings


@hookimpl
def studio_evidence(home: PluginHome) -> Iterable[Callable[[Path], Iterable[Evidence]]]:
    """Return what finds marks and records of other programs."""
    from studio_provenance.detect import find_marks, find_programs
    from studio_provenance.settings import name_key, read_key

    settings = home.settings or ProvenanceSettings()
    return [lambda path: find_marks(path, read_key(settings), name_key(settings)), find_programs]


@hookimpl
def studio_marks(home: PluginHome) -> Iterable[MediaMarker]:
    """Return what marks generated media as they are written."""
    from studio_provenance.output_marks import METHOD, identify_key, mark_output
    from studio_provenance.settings import read_key

    key = read_key(home.settings or ProvenanceSettings())
    return [MediaMarker(METHOD, identify_key(key), lambda value, request: mark_output(value, request, key))]
