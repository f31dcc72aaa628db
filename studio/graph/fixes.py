"""Fixes: a JSON Patch (RFC 6902) for each finding that can be mended without a guess; a graph file mended by them.

Only graphs that do not run, or that warn of an old name, are changed, and only where one change is possible:
a misspelled name with one known name near it, a literal that can be read in one way, a name that a migration renames.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import Finding
from studio.graph.document import FORMAT_VERSION
from studio.graph.json_pointer import escape, find_value, split_pointer
from studio.graph.json_text import JsonText
from studio.graph.resolved import ResolvedGraph
from studio.graph.spelling import find_meant
from studio.graph.versions import migrate_document
from studio.redaction import redact

Fix = tuple[dict[str, Any], ...]
"""Operations of a JSON Patch; none if the finding cannot be mended."""

_KEYS = ("E102", "E110")
_EDGES = ("E112", "E113")
_MIGRATED = ("W103", "W104")
_MOST_ROUNDS = 20  # an unknown key hides what is wrong with its value


@dataclass(frozen=True)
class FixableFinding:
    """A finding, and what mends it."""

    finding: Finding
    fix: Fix

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON, with "fix" if there is one."""
        return self.finding.to_json() | ({"fix": list(self.fix)} if self.fix else {})


@dataclass(frozen=True)
class FixedText:
    """A graph file that was mended.

    Attributes:
        text: The file, as far as it could be mended.
        fixed: What was mended.
        left: What is still to be said of it.
    """

    text: str
    fixed: tuple[FixableFinding, ...]
    left: tuple[FixableFinding, ...]


def find_fixes(
    findings: Sequence[Finding], document: Any, resolved: ResolvedGraph | None = None
) -> list[FixableFinding]:
    """Return each finding with its fix.

    Args:
        findings: What is wrong with a graph.
        document: Its JSON document.
        resolved: The graph, if it could be read at all.
    """
    return [FixableFinding(finding, _keep_safe(_find_fix(finding, document, resolved))) for finding in findings]


def fix_text(text: str, check: Callable[[str], Sequence[FixableFinding]]) -> FixedText:
    """Mend a graph as far as possible; the rest of its text stays as it is written.

    Args:
        text: A JSON document.
        check: Returns the findings in a text.
    """
    fixed: list[FixableFinding] = []
    seen = {text}
    left = check(text)
    for _ in range(_MOST_ROUNDS):
        if not any(found.fix for found in left):
            break
        written = JsonText(text)
        mended = [found for found in left if found.fix and written.apply(found.fix)]
        again = written.write()
        if again in seen:
            break
        seen.add(again)
        fixed += mended
        text, left = again, check(again)
    return FixedText(text, tuple(fixed), tuple(left))


def _keep_safe(fix: Fix) -> Fix:
    """Return a fix, or none if it would show a secret."""
    text = json.dumps(fix)
    return fix if redact(text) == text else ()


def _find_fix(finding: Finding, document: Any, resolved: ResolvedGraph | None) -> Fix:
    where, code = finding.where, finding.code
    if "#" in where:  # in another file
        return ()
    if code == "E101":
        return _state_format(document)
    if code in _MIGRATED:
        return _migrate_node(where, resolved) if resolved is not None else ()
    try:
        found = find_value(document, where)
    except LookupError:
        return ()
    if code in _KEYS:
        return _rename_key(where, finding, document)
    if len(finding.alternatives) == 1 and not isinstance(finding.alternatives[0], str):
        return _replace(where, found, finding.alternatives[0])
    return _replace_name(where, found, finding) if isinstance(found, str) else ()


def _state_format(document: Any) -> Fix:
    """Return a fix for a graph without the version of its format, if nothing but that is missing."""
    nodes = document.get("nodes") if isinstance(document, dict) and "studio" not in document else None
    if not isinstance(nodes, dict) or not nodes or not all(map(_is_node, nodes.values())):
        return ()
    return ({"op": "add", "path": "/studio", "value": FORMAT_VERSION},)


def _is_node(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def _rename_key(where: str, finding: Finding, document: Any) -> Fix:
    place, key = where.rpartition("/")[0], split_pointer(where)[-1]
    siblings = find_value(document, place)
    meant = find_meant(key, map(str, finding.alternatives))
    if meant is None or not isinstance(siblings, dict) or meant in siblings:
        return ()
    return ({"op": "move", "from": where, "path": f"{place}/{escape(meant)}"},)


def _replace(where: str, found: Any, meant: Any) -> Fix:
    return ({"op": "test", "path": where, "value": found}, {"op": "replace", "path": where, "value": meant})


def _replace_name(where: str, found: str, finding: Finding) -> Fix:
    """Return a fix for a misspelled name: of an edge, the part that is unknown."""
    before, name, after = "", found, ""
    if finding.code in _EDGES:
        head, dot, tail = found.partition(".")
        is_tail = finding.code == "E113" or head == "inputs"
        before, name, after = (head + dot, tail, "") if is_tail else ("", head, dot + tail)
    known = [str(other) for other in finding.alternatives if not (finding.code == "E112" and _is_own(where, other))]
    meant = find_meant(name, known)
    return _replace(where, found, f"{before}{meant}{after}") if meant is not None else ()


def _is_own(where: str, name: Any) -> bool:
    """Say whether a place is in the node of this name, which no edge of it may lead to."""
    return where.startswith(f"/nodes/{escape(str(name))}/")


# -- nodes of an older version -------------------------------------------------------------------------


def _migrate_node(where: str, resolved: ResolvedGraph) -> Fix:
    """Return a fix that writes a node, and the edges from it, with the names that it is read with."""
    node_id = split_pointer(where)[1]
    migrated = migrate_document(resolved, only=(node_id,))
    return tuple(find_changes(resolved.graph.json, migrated, ""))


def find_changes(old: Any, new: Any, where: str) -> Iterator[dict[str, Any]]:
    """Yield what turns one document into another; an entry under another key is moved."""
    if old == new:
        return
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if not _is_list_pair(old, new):
            yield from _replace(where, old, new)
            return
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from find_changes(before, after, f"{where}/{number}")
        return
    gone = {key: value for key, value in old.items() if key not in new}
    for key, value in new.items():
        if key in old:
            yield from find_changes(old[key], value, f"{where}/{escape(key)}")
            continue
        origin = next((name for name, before in gone.items() if before == value), None)
        if origin is None:
            yield {"op": "add", "path": f"{where}/{escape(key)}", "value": value}
        else:
            gone.pop(origin)
            yield {"op": "move", "from": f"{where}/{escape(origin)}", "path": f"{where}/{escape(key)}"}
    for key in gone:
        yield {"op": "remove", "path": f"{where}/{escape(key)}"}


def _is_list_pair(old: Any, new: Any) -> bool:
    return isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
