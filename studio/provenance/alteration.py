"""Says how much a changed file differs from the value that was written, if the cache still has that value."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studio.api import MediaLimits, ValueType
from studio.cache import MISSING
from studio.provenance.distance import join_distances, measure_distances
from studio.provenance.embedded import find_media_type
from studio.provenance.record import FileRecord


def describe_alteration(
    path: Path,
    record: FileRecord,
    value_types: Iterable[ValueType[Any]],
    load: Callable[[str], Any],
    limits: MediaLimits,
) -> str:
    """Return how much a changed file differs, in plain words; "" where nothing is there to compare it with.

    The value is written anew and read back, so that what the format itself loses does not count.

    Args:
        path: The file.
        record: What is recorded of it.
        value_types: The value types that are registered.
        load: Returns the value of a digest, or MISSING; may raise anything.
        limits: Bounds of what is decoded.
    """
    value_type = find_media_type(path, value_types)
    if value_type is None or not record.value_digest:
        return ""
    try:
        value = load(record.value_digest)
        if value is MISSING or not isinstance(value, value_type.python):
            return ""
        with tempfile.TemporaryDirectory(prefix="studio-verify-") as folder:
            again = Path(folder) / path.name
            value_type.write_file(value, again, "")
            expected = value_type.read_file(again, limits)
    except Exception:  # lost values, codecs of plugins
        return ""
    try:
        found = value_type.read_file(path, limits)
        measured = measure_distances(value_type, expected, found)
    except Exception:  # a file that was changed may be anything
        return "it can no longer be read"
    if measured is None:
        return "another size or another length"
    distance = join_distances(measured.values())
    if distance.largest == 0:
        return "the content is the same; what is around it differs"
    return f"samples differ by {distance.mean:.2g} in the quadratic mean and {distance.largest:.2g} at most, of 1"
