"""What a search for a mark says, in words and as JSON, with how sure it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from studio_provenance.keyed_phases import FALSE_POSITIVES
from studio_provenance.payload import format_payload

if TYPE_CHECKING:
    from studio_provenance.found_mark import FoundMark


def describe_mark(found: FoundMark, key: str) -> dict[str, Any]:
    """Return what a search found as plain JSON.

    Args:
        found: What was found.
        key: Which key was used, "public" or "yours".
    """
    return {
        "kind": "mark",
        "is_found": found.is_found,
        "payload": format_payload(found.payload),
        "key": key,
        "agreement": round(found.z, 2) if math.isfinite(found.z) else 0.0,
        "threshold": round(found.threshold, 2),
        "chance_of_error": float(f"{found.chance:.2g}"),
        "places": found.places,
        "sentence": _write_sentence(found, key),
    }


def _write_sentence(found: FoundMark, key: str) -> str:
    whose = "the public key" if key == "public" else "your key"
    if not found.is_found:
        return f"No mark of {whose} is found. That does not mean that there is none: strong changes remove it."
    sure = f"An unmarked file looks like this at most once in {1 / max(found.chance, 1e-300):.0e} files"
    if found.payload is None:
        return f"A mark of {whose} is there, but its number cannot be read. {sure}."
    return f"A mark of {whose} is there, with the number {format_payload(found.payload)}. {sure}."


def describe_limit() -> str:
    """Return how often an unmarked file counts as marked, at most, in words."""
    return f"at most one of {1 / FALSE_POSITIVES:,.0f} unmarked files"
