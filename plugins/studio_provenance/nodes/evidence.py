"""What a file says of where it comes from."""

from __future__ import annotations

from typing import NamedTuple

from studio.api import Context, File, JsonValue, node
from studio_provenance.settings import ProvenanceSettings


class Inspection(NamedTuple):
    """What a file says.

    Attributes:
        evidence: JSON list: records with `source`, `statement`, `strength` ("proof", "strong" or "weak") and `details`.
        summary: The same as text, one line each.
    """

    evidence: JsonValue
    summary: str


@node("provenance.inspect", cache="recompute")
def inspect_file(ctx: Context, file: File, settings: ProvenanceSettings) -> Inspection:
    """List what tells where a file comes from: its content credentials, mark, label, and records of other programs.

    There is no score: each piece of evidence has a strength. A signature is "proof" if you trust who vouches for the
    signer. `studio verify` also compares a file with what was recorded when it was written.

    Args:
        file: File to inspect: an image, a video, audio or any other.

    Raises:
        StudioError: E650 for a key that is too short.
    """
    from studio_provenance.detect import find_evidence, sort_evidence, summarize
    from studio_provenance.settings import name_key, read_key

    ctx.step(0, 1)
    credentials = ctx.find_evidence(file.path)
    found = sort_evidence([*credentials, *find_evidence(file.path, read_key(settings), name_key(settings))])
    return Inspection([one.to_json() for one in found], summarize(found))
