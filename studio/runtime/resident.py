"""What is in memory: a model, the parts that it is made of, and what others may know of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.api import MemoryPlan, Model, ModelOpener
from studio.runtime.devices import Device

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Resident:
    """A model that is in memory.

    Attributes:
        reference: How it was first asked for.
        device: Where it is.
        dtype: The type that its floats were loaded as.
        bytes: What it holds, without the parts that it shares.
        leases: How many have it open.
        part: Of a part that models may share: its name; else "".
        planned: Load options that the plan for its memory chose, such as `{"offload": "model"}`.
        cost: What that costs, in words.
    """

    reference: str
    device: str
    dtype: str
    bytes: int
    leases: int
    part: str = ""
    planned: Mapping[str, str] = field(default_factory=dict)
    cost: str = ""


class Part:
    """A part in memory; how many models are made of it."""

    def __init__(self, key: Key, name: str, model: Model, opener: ModelOpener, device: Device) -> None:
        self.key = key
        self.name = name
        self.model = model
        self.opener = opener
        self.device = device
        self.users = 1
        self.opened: Any = None
        self.bytes = 0


class Whole:
    """A model in memory; how many leases there are, and when it was last used."""

    def __init__(self, key: Key, model: Model, opener: ModelOpener, device: Device, parts: list[Part]) -> None:
        self.key = key
        self.model = model
        self.opener = opener
        self.device = device
        self.parts = parts
        self.leases = 0
        self.used = 0
        self.sparing = False
        self.plan: MemoryPlan | None = None
        self.opened: Any = None
        self.bytes = 0

    def measure(self) -> None:
        """Measure again how many bytes it and its parts take."""
        for part in self.parts:
            part.bytes = max(0, part.opener.measure(part.opened))
        self.bytes = max(0, self.opener.measure(self.opened) - sum(part.bytes for part in self.parts))

    def describe(self) -> Resident:
        """Return what others may know of it."""
        planned = {} if self.plan is None else {name: value for name, value in self.plan.options.items() if value}
        cost = self.plan.cost if self.plan is not None else ""
        name, dtype = self.device.name, self.device.dtype
        return Resident(self.model.reference, name, dtype, self.bytes, self.leases, planned=planned, cost=cost)
