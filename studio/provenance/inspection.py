"""`FileInspector`: collects what is known of a file for a verdict, its chain and what is embedded in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import ValueType
from studio.api.content_origin import Content, find_source_type, read_content
from studio.api.evidence import Evidence
from studio.errors import StudioError, UsageError
from studio.provenance.check import CheckedFile, FileState
from studio.provenance.credentials.identity import CERTIFICATE, read_anchors
from studio.provenance.credentials.library import is_usable
from studio.provenance.credentials.pem_files import read_certificates
from studio.provenance.credentials.reading import (
    CredentialReader,
    Credentials,
    CredentialState,
    may_have_credentials,
)
from studio.provenance.embedded import find_media_type, parse_carried, read_carried_text
from studio.provenance.evidence import Finder, find_evidence
from studio.provenance.marking import open_mark_records
from studio.provenance.record import STRIPPED
from studio.provenance.verdict import FileFacts, RecoveredFile, Verdict, judge
from studio.settings import Settings


@dataclass(frozen=True)
class InspectedFile:
    """A file, the verdict on it, and what the verdict follows from.

    Attributes:
        facts: What is known of it.
        verdict: The verdict.
        carried: What Studio embedded in it, as plain JSON; {} if it embedded nothing.
    """

    facts: FileFacts
    verdict: Verdict
    carried: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        credentials = self.facts.credentials
        return {
            **self.facts.row.to_json(),
            "verdict": self.verdict.to_json(),
            "label": self.facts.label,
            "credentials": credentials.to_json() if credentials is not None else None,
            "recovered": self.facts.recovered.to_json() if self.facts.recovered is not None else None,
        }


class FileInspector:
    """Collects what is known of files.

    Args:
        settings: The settings: limits, and the folder with the certificates that are trusted.
        value_types: The value types that are registered.
        finders: What plugins find evidence with.
        report: Called with what went wrong in a plugin.
    """

    def __init__(
        self,
        settings: Settings,
        value_types: Iterable[ValueType[Any]],
        finders: Sequence[Finder] = (),
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._value_types = tuple(value_types)
        self._finders = finders
        self._report = report
        self._reader: CredentialReader | None = None
        self._own_serial = ""
        if is_usable():
            self._reader = CredentialReader(read_anchors(settings.credentials))
            self._own_serial = _find_serial(
                settings.credentials.certificate or settings.credentials.folder / CERTIFICATE
            )

    def inspect(self, path: Path, row: CheckedFile, alteration: str = "") -> InspectedFile:
        """Return what is known of a file.

        Args:
            path: The file.
            row: What the check of the folder's records found of it.
            alteration: How much it differs from what was written, or "".
        """
        is_there = row.state not in (FileState.MISSING, FileState.UNREADABLE) and path.is_file()
        if not is_there:
            facts = FileFacts(row)
            return InspectedFile(facts, judge(facts), {})
        content = read_content(path)
        label = "" if content == Content.GIVEN else find_source_type(content)
        carried = self.read_carried(path)
        credentials = self.read_credentials(path)
        evidence = find_evidence(path, self._finders, self._report)
        facts = FileFacts(
            row,
            credentials,
            self._own_serial,
            label or str(carried.get("digital_source_type", "")),
            f"Studio {carried['version']}" if carried.get("version") else "Studio" if carried else "",
            evidence,
            alteration,
            self._recover(path, evidence) if credentials is None else None,
        )
        return InspectedFile(facts, judge(facts), carried)

    def _recover(self, path: Path, evidence: Iterable[Evidence]) -> RecoveredFile | None:
        """Return what is kept here of the file that a mark leads to, or None."""
        for one in evidence:
            mark = str(one.details.get("payload", "")) if one.source == "mark" else ""
            kept = open_mark_records(self._settings).find(mark) if mark else None
            if kept is not None:
                credentials = Credentials(CredentialState.UNCHECKED) if kept.manifest else None
                if self._reader is not None and kept.manifest:
                    credentials = self._reader.read_kept(path, kept.manifest, mark)
                return RecoveredFile(mark, kept.name, kept.source_type, credentials, bool(kept.record))
        return None

    def read_credentials(self, path: Path) -> Credentials | None:
        """Return the content credentials of a file, or None; unchecked ones where the extra is not installed."""
        if self._reader is not None:
            return self._reader.read(path)
        return Credentials(CredentialState.UNCHECKED) if may_have_credentials(path) else None

    def read_carried(self, path: Path) -> dict[str, Any]:
        """Return what Studio embedded in a media file; {} if it embedded nothing, or if that is damaged."""
        value_type = find_media_type(path, self._value_types)
        if value_type is None:
            return {}
        try:
            text = read_carried_text(path, value_type, max_length=self._settings.max_graph_bytes)
            found = parse_carried(text, path) if text is not None else {}
        except (StudioError, OSError):
            return {}
        return found if "graph" in found or STRIPPED in found else {}


def _find_serial(path: Path) -> str:
    try:
        return str(read_certificates(path)[0].serial_number)
    except UsageError:
        return ""
