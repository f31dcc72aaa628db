"""`FileComparison`: whether two files hold the same, and how far their samples are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from studio.api import ValueType
from studio.cache.digest import hash_file
from studio.errors import StudioError
from studio.provenance.distance import AUDIO, NUMBERS, PIXELS, Distance, measure_distances
from studio.provenance.embedded import find_media_type
from studio.settings import MediaLimits
from studio.value_callback import call_value_type


class FileStanding(StrEnum):
    """What comparing two files finds."""

    SAME = "same"
    """The same bytes, or other bytes that hold the same samples."""
    DIFFERS = "differs"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class FileComparison:
    """What comparing two files finds.

    Attributes:
        standing: Whether they hold the same.
        detail: How they differ, in words.
        distances: How far pixels, audio or other numbers are apart, where they can be compared.
    """

    standing: FileStanding
    detail: str = ""
    distances: Mapping[str, Distance] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        rows = {
            name: {
                "psnr_decibels": distance.psnr_decibels,
                "snr_decibels": distance.snr_decibels,
                "mean": distance.mean,
                "largest": distance.largest,
            }
            for name, distance in self.distances.items()
        }
        return {"standing": self.standing, "detail": self.detail, "distances": rows}


def compare_two_files(a: Path, b: Path, value_types: Iterable[ValueType[Any]], limits: MediaLimits) -> FileComparison:
    """Compare two files, by what they hold where that can be read."""
    try:
        if a.stat().st_size == b.stat().st_size and hash_file(a) == hash_file(b):
            return FileComparison(FileStanding.SAME, "same bytes")
        types = list(value_types)
        one, two = find_media_type(a, types), find_media_type(b, types)
        if one is None or two is None:
            return FileComparison(FileStanding.DIFFERS, "other bytes")
        if one is not two:
            return FileComparison(FileStanding.DIFFERS, f"{one.name} in A, {two.name} in B")
        return _compare_values(one, *(_read(one, path, limits) for path in (a, b)))
    except StudioError as error:
        return FileComparison(FileStanding.UNREADABLE, f"{error.code} {error.where}: {error.message}")
    except OSError as error:
        return FileComparison(FileStanding.UNREADABLE, str(error))


def _read(value_type: ValueType[Any], path: Path, limits: MediaLimits) -> Any:
    return call_value_type(value_type, "read_file", path, limits, passes=(StudioError, OSError))


def _compare_values(value_type: ValueType[Any], a: Any, b: Any) -> FileComparison:
    distances = measure_distances(value_type, a, b)
    if distances is None:
        shown = value_type.describe(a), value_type.describe(b)
        detail = f"{shown[0]} in A, {shown[1]} in B" if shown[0] != shown[1] else "another size or another length"
        return FileComparison(FileStanding.DIFFERS, detail)
    if not any(distance.largest for distance in distances.values()):
        return FileComparison(FileStanding.SAME, f"same {' and '.join(distances)}", distances)
    parts = [describe_distance(name, distance) for name, distance in distances.items() if distance.largest]
    return FileComparison(FileStanding.DIFFERS, "; ".join(parts), distances)


def describe_distance(name: str, distance: Distance) -> str:
    """Return in words how far samples are apart."""
    if name == PIXELS:
        largest = f"{round(255 * distance.largest, 1):g} of 255"
        return f"pixels differ: PSNR {distance.psnr_decibels:.1f} dB, largest difference {largest}"
    if name == AUDIO and distance.snr_decibels is not None:
        return f"audio differs: SNR {distance.snr_decibels:.1f} dB, largest difference {distance.largest:.2g} of 1"
    noun = "audio differs" if name == AUDIO else f"{NUMBERS} differ"
    return f"{noun}: {distance.mean:.2g} in the quadratic mean, {distance.largest:.2g} at most"
