"""What runs items: `Item`, `ItemResult`, `BatchSpec`, and the protocol that threads, processes and Ray actors share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Item:
    """One set of input values.

    Attributes:
        index: Its place in the table, from 0.
        name: Unique in the batch; files are named by it.
        values: Plain JSON by input name; media and files stand as {"file": absolute path}.
        source: Where it stands, such as "items.csv:12".
    """

    index: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the item as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Item:
        """Return the item that `to_json` described."""
        return cls(int(row["index"]), str(row["name"]), dict(row["values"]), str(row["source"]))


@dataclass(frozen=True)
class ItemOutput:
    """One file that an item made.

    Attributes:
        output: The graph's output.
        path: The file, relative to the batch's folder, with "/".
        digest: BLAKE3 of its bytes, in hex.
        bytes: Its size.
        kind: Type of the value: "image", "audio", "video", "text", "json", "number" and so on.
    """

    output: str
    path: str
    digest: str
    bytes: int
    kind: str


@dataclass(frozen=True)
class ItemResult:
    """What became of one item.

    Attributes:
        index: Which item.
        state: "done" or "failed".
        outputs: The files that were written.
        error: The first error as plain JSON (code, where, message, hint, perhaps node, inputs, details), or None.
        seconds: From its start to its last file.
        calls: Calls of node types that it needed.
        cached: How many of them did not run for it.
        warnings: What went wrong without stopping it.
        values: The values themselves, where the item ran in this process and nobody writes files.
        stuck: Whether a call was given up that may still run; whoever ran it should be replaced.
    """

    index: int
    state: Literal["done", "failed"]
    outputs: tuple[ItemOutput, ...] = ()
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    calls: int = 0
    cached: int = 0
    warnings: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    stuck: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON, without the values."""
        row = {name: value for name, value in self.__dict__.items() if name != "values"}
        return row | {"outputs": [asdict(output) for output in self.outputs], "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ItemResult:
        """Return the result that `to_json` described."""
        outputs = tuple(ItemOutput(**output) for output in row["outputs"])
        return cls(**{**row, "outputs": outputs, "warnings": tuple(row["warnings"])})


@dataclass(frozen=True)
class BatchSpec:
    """All that a worker needs to know of a batch but its items; plain JSON, so that it travels anywhere.

    Attributes:
        graph: The graph document.
        path: Its file, or "" if it had none.
        base: Folder that its relative paths are seen from.
        folder: Folder to write to, or None to hand values back.
        template: Names of the files, see `studio.batch.names`.
        roots: Further folders that the graph may read.
        only: Outputs to make, or None for all.
        cache: "use", "refresh" or "off".
        node_timeout_seconds: A call that takes longer fails.
        window: Most items that one worker has at once.
        settings: Overrides of the settings, as `studio.settings.load_settings` takes them; paths as text.
    """

    graph: Mapping[str, Any]
    path: str = ""
    base: str = "."
    folder: str | None = None
    template: str = ""
    roots: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    cache: str = "use"
    node_timeout_seconds: float | None = None
    window: int = 16
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the description as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> BatchSpec:
        """Return what `to_json` described."""
        only = row["only"]
        return cls(**{**row, "roots": tuple(row["roots"]), "only": None if only is None else tuple(only)})


@dataclass(frozen=True)
class WorkerLost:
    """A worker died with items in its hands.

    Attributes:
        items: The items that it had and did not report; whoever ran them starts over.
        cause: What is known, for a person: "it ended with exit code 7", "it was killed by signal 9".
        killed: Whether somebody else ended it (SIGKILL, a node that went away), so that its items may be innocent.
        details: The last of what it wrote to its log.
    """

    items: tuple[Item, ...]
    cause: str
    killed: bool
    details: str = ""


Report = Callable[["ItemRunner", ItemResult | WorkerLost], None]
"""Called from any thread, once for each item that was started; must be quick."""


class ItemRunner(Protocol):
    """Runs items: in this process, in a process of its own, or in a Ray actor.

    The batch starts items whenever there is room (`window` less what was started and not reported; 0 where a runner
    has no machine yet). An item that
    was started is reported once, either as an `ItemResult` or among the items of a `WorkerLost`; a runner that
    reported `WorkerLost` is closed and replaced. Make runners with a `Report`.
    """

    name: str
    window: int

    def start(self, items: Sequence[Item]) -> None:
        """Begin to run items, and return at once."""

    def close(self) -> None:
        """Let go of everything; what was started and not reported is forgotten."""
