"""Shows what `studio verify` found: a line for each file, and what was asked for below it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from studio.provenance.credentials.reading import ChainEntry
    from studio.provenance.inspection import InspectedFile
    from studio.replay import Replay

_COLORS = {"sound": "green", "same": "green", "close": "green", "extra": "yellow", "leftover": "yellow"}
_ORDER = ("sound", "changed", "missing", "stale", "unreadable", "extra", "leftover")
_GENERAL = ("studio", "version", "digital_source_type", "digital_source_types", "mark", "stripped")


class VerifyDisplay:
    """Shows files.

    Args:
        tree: Whether to show what each signed file was made from.
        shows: Whether to show what is embedded in each file.
        detect: Whether to list all evidence.
    """

    def __init__(self, *, tree: bool = False, shows: bool = False, detect: bool = False) -> None:
        self._tree, self._shows, self._detect = tree, shows, detect

    def describe(self, file: InspectedFile) -> dict[str, Any]:
        """Return a file as plain JSON, with what was asked for."""
        row = file.to_json()
        credentials = file.facts.credentials
        if self._tree:
            row["tree"] = [entry.to_json() for entry in credentials.chain] if credentials is not None else []
        if self._shows:
            row["embedded"] = _list_embedded(file)
        if self._detect:
            row["evidence"] = list_evidence(file)
        return row

    def show(self, files: list[InspectedFile], replays: list[Replay], *, is_folder: bool) -> None:
        """Print a line for each file that is not as it was written or signed, and for a single one in any case."""
        asked = self._tree or self._shows or self._detect
        for file in files:
            row = file.facts.row
            is_fine = row.state == "sound" and file.verdict.kind != "invalid"
            if not is_fine or asked or not is_folder:
                _print(row.state, row.name, _choose_detail(file))
                for line in self._list_lines(file) if asked else ():
                    click.echo(f"    {line}")
        for again in replays:
            _print(again.state, str(again.path), again.detail)
        if is_folder:
            counts = Counter(str(file.facts.row.state) for file in files)
            ordered = sorted(counts.items(), key=lambda entry: _ORDER.index(entry[0]))
            click.echo(", ".join(f"{count} {state}" for state, count in ordered))

    def show_replays(self, replays: list[Replay], wanted: int, seed: int) -> None:
        """Print how many files came out the same when they were made again."""
        if wanted:
            good = sum(row.good for row in replays)
            click.echo(f"{good} of {len(replays)} came out the same when made again (--seed {seed})")

    def show_builds(self, builds: Counter[tuple[str, ...]]) -> None:
        """Print which files were made by other builds."""
        for differences, count in builds.items():
            if differences:
                files = "1 file" if count == 1 else f"{count} files"
                click.echo(f"made by another build: {files}: {'; '.join(differences)}")

    def _list_lines(self, file: InspectedFile) -> Iterator[str]:
        credentials = file.facts.credentials
        if self._tree:
            yield from _draw_tree(credentials.chain if credentials is not None else ())
        if self._shows:
            for name, value in _list_embedded(file).items():
                yield f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        if self._detect:
            yield from (f"{one['strength']:6}  {one['source']}: {one['statement']}" for one in list_evidence(file))


def _print(state: str, name: str, detail: str) -> None:
    click.echo(f"{click.style(state, fg=_COLORS.get(state, 'red'))}: {name}  {detail}".rstrip())


def _choose_detail(file: InspectedFile) -> str:
    """Return what follows the name of a file: the verdict; of an unrecorded one, that it is recorded nowhere too."""
    row, verdict = file.facts.row, file.verdict
    if row.state == "extra":
        return f"{row.detail}; {verdict.statement}"
    return verdict.statement


def _draw_tree(chain: tuple[ChainEntry, ...]) -> Iterator[str]:
    """Yield the lines of a tree: a file, and below it what it was made from."""
    for entry in chain:
        relation = f"{entry.relation}: " if entry.relation else ""
        signed = f", signed by {entry.signer}" if entry.signer else ", not signed"
        software = f", {entry.software}" if entry.software else ""
        actions = f": {', '.join(entry.actions)}" if entry.actions else ""
        problem = f" [{entry.problem}]" if entry.problem else ""
        branch = "   " * (entry.depth - 1) + "└─ " if entry.depth else ""
        yield f"{branch}{relation}{entry.title or 'unnamed'}{signed}{software}{actions}{problem}"
    if not chain:
        yield "no chain: the file has no content credentials"


def _list_embedded(file: InspectedFile) -> dict[str, Any]:
    """Return what is in a file besides its content, by name; values as plain JSON."""
    carried, credentials = file.carried, file.facts.credentials
    found: dict[str, Any] = {"label": file.facts.label or "none"}
    if carried:
        found["record"] = {name: carried[name] for name in _GENERAL if name in carried}
        found["values"] = carried.get("inputs", {})
        found["graph"] = carried.get("graph", "none: it was written with --strip")
        found["names of files"] = sorted(carried.get("files", {}))
    else:
        found["record"] = "none of Studio's"
    if credentials is None:
        found["credentials"] = "none"
    else:
        place = "beside the file" if credentials.is_beside else "in the file"
        found["credentials"] = {"place": place, **credentials.to_json(), "record": bool(credentials.record)}
    return found


def list_evidence(file: InspectedFile) -> list[dict[str, Any]]:
    """Return all that says where a file comes from, the strongest first."""
    from studio.api.evidence import STRENGTHS, Evidence
    from studio.provenance.credentials.evidence import describe_credentials

    facts = file.facts
    found: list[Evidence] = []
    if facts.row.state in ("sound", "stale"):
        found.append(Evidence("record", "its bytes have the digest that was recorded here", "proof"))
    if facts.row.state == "changed":
        found.append(Evidence("record", f"it differs from what was recorded here: {facts.row.detail}", "proof"))
    credentials = facts.credentials
    if credentials is not None:
        found.append(describe_credentials(credentials))
    if facts.label:
        found.append(Evidence("label", f"it says {facts.label}", "weak", {"term": facts.label}))
    if facts.made_by:
        found.append(Evidence("graph", f"it contains a graph, or says that {facts.made_by} made it", "weak"))
    found += facts.evidence
    return [one.to_json() for one in sorted(found, key=lambda one: STRENGTHS.index(one.strength))]
