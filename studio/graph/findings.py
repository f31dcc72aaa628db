"""`Findings`: collects everything that is wrong with a graph, with the hints that say what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studio.api import TypeSpec
from studio.errors import Finding

_HINTS = {
    "E112": "name a node of this graph, node.output or inputs.NAME",
    "E115": "give the graph's input a default, or make it required",
    "E116": "put a node between that converts it",
    "E118": "give one of these",
    "E130": "write the path relative to the folder, without ..",
    "E131": "correct the declaration of this input",
}


class Findings:
    """A list of findings that grows.

    Args:
        found: The list to add to.
    """

    def __init__(self, found: list[Finding] | None = None) -> None:
        self.found: list[Finding] = [] if found is None else found
        self._errors = 0

    def report(
        self,
        code: str,
        where: str,
        message: str,
        *,
        expected: str = "",
        found: str = "",
        hint: str = "",
        alternatives: Iterable[Any] = (),
    ) -> None:
        """Add an error; without a hint it gets that of its code.

        Args:
            code: Its code.
            where: A JSON pointer.
            message: What is wrong.
            expected: What should be there, in words.
            found: What is there.
            hint: What to do.
            alternatives: What may be written there instead; see `Finding`.
        """
        hint = hint or _HINTS.get(code, "")
        self.extend([Finding(code, where, message, expected, found, hint, alternatives=tuple(alternatives))])

    def warn(self, code: str, where: str, message: str, *, hint: str = "") -> None:
        """Add a warning."""
        self.found.append(Finding(code, where, message, hint=hint, severity="warning"))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add findings from elsewhere."""
        for finding in findings:
            self.found.append(finding)
            self._errors += finding.severity == "error"

    def count_errors(self) -> int:
        """Return how many errors were added."""
        return self._errors


def hint_fit(source: TypeSpec, target: TypeSpec) -> str:
    """Return a hint for an edge whose type does not fit, or ""."""
    if source.name == "mask" and target.name == "image":
        return "image.from_mask makes an image of a mask"
    if source.name == "image" and target.name == "mask":
        return "image.mask_from_luma makes a mask of an image"
    if source.name == target.name and source.depth < target.depth:
        return 'put it into a list: [{"from": ...}]'
    if source.grammar is not None and source.grammar.name == "marks" and target.name == "text":
        return "speech.subtitles makes SubRip and WebVTT text of marks"
    if source.channels and target.channels:
        return "image.convert changes the channels"
    return ""
