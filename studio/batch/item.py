"""`Item`, `ItemResult` and `ItemOutput`: one set of input values, and what running a graph on it led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class ItemState(StrEnum):
    """How far an item is, as the ledger stores it."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    REMOVED = "removed"


CURRENT_STATES = (ItemState.PENDING, ItemState.RUNNING, ItemState.DONE, ItemState.FAILED, ItemState.HELD)
"""The states of items that are in the table."""

FINISHED_STATES = (ItemState.DONE, ItemState.FAILED, ItemState.HELD)
"""The states of items that have run. A held item has files, which are kept apart: a check did not pass."""


@dataclass(frozen=True)
class Item:
    """One set of input values.

    Attributes:
        index: Its place in the table, from 0.
        name: Unique in the batch; files are named by it.
        values: Plain JSON by input name; media and files are written as {"file": absolute path}.
        source: Where it comes from, such as "items.csv:12".
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
    """What running one item led to.

    Attributes:
        index: Which item.
        state: `ItemState.DONE`, `ItemState.FAILED` or `ItemState.HELD`.
        outputs: The files that were written.
        error: The first error as plain JSON (code, where, message, hint, perhaps node, inputs, details), or None.
        seconds: From its start to its last file.
        calls: Calls of node types that it needed.
        cached: How many of them did not run for it.
        warnings: What went wrong without stopping it.
        checks: What its checks found, empty without checks: `verdicts` (see `summarize_verdicts`), `tries`, and `seeds`
            by input if the last try had another seed than the item.
        values: The values themselves, where the item ran in this process and no files are written.
        stuck: Whether a call timed out that may still run; the worker is then replaced.
        disk_full: Whether the first error means that a disk is full.
        read: Digests of the files that the item's values name, by absolute path.
    """

    index: int
    state: ItemState
    outputs: tuple[ItemOutput, ...] = ()
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    calls: int = 0
    cached: int = 0
    warnings: tuple[str, ...] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    stuck: bool = False
    disk_full: bool = False
    read: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON, without the values."""
        row = {name: value for name, value in self.__dict__.items() if name != "values"}
        return row | {"outputs": [asdict(output) for output in self.outputs], "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ItemResult:
        """Return the result that `to_json` described."""
        outputs = tuple(ItemOutput(**output) for output in row["outputs"])
        state = ItemState(row["state"])
        return cls(**{**row, "state": state, "outputs": outputs, "warnings": tuple(row["warnings"])})
