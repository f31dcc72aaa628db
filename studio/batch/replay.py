"""Makes an asset again from what it carries, and says whether it came out the same."""

from __future__ import annotations

import itertools
import math
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import ValueType, Video
from studio.app import CacheMode, Carried, RunResult, Studio
from studio.errors import GraphError, StudioError, UsageError
from studio.execution.files import OutputFolder
from studio.execution.verify import RecordedFile
from studio.graph import parse_graph

# nodes after a stack (that sharpen, or enlarge) make single samples differ more than the stack did
_GROWTH = 8


@dataclass(frozen=True)
class Replay:
    """What came of making an asset again.

    Attributes:
        path: The asset.
        standing: "same"; "close": within the tolerance; "differs"; or "failed".
        detail: How far apart they are, or what went wrong.
    """

    path: Path
    standing: str
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether it came out as it was."""
        return self.standing in ("same", "close")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"name": str(self.path), "standing": self.standing, "detail": self.detail}


def load_recipe(studio: Studio, path: Path, recorded: RecordedFile | None = None) -> Carried:
    """Return the graph and the values that made a file: from the file, or from what was recorded of it.

    Raises:
        GraphError: Neither says it.
    """
    try:
        carried = studio.load_carried(path)
        if carried is not None:
            return carried
    except GraphError:
        if recorded is None or not recorded.graph:
            raise
    if recorded is None or not recorded.graph:
        raise UsageError(
            "E755",
            f"{str(path)!r} is no picture, sound or film, and no manifest beside it says what made it",
            hint="name a file that Studio wrote, in its output folder",
        )
    base = Path(recorded.base or path.parent)
    return Carried(parse_graph(recorded.graph, base=base), dict(recorded.inputs), recorded.output, recorded.index)


def run_recipe(
    studio: Studio,
    recipe: Carried,
    folder: Path,
    template: str,
    *,
    values: Mapping[str, Any] | None = None,
    cache: CacheMode = "use",
    roots: Sequence[Path] = (),
    **more: Any,
) -> RunResult:
    """Make one asset again and write it into a folder."""
    known = recipe.graph.document.outputs
    only = [recipe.output] if recipe.output in known else None
    entry = recipe.index if only else None
    output = OutputFolder(folder, template, entry=entry)
    given = {**recipe.values, **(values or {})}
    return studio.run(recipe.graph, given, only=only, output=output, cache=cache, roots=roots, **more)


def choose_sample(names: Sequence[str], count: int, seed: int) -> list[str]:
    """Return a random sample of the names; the same for the same names and seed."""
    ordered = sorted(names)
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def replay_file(
    studio: Studio, path: Path, recorded: RecordedFile | None = None, *, roots: Sequence[Path] = ()
) -> Replay:
    """Render a file again without the cache, and compare what is in the two files."""
    roots = [*roots, *(Path(root) for root in (recorded.roots if recorded else ()))]
    try:
        recipe = load_recipe(studio, path, recorded)
        with tempfile.TemporaryDirectory(prefix="studio-replay-") as folder:
            name = f"replay{path.suffix or '.{ext}'}"
            result = run_recipe(studio, recipe, Path(folder), name, cache="off", roots=roots)
            if not result.files:
                return Replay(path, "failed", str(result.errors[0]) if result.errors else "it made no file")
            return _compare(studio, path, result.files[0].path, _find_tolerance(studio, recipe))
    except StudioError as error:
        return Replay(path, "failed", str(error))


def _compare(studio: Studio, old: Path, new: Path, tolerance: float) -> Replay:
    if old.read_bytes() == new.read_bytes():
        return Replay(old, "same")
    extension = old.suffix.lower().lstrip(".")
    value_type = next((t for t in studio.registry.value_types.values() if extension in t.extensions), None)
    if value_type is None:
        return Replay(old, "differs", "other bytes")
    # what a file carries names the folder that it was written into, so that equal files may have other bytes
    values = [value_type.read_file(path, studio.settings.media) for path in (old, new)]
    distance = _measure_distance(value_type, *values)
    if distance is None:
        return Replay(old, "differs", "another size or another length")
    if distance.largest == 0:
        return Replay(old, "same")
    close = distance.mean <= tolerance and distance.largest <= _GROWTH * tolerance
    detail = f"samples differ by {distance.mean:.2g} in the quadratic mean and {distance.largest:.2g} at most"
    allowed = f"{tolerance:.2g} and {_GROWTH * tolerance:.2g} are allowed"
    return Replay(old, "close" if close else "differs", f"{detail}; {allowed}")


@dataclass
class _Distance:
    """How far two values are apart: the sum of the squares, the number of samples, and the largest difference."""

    squares: float = 0.0
    count: int = 0
    largest: float = 0.0

    @property
    def mean(self) -> float:
        """The quadratic mean of the differences."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    def add(self, one: Any, two: Any) -> None:
        """Count the samples of two arrays of one shape."""
        apart = abs(_scale(one) - _scale(two))
        self.squares += float((apart * apart).sum())
        self.count += apart.size
        self.largest = max(self.largest, float(apart.max(initial=0.0)))


def _measure_distance(value_type: ValueType[Any], old: Any, new: Any) -> _Distance | None:
    """Return how far two values' samples are apart, or None if they have no common shape."""
    if isinstance(old, Video):
        return _measure_films(old, new)
    one, two = value_type.pack(old), value_type.pack(new)
    if dict(one.header) != dict(two.header) or one.arrays.keys() != two.arrays.keys():
        return None
    pairs = [(array, two.arrays[name]) for name, array in one.arrays.items()]
    if any(a.shape != b.shape for a, b in pairs):
        return None
    distance = _Distance()
    for one_array, two_array in pairs:
        distance.add(one_array, two_array)
    return distance


def _measure_films(old: Video, new: Video) -> _Distance | None:
    """Return how far two films' frames and sounds are apart, one frame at a time."""
    distance = _Distance()
    for one, two in itertools.zip_longest(old.frames(), new.frames()):
        if one is None or two is None or one.image.pixels.shape != two.image.pixels.shape or one.time != two.time:
            return None
        distance.add(one.image.pixels, two.image.pixels)
    sounds = (old.audio, new.audio)
    if sounds[0] is None or sounds[1] is None:
        return distance if sounds[0] is sounds[1] else None
    if sounds[0].rate != sounds[1].rate or sounds[0].samples.shape != sounds[1].samples.shape:
        return None
    distance.add(sounds[0].samples, sounds[1].samples)
    return distance


def _scale(array: Any) -> Any:
    """Return samples as floats, integers scaled to their whole range."""
    import numpy as np

    return array.astype(np.float64) / (np.iinfo(array.dtype).max if array.dtype.kind in "iu" else 1.0)


def _find_tolerance(studio: Studio, recipe: Carried) -> float:
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
