"""What Studio claims of a file: the actions that ran, the files that it was made from, and its record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.api.content_origin import SOURCE_TYPES
from studio.execution.content import NO_STEPS, Step, Steps, UsedFile
from studio.version import VERSION

RECORD = "studio.record"
"""The label of the assertion with the record: the graph, its values, and digests of the files that it read."""

SOFT_BINDING = "c2pa.soft-binding"
"""The label of the assertion with the mark, by which a file without its credentials leads back to them."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_SAYS_SO = ("generated", "altered")


@dataclass(frozen=True)
class WrittenFile:
    """What is known of a file that is about to be signed.

    Attributes:
        name: Its name.
        source_type: The name of the IPTC term for the source of its content, or "".
        steps: What ran on the way to it, and the files that were read.
        record: The JSON text that it carries, or "".
        is_stripped: Whether names of files and values are to be left out.
        mark: The number of the mark in it, 16 hexadecimal digits, or "".
        mark_method: Names how it was put there, or "".
    """

    name: str
    source_type: str = ""
    steps: Steps = NO_STEPS
    record: str = ""
    is_stripped: bool = False
    mark: str = ""
    mark_method: str = ""


@dataclass(frozen=True)
class Ingredient:
    """A file that another was made from.

    Attributes:
        label: Its name within the claim.
        title: What people read.
        relationship: "parentOf" if the other is a version of it, "componentOf" if it is a part of the other, "inputTo"
            if only something about it was used.
        used: The file; None where a caller gave a value and no file.
    """

    label: str
    title: str
    relationship: str
    used: UsedFile | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the library wants it."""
        return {"title": self.title, "relationship": self.relationship, "label": self.label}


def list_ingredients(written: WrittenFile) -> list[Ingredient]:
    """Return the files that a file was made from: its only one as its parent, several as its parts."""
    files = written.steps.files
    shown = [used for used in files if used.is_shown]
    part = "parentOf" if len(shown) == 1 else "componentOf"
    found = [
        Ingredient(
            f"input{number}",
            f"input {number}" if written.is_stripped else _clean(used.file.path.name),
            part if used.is_shown else "inputTo",
            used,
        )
        for number, used in enumerate(files, 1)
    ]
    if not shown and not _is_made_here(written):
        found.insert(0, Ingredient("input0", "an input of unknown source", "parentOf"))
    return found


def _is_made_here(written: WrittenFile) -> bool:
    """Return whether a file says that nothing from outside is in it."""
    return written.source_type in ("trainedAlgorithmicMedia", "algorithmicMedia")


def create_claim(
    written: WrittenFile, media_type: str, ingredients: Sequence[Ingredient], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is signed, as the library wants it.

    Args:
        written: The file.
        media_type: Its MIME type.
        ingredients: What it was made from.
        more: Assertions of plugins, by label.
    """
    actions = {"actions": list_actions(written, ingredients), "allActionsIncluded": True}
    assertions = [{"label": "c2pa.actions.v2", "data": actions}]
    if written.record and not written.is_stripped:
        assertions.append({"label": RECORD, "data": {"format": "application/json", "text": _clean(written.record)}})
    if written.mark:
        blocks = [{"scope": {}, "value": written.mark}]
        assertions.append({"label": SOFT_BINDING, "data": {"alg": written.mark_method, "blocks": blocks}})
    assertions += [{"label": label, "data": data} for label, data in more.items()]
    return {
        "claim_generator_info": [{"name": "Studio", "version": VERSION}],
        "title": _clean(written.name),
        "format": media_type,
        "assertions": assertions,
    }


def list_actions(written: WrittenFile, ingredients: Sequence[Ingredient]) -> list[dict[str, Any]]:
    """Return the actions that a file was made by, the first one "created" or "opened".

    A term of the IPTC stands at what made the file, and is always that of the file: a reader that joins all terms that
    it finds gets the same one.
    """
    term = {"digitalSourceType": SOURCE_TYPES + written.source_type} if written.source_type else {}
    parents = [one.label for one in ingredients if one.relationship == "parentOf"]
    parts = [one.label for one in ingredients if one.relationship == "componentOf"]
    steps = list(written.steps.steps)
    if parents:
        actions = [_refer("c2pa.opened", parents)]
        edits = [_describe_step(step, term, written) for step in steps]
        if term and edits and not any("digitalSourceType" in edit for edit in edits):
            edits[-1] |= term
        return actions + edits
    first = next((step for step in steps if step.origin in ("generated", "algorithmic")), None) if not parts else None
    steps = [step for step in steps if step is not first]
    created = {"action": "c2pa.created", **(_describe_software(first, written) if first is not None else {}), **term}
    placed = [_refer("c2pa.placed", parts)] if parts else []
    return [created, *placed, *(_describe_step(step, term, written) for step in steps)]


def _refer(action: str, labels: Sequence[str]) -> dict[str, Any]:
    return {"action": action, "parameters": {"ingredientIds": list(labels)}}


def _describe_step(step: Step, term: Mapping[str, str], written: WrittenFile) -> dict[str, Any]:
    says_so = term if step.origin in _SAYS_SO else {}
    return {"action": "c2pa.edited", **_describe_software(step, written), **says_so}


def _describe_software(step: Step, written: WrittenFile) -> dict[str, Any]:
    software = {"softwareAgent": {"name": step.software or "Studio", "version": step.version or VERSION}}
    return software if written.is_stripped else {**software, "description": step.node_type}


def _clean(text: str) -> str:
    """Return text that is valid UTF-8: names of files may hold halves of characters."""
    return _SURROGATES.sub("\ufffd", text)
