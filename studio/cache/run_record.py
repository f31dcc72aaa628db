"""`RunRecord`: what a run looked for, so that a later run of the same plan can ask for all of it at once.

A record is a hint and proves nothing: every action and every blob that it names is checked like any other. One that
is missing, out of date or invalid costs time alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from studio.cache.codec import dump_json

FORMAT = 1
MOST_FINGERPRINTS = 20_000
MOST_OUTPUTS = 256
MOST_BYTES = 4 * 2**20
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class RunRecord:
    """What a run looked for.

    Attributes:
        fingerprints: Names of the results of its calls.
        outputs: Digests of the outputs of its graph.
    """

    fingerprints: tuple[str, ...]
    outputs: tuple[str, ...]

    def dump(self) -> bytes:
        """Return the record as it is stored."""
        return dump_json({"format": FORMAT, "fingerprints": self.fingerprints, "outputs": self.outputs})


def create_run_record(fingerprints: list[str], outputs: list[str]) -> RunRecord:
    """Return a record of these, each named once, and no more of them than a reader accepts."""
    found, digests = tuple(dict.fromkeys(fingerprints)), tuple(dict.fromkeys(outputs))
    return RunRecord(found[:MOST_FINGERPRINTS], digests[:MOST_OUTPUTS])


def parse_run_record(data: bytes) -> RunRecord | None:
    """Return a record, or None if the data is invalid or names more than a run of our own would."""
    if len(data) > MOST_BYTES:
        return None
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            return None
        fingerprints = _read_names(document["fingerprints"], MOST_FINGERPRINTS)
        outputs = _read_names(document["outputs"], MOST_OUTPUTS)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return RunRecord(fingerprints, outputs)


def _read_names(names: object, most: int) -> tuple[str, ...]:
    if not isinstance(names, list) or len(names) > most or not all(map(_DIGEST.fullmatch, names)):
        raise ValueError("invalid names")
    return tuple(dict.fromkeys(names))
