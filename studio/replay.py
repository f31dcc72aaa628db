"""Makes a file again from what it carries or what is recorded of it, and compares the two."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from studio.app import CacheMode, Studio
from studio.errors import GraphError, StudioError, UsageError
from studio.provenance.distance import join_distances, measure_distances
from studio.provenance.embedded import find_media_type
from studio.provenance.output_folder import OutputFolder
from studio.provenance.record import FileRecord, Recipe
from studio.run_result import RunResult

# nodes after a stack (that sharpen, or enlarge) make single samples differ more than the stack did
_GROWTH = 8


class ReplayState(StrEnum):
    """What comparing a file with one that was made again finds."""

    SAME = "same"
    CLOSE = "close"
    """The samples differ within the tolerance."""
    DIFFERS = "differs"
    FAILED = "failed"
    """It cannot be made again."""


@dataclass(frozen=True)
class Replay:
    """What making a file again led to.

    Attributes:
        path: The file.
        state: Whether it came out the same.
        detail: How far apart the two are, or what went wrong.
    """

    path: Path
    state: ReplayState
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the file came out as it was."""
        return self.state in (ReplayState.SAME, ReplayState.CLOSE)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"name": str(self.path), "standing": self.state, "detail": self.detail}


def load_recipe(studio: Studio, path: Path, recorded: FileRecord | None = None) -> FileRecord:
    """Return a record of a file with its recipe: as the file itself says, or else as is recorded of it.

    Raises:
        GraphError: The file carries no graph, or a damaged one, and nothing else is recorded.
        UsageError: E755 if the file is no media and nothing is recorded.
    """
    record = _find_best_record(studio, path, recorded)
    if record is None:
        raise UsageError(
            "E755",
            f"nothing says what made {str(path)!r}: it cannot contain a graph, and no manifest in its folder names it",
            hint="name a file that Studio wrote, in its output folder",
        )
    return record


def run_again(
    studio: Studio,
    record: FileRecord,
    folder: Path,
    template: str,
    *,
    values: Mapping[str, Any] | None = None,
    cache: CacheMode | str = CacheMode.USE,
    roots: Sequence[Path] = (),
    **more: Any,
) -> RunResult:
    """Make one file again and write it into a folder.

    Args:
        studio: What runs the graph.
        record: The file, with its recipe.
        folder: Folder to write to.
        template: Name of the file.
        values: Values of inputs that replace the recorded ones.
        cache: How the cache is used.
        roots: Folders that the graph may read besides its own.
        more: Passed on to `Studio.run`.
    """
    graph = record.recipe.graph
    only = [record.output] if record.output in graph.document.outputs else None
    if record.saved:
        output = OutputFolder(folder)  # the node names the file
    else:
        output = OutputFolder(folder, template, entry=record.index if only else None)
    inputs = {**record.recipe.inputs, **(values or {})}
    return studio.run(graph, inputs, only=only, output=output, cache=cache, roots=roots, **more)


def check_recipe(studio: Studio, path: Path, recorded: FileRecord | None = None) -> str:
    """Return what is wrong with a file's graph, or with the files that it was made from; "" if nothing is."""
    try:
        recipe = load_recipe(studio, path, recorded).recipe
        studio.plan(recipe.graph, recipe.inputs)
    except StudioError as error:
        return str(error)
    return ""


def choose_sample(names: Sequence[str], count: int, seed: int) -> list[str]:
    """Return a random sample of the names; the same for the same names and seed."""
    ordered = sorted(names)
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def replay_file(
    studio: Studio, path: Path, recorded: FileRecord | None = None, *, roots: Sequence[Path] = ()
) -> Replay:
    """Make a file again without the cache, and compare the content of the two."""
    known = recorded.recipe.roots if recorded else ()
    try:
        record = load_recipe(studio, path, recorded)
        with tempfile.TemporaryDirectory(prefix="studio-replay-") as folder:
            name = f"replay{path.suffix or '.{ext}'}"
            result = run_again(studio, record, Path(folder), name, cache=CacheMode.OFF, roots=[*roots, *known])
            if not result.files:
                reason = str(result.errors[0]) if result.errors else "it wrote no file"
                return Replay(path, ReplayState.FAILED, reason)
            made = _find_made(record, path, result.files)
            if recorded is not None and bool(recorded.mark) != bool(made.mark):
                wanted = "generated" if recorded.mark else "off"
                without = "with" if recorded.mark else "without"
                return Replay(path, ReplayState.FAILED, f"it was written {without} a mark: set mark = {wanted!r}")
            return compare_files(studio, path, made.path, _find_tolerance(studio, record.recipe))
    except StudioError as error:
        return Replay(path, ReplayState.FAILED, str(error))


def _find_made(record: FileRecord, path: Path, files: Sequence[FileRecord]) -> FileRecord:
    """Return which of the files that were made is the one that was asked for."""
    same = [file for file in files if file.saved == record.saved]
    return next((file for file in same if file.path.name == path.name), same[0] if same else files[0])


def compare_files(studio: Studio, old: Path, new: Path, tolerance: float) -> Replay:
    """Compare a file with one that was made again.

    Args:
        studio: What reads the files.
        old: The file.
        new: The file that was made again.
        tolerance: How far samples may be apart in the quadratic mean, where their range is 1.
    """
    if old.read_bytes() == new.read_bytes():
        return Replay(old, ReplayState.SAME)
    value_type = find_media_type(old, studio.registry.value_types.values())
    if value_type is None:
        return Replay(old, ReplayState.DIFFERS, "other bytes")
    # what a file carries names the folder that it was written into, so that equal files may have other bytes
    values = [value_type.read_file(path, studio.settings.media) for path in (old, new)]
    measured = measure_distances(value_type, *values)
    if measured is None:
        return Replay(old, ReplayState.DIFFERS, "another size or another length")
    distance = join_distances(measured.values())
    if distance.largest == 0:
        return Replay(old, ReplayState.SAME)
    close = distance.mean <= tolerance and distance.largest <= _GROWTH * tolerance
    detail = f"samples differ by {distance.mean:.2g} in the quadratic mean and {distance.largest:.2g} at most"
    allowed = f"{tolerance:.2g} and {_GROWTH * tolerance:.2g} are allowed"
    return Replay(old, ReplayState.CLOSE if close else ReplayState.DIFFERS, f"{detail}; {allowed}")


def _find_best_record(studio: Studio, path: Path, recorded: FileRecord | None) -> FileRecord | None:
    """Return what the file itself says; where it says nothing, what is recorded of it."""
    useful = recorded if recorded is not None and recorded.recipe.known else None
    try:
        return studio.read_record(path) or useful
    except GraphError:
        if useful is None:
            raise
        return useful


def _find_tolerance(studio: Studio, recipe: Recipe) -> float:
    """Return what the graph's node types allow between a stacked and a single result, and a step of 8 bits with it."""
    resolved = [studio.resolve(recipe.graph)]
    largest = 0.0
    while resolved:
        for node in resolved.pop().nodes.values():
            if node.subgraph is not None:
                resolved.append(node.subgraph)
            batch = node.node_type.batch if node.node_type is not None else None
            largest = max(largest, batch.tolerance if batch is not None else 0.0)
    return largest + 1 / 255 if largest else 0.0
