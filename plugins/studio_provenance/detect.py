"""Evidence of where a file comes from: marks in it, its label, and records of other programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from studio.api import Audio, AudioType, Image, ImageType, MediaLimits, StudioError, Video, VideoType
from studio.api.evidence import Evidence, Strength
from studio_provenance.carried_records import find_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studio_provenance.found_mark import FoundMark

_TERM = re.compile(rb"cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{1,64})")
_LABEL_BYTES = 8 << 20  # at each end of a file
_MEANINGS = {
    "trainedAlgorithmicMedia": "it was made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "a trained model made or changed a part of it",
    "algorithmicMedia": "it was computed, without a trained model",
    "algorithmicallyEnhanced": "it was corrected, and nothing was added",
    "humanEdits": "a person edited it",
    "digitalCapture": "it was captured by a camera or a recorder",
}


def find_evidence(path: Path, key: bytes, key_name: str) -> list[Evidence]:
    """Return what a file says of where it comes from, the strongest first.

    Args:
        path: A file of any kind, which may be damaged or hostile.
        key: The key of marks.
        key_name: "public" or "yours".
    """
    return [*find_marks(path, key, key_name), *find_labels(path), *find_programs(path)]


def find_labels(path: Path) -> Iterator[Evidence]:
    """Yield the IPTC terms that stand in a file."""
    data = _read_ends(path)
    for term in sorted({match.decode() for match in _TERM.findall(data)}):
        meaning = _MEANINGS.get(term, "a term that Studio does not know")
        yield Evidence("label", f"its label says {term}: {meaning}", "weak", {"digital_source_type": term})


def find_programs(path: Path) -> Iterator[Evidence]:
    """Yield the records of other programs in a file."""
    for record in find_records(path):
        statement = f"it contains a record of {record.program} in {record.keyword!r}, {len(record.text)} characters"
        yield Evidence("record", statement, "weak", {"program": record.program, "keyword": record.keyword})


def find_marks(path: Path, key: bytes, key_name: str) -> Iterator[Evidence]:
    """Yield the mark of a key in a media file, if it is there."""
    from studio_provenance.evidence import describe_mark

    found = _search(path, key)
    if found is not None and found.is_found:
        details = describe_mark(found, key_name)
        yield Evidence("mark", str(details["sentence"]), "strong", details)


def _search(path: Path, key: bytes) -> FoundMark | None:
    """Return what a search of a media file found, or None for what is no media."""
    from studio_provenance.audio_mark import find_in_audio
    from studio_provenance.image_search import find_in_image
    from studio_provenance.video_mark import find_in_video

    value = _read_media(path)
    if isinstance(value, Image):
        return find_in_image(value, key)
    if isinstance(value, Video):
        found = find_in_video(value, key)
        return found if found.is_found or value.audio is None else find_in_audio(value.audio, key)
    return find_in_audio(value, key) if isinstance(value, Audio) else None


def _read_media(path: Path) -> Any:
    extension = path.suffix.lower().lstrip(".")
    for value_type in (ImageType(), AudioType(), VideoType()):
        if extension in value_type.extensions:
            try:
                return value_type.read_file(path, MediaLimits())
            except StudioError:
                return None
    return None


def _read_ends(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(_LABEL_BYTES)
        size = file.seek(0, 2)
        if size <= _LABEL_BYTES:
            return start
        file.seek(max(_LABEL_BYTES, size - _LABEL_BYTES))
        return start + b"\0" + file.read()


def sort_evidence(found: list[Evidence]) -> list[Evidence]:
    """Return evidence with the strongest first."""
    return sorted(found, key=lambda one: get_args(Strength).index(one.strength))


def summarize(found: list[Evidence]) -> str:
    """Return evidence as text, one line each."""
    if not found:
        nothing = "no content credentials, no mark of this key, no label, no record of a program that Studio knows"
        return f"nothing is known of this file: {nothing}"
    return "\n".join(f"{one.strength}: {one.statement}" for one in found)
