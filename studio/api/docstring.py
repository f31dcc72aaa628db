"""Reads a Google-style docstring: summary, description, `Args:` and `Returns:` entries."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(r"(Args|Arguments|Attributes|Returns|Yields|Raises|Example|Examples|Note|Notes|References):\s*")
_ENTRY = re.compile(r"(\w+)(?:\s*\([^)]*\))?:\s*(.*)")


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring."""

    summary: str = ""
    description: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


def parse_docstring(text: str | None) -> Docstring:
    """Return the parts of a docstring; all are empty if there is none."""
    if not text:
        return Docstring()
    lines = inspect.cleandoc(text).splitlines()
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in lines:
        head = _SECTION.fullmatch(line)
        if head:
            current = {"Arguments": "Args", "Attributes": "Args"}.get(head[1], head[1])
            sections.setdefault(current, [])
        else:
            sections[current].append(line)
    summary, _, description = "\n".join(sections[""]).strip().partition("\n\n")
    return Docstring(" ".join(summary.split()), description.strip(), _parse_entries(sections.get("Args", [])))


def _parse_entries(lines: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    for line in lines:
        body = line.strip()
        indent = len(line) - len(line.lstrip())
        head = _ENTRY.fullmatch(body) if indent == 4 else None
        if head:
            name = head[1]
            entries[name] = head[2]
        elif name and body:
            entries[name] += " " + body
    return entries
