"""One verdict on a file, in plain words: what its record, its credentials and its label say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from studio.api.evidence import Evidence
from studio.provenance.check import CheckedFile, FileState
from studio.provenance.credentials.reading import Credentials, CredentialState

_WHOLE = (CredentialState.TRUSTED, CredentialState.UNTRUSTED, CredentialState.CHANGED)
"""States of credentials whose signature is genuine."""
_TERMS = {
    "trainedAlgorithmicMedia": "made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "made or changed by a trained model, from a file",
    "algorithmicallyEnhanced": "corrected by an algorithm",
    "humanEdits": "edited",
    "digitalCapture": "captured by a camera or a recorder",
    "algorithmicMedia": "computed",
}


class VerdictKind(StrEnum):
    """What is known of a file; the values are written in answers."""

    UNCHANGED = "unchanged"
    """Made here, and as it was written."""
    CHANGED = "changed"
    """Changed since it was written here, or since it was signed."""
    SIGNED = "signed"
    """Signed by someone, and as it was signed."""
    INVALID = "invalid"
    """Its credentials do not hold, cannot be read, or are not those of the file that was written here."""
    UNCHECKED = "unchecked"
    """It has credentials, and the extra that reads them is not installed."""
    RECOVERED = "recovered"
    """Its credentials or its record were removed, and a mark in it leads back to what is kept of it here."""
    MARKED = "marked"
    LABELED = "labeled"
    UNKNOWN = "unknown"
    MISSING = "missing"


@dataclass(frozen=True)
class Verdict:
    """What is known of a file, as one word for scripts and a line for people."""

    kind: VerdictKind
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"kind": self.kind, "statement": self.statement}


@dataclass(frozen=True)
class RecoveredFile:
    """What is kept here of the file that a mark leads to.

    Attributes:
        mark: The number of the mark.
        name: The name that the file was written by.
        source_type: The name of its IPTC term, or "".
        credentials: Its content credentials, or None if it was not signed. They are of other bytes.
        has_record: Whether the graph and its values are kept.
    """

    mark: str
    name: str
    source_type: str = ""
    credentials: Credentials | None = None
    has_record: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        credentials = self.credentials
        return {
            "mark": self.mark,
            "name": self.name,
            "label": self.source_type,
            "credentials": credentials.to_json() if credentials is not None else None,
        }


@dataclass(frozen=True)
class FileFacts:
    """What a verdict follows from.

    Attributes:
        row: What the check of the folder's records found.
        credentials: The content credentials of the file, or None.
        own_serial: Serial number of the user's own certificate, or "".
        label: The name of the IPTC term that it carries, or "".
        made_by: What says that it made the file, such as "Studio 0.2.0", or "".
        evidence: What plugins found.
        alteration: How much the file differs from what was written, or "".
        recovered: What a mark in it leads to, or None.
    """

    row: CheckedFile
    credentials: Credentials | None = None
    own_serial: str = ""
    label: str = ""
    made_by: str = ""
    evidence: Sequence[Evidence] = ()
    alteration: str = ""
    recovered: RecoveredFile | None = None


def judge(facts: FileFacts) -> Verdict:
    """Return the verdict on a file. It says "changed" only where there is something to compare the file with."""
    state, credentials = facts.row.state, facts.credentials
    if state == FileState.MISSING:
        return Verdict(VerdictKind.MISSING, facts.row.detail)
    if state in (FileState.UNREADABLE, FileState.LEFTOVER):
        return Verdict(VerdictKind.UNKNOWN, facts.row.detail)
    if state in (FileState.SOUND, FileState.STALE):
        if credentials is not None and not credentials.is_valid and credentials.state != CredentialState.UNCHECKED:
            problems = "; ".join(credentials.problems) or "they were made for other bytes"
            what = "made here and unchanged, but its content credentials do not fit it"
            return Verdict(VerdictKind.INVALID, f"{what}: {problems}; run again with --sign, or remove them")
        more = f", signed by {_name_signer(credentials)}" if credentials is not None and credentials.is_valid else ""
        stale = f"; it cannot be made again: {facts.row.detail}" if state == FileState.STALE else ""
        return Verdict(VerdictKind.UNCHANGED, f"made here and unchanged{more}{stale}")
    if state == FileState.CHANGED:
        later = f"; signed by {_name_signer(credentials)}" if credentials is not None and credentials.is_valid else ""
        parts = "; ".join(part for part in (facts.row.detail, facts.alteration) if part)
        return Verdict(VerdictKind.CHANGED, f"made here and changed: {parts}{later}")
    if credentials is not None:
        return _judge_credentials(credentials, facts.own_serial)
    return _judge_claims(facts)


def _judge_credentials(credentials: Credentials, own_serial: str) -> Verdict:
    state, name = credentials.state, _name_signer(credentials)
    problems = "; ".join(credentials.problems)
    is_own = credentials.is_trusted and credentials.serial == own_serial != ""
    if state == CredentialState.UNCHECKED:
        hint = "pip install 'studio[credentials]' checks them"
        return Verdict(VerdictKind.UNCHECKED, f"it has content credentials that are not checked; {hint}")
    if state == CredentialState.UNREADABLE:
        return Verdict(VerdictKind.INVALID, f"its content credentials cannot be read: {problems}")
    if state == CredentialState.INVALID:
        return Verdict(VerdictKind.INVALID, f"its content credentials do not hold: {problems or 'they are not valid'}")
    if state == CredentialState.CHANGED:
        begin = "made here and changed" if is_own else "changed"
        return Verdict(VerdictKind.CHANGED, f"{begin} since it was signed by {name}: other bytes than were signed")
    if is_own:
        return Verdict(VerdictKind.UNCHANGED, f"made here and unchanged, signed by {name}")
    return Verdict(VerdictKind.SIGNED, f"signed by {name}, and unchanged since")


def _describe_recovered(recovered: RecoveredFile) -> str:
    """Return what a mark leads to. It proves who signed that file, and not that this one shows the same."""
    credentials = recovered.credentials
    removed = "record removed" if credentials is None else "credentials removed"
    parts = [f"{removed}; recovered by its mark {recovered.mark}: written here as {recovered.name!r}"]
    if credentials is not None and credentials.state in _WHOLE:
        parts.append(f"signed by {_name_signer(credentials)}")
    elif credentials is not None:
        unchecked = credentials.state == CredentialState.UNCHECKED
        parts.append(f"with content credentials that {'are not checked' if unchecked else 'do not hold'}")
    if recovered.source_type:
        parts.append(f"labeled {recovered.source_type} ({_TERMS.get(recovered.source_type, 'a term of the IPTC')})")
    return ", ".join(parts)


def _name_signer(credentials: Credentials) -> str:
    """Return who signed, and whether that is to be believed."""
    name = credentials.signer or "an unnamed signer"
    doubt = "not trusted: no authority that you trust vouches for the name"
    return f"{name} ({'trusted' if credentials.is_trusted else doubt})"


def _judge_claims(facts: FileFacts) -> Verdict:
    """Return the verdict on a file that is neither recorded nor signed: all that it says, it may say falsely."""
    recovered = facts.recovered
    if recovered is not None and (recovered.credentials is not None or not facts.made_by):
        return Verdict(VerdictKind.RECOVERED, _describe_recovered(recovered))
    marks = [one.statement for one in facts.evidence if one.strength in ("proof", "strong")]
    if marks:
        return Verdict(VerdictKind.MARKED, f"marked: {'; '.join(marks)}")
    said = []
    if facts.label:
        said.append(f"labeled {facts.label} ({_TERMS.get(facts.label, 'a term of the IPTC')})")
    if facts.made_by:
        said.append(f"it says that {facts.made_by} made it")
    if said:
        return Verdict(VerdictKind.LABELED, f"{'; '.join(said)}; nothing here to compare it with")
    return Verdict(VerdictKind.UNKNOWN, "nothing known: no record, no signature, no label")
