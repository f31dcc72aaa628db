"""`Services`: what the calls of every run share: cache, digests, models, device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import NodeType
from studio.api.evidence import Evidence
from studio.api.origin import Origin
from studio.cache import Cache
from studio.execution.checkpoints import Checkpoints
from studio.execution.code_origins import CodeOrigins
from studio.execution.digests import Digests
from studio.execution.event_loop import EventLoop
from studio.execution.file_reading import FileReader
from studio.execution.fingerprint import Fingerprints
from studio.execution.value_type_calls import ValueChecks, describe_value_of
from studio.graph.catalog import Catalog
from studio.runtime.devices import Device
from studio.runtime.models import Models

_FAST_FRAME_SECONDS = 0.02  # storing a small frame takes this long; larger ones take longer


@dataclass(eq=False)
class Services:
    """What the calls of every run share.

    Attributes:
        cache: Where results are kept.
        device: Where node types of lane "device" compute.
        classes: Classes of value types, by name.
        models: Models on disk and in memory.
        reader: How plans of mapped graphs read files.
        catalog: What is installed, for subgraphs that node types return.
        cpu_workers: Threads for CPU work.
        studio: The files of Studio's own API; None for a release.
        checkpoints: Where long calls leave how far they got; None for nowhere.
        find_evidence: Returns the content credentials of a file as evidence.
        fast_frame_seconds: A frame of a video that takes less is made again rather than kept; 0 keeps all.
        cpu: Where all other node types compute.
        digests: Digests of inputs.
        fingerprints: Names of results.
        loop: Where `async def` node types run.
        checks: Checks values by what their authors say.
        origins: The files that code came from.
    """

    cache: Cache
    device: Device
    classes: Mapping[str, type]
    models: Models
    reader: FileReader
    catalog: Catalog
    cpu_workers: int = 2
    studio: Origin | None = None
    checkpoints: Checkpoints | None = None
    find_evidence: Callable[[Path], list[Evidence]] = lambda _: []
    fast_frame_seconds: float = _FAST_FRAME_SECONDS
    cpu: Device = field(init=False)
    digests: Digests = field(init=False)
    fingerprints: Fingerprints = field(init=False)
    loop: EventLoop = field(init=False)
    checks: ValueChecks = field(init=False)
    origins: CodeOrigins = field(init=False)

    def __post_init__(self) -> None:
        self.cpu = Device("cpu", "float32")
        self.loop = EventLoop()
        self.digests = Digests(self.cache, self.models, self.device)
        self.fingerprints = Fingerprints(self.device.kind, self.device.dtype, self.studio)
        self.origins = CodeOrigins(self.studio)
        self.checks = ValueChecks(self.cache)

    def describe(self, value: Any) -> str:
        """Say in a few words what a value is, as its value type describes it."""
        return describe_value_of(value, self.cache.codecs.find_type)


class StackLimits:
    """How many calls of a node type one run stacks at most; a lack of memory lowers the limit."""

    def __init__(self) -> None:
        self._lowered: dict[NodeType, int] = {}

    def find(self, node_type: NodeType) -> int:
        """Return the limit; 1 for a node type that does not stack."""
        if node_type.batch is None:
            return 1
        return self._lowered.get(node_type, node_type.batch.limit)

    def lower(self, node_type: NodeType, limit: int) -> None:
        """Stack at most this many calls of a node type for the rest of the run."""
        self._lowered[node_type] = max(1, limit)
