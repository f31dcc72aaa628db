"""How a model is to be opened so that it fits into memory: `MemoryPlan`, and the `MemoryBudget` that it keeps to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class MemoryBudget:
    """What the weights of a model may take.

    Attributes:
        device_bytes: Bytes on the device; None if that is unknown.
        memory_bytes: Bytes of the machine's memory, for weights that wait there; None if that is unknown.
    """

    device_bytes: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class PlannedPart:
    """One network of a model in a plan.

    Attributes:
        name: Its name, such as "transformer".
        precision: What its weights are stored as, such as "bfloat16" or "int8".
        bytes: What they take.
        place: Where they are, in words: "device", or "memory" and when they are on the device.
    """

    name: str
    precision: str
    bytes: int
    place: str


@dataclass(frozen=True)
class MemoryPlan:
    """How a model is opened.

    Attributes:
        parts: Its networks.
        options: Load options that the plan chose; the model is opened with them in place of its own of these names.
        result_options: Names of those that change results: they enter fingerprints, the others do not.
        device_bytes: The most that weights take on the device at once.
        memory_bytes: What weights take of the machine's memory beside the device.
        fits: Whether that is within the budget.
        cost: What it costs, in a sentence or two: time, precision.
        others: Other ways, each in a line.
    """

    parts: tuple[PlannedPart, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    result_options: frozenset[str] = frozenset()
    device_bytes: int = 0
    memory_bytes: int = 0
    fits: bool = True
    cost: str = ""
    others: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {**asdict(self), "options": dict(self.options), "result_options": sorted(self.result_options)}
