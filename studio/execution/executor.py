"""`Executor`: runs a plan on its lanes, keeps every result in the cache, and says what happens as events."""

from __future__ import annotations

import gc
import time
import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from studio.api import Input, Model, NodeType
from studio.api.events import Event
from studio.cache import Cache, Undigestable, digest_list
from studio.execution.call import Call, Outcome, RunOptions
from studio.execution.context import Control
from studio.execution.file_reading import FileReader
from studio.execution.fingerprint import UNDIGESTED, Fingerprints
from studio.execution.lanes import Lane
from studio.execution.plan import Plan
from studio.execution.run import Run
from studio.runtime.devices import Device
from studio.runtime.models import Models

_CHEAP_FRAME_SECONDS = 0.02  # what storing a small frame takes; larger ones take more


@dataclass(frozen=True)
class Services:
    """What the executor needs from those who wire it.

    Attributes:
        cache: Where results are kept.
        device: Where node types of lane "device" compute.
        classes: Classes of value types, by name.
        models: Models on disk and in memory.
        reader: How plans of mapped graphs read files.
        cpu_workers: Threads for CPU work.
    """

    cache: Cache
    device: Device
    classes: Mapping[str, type]
    models: Models
    reader: FileReader
    cpu_workers: int = 2


class Executor:
    """Runs plans. Its lanes and whatever is warm live from run to run; runs may overlap.

    Attributes:
        cheap_frame_seconds: A frame of a film that takes less is made again rather than kept; 0 keeps all.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.cpu = Device("cpu", "float32")
        self.fingerprints = Fingerprints(services.device.kind, services.device.dtype)
        threads = {"cpu": services.cpu_workers, "device": 1, "io": 2}
        self.lanes: dict[str, Lane[Call]] = {name: Lane(name, count, _serve) for name, count in threads.items()}
        self.cheap_frame_seconds = _CHEAP_FRAME_SECONDS
        self._models: dict[NodeType, list[Input]] = {}
        self._defaults: dict[NodeType, dict[str, tuple[str, Any]]] = {}

    def execute(
        self,
        plan: Plan,
        on_event: Callable[[Event], None] | None = None,
        *,
        control: Control | None = None,
        options: RunOptions | None = None,
        run_id: str = "",
    ) -> Outcome:
        """Run a plan to its end and return what it led to; node errors are in the outcome, not raised.

        Args:
            plan: What to run.
            on_event: Called with each event, from the thread that caused it; must be quick.
            control: To pause or cancel from another thread.
            options: What this run asks for.
            run_id: Name of the run; a fresh one if empty.
        """
        run = Run(self, plan, on_event, control or Control(), options or RunOptions(), run_id or create_run_id())
        with calm_collector():
            return run.execute()

    def digest(self, value: Any) -> str:
        """Return the digest of a value as an input; what has none gets a name of its own.

        A model reference, also one in a list, counts by the content of its weights.
        """
        kind = type(value)
        try:
            if kind is Model:
                return self.services.cache.digest([value.to_json(), self.services.models.digest(value)])
            if kind is list and any(type(entry) is Model or type(entry) is list for entry in value):
                digests = [self.digest(entry) for entry in value]
                return next((d for d in digests if d.startswith(UNDIGESTED)), None) or digest_list(digests)
            return self.services.cache.digest(value)
        except Undigestable:
            return UNDIGESTED + uuid.uuid4().hex

    def find_defaults(self, node_type: NodeType, given: Container[str] = ()) -> dict[str, tuple[str, Any]]:
        """Return digest and value of each default of a node type.

        Args:
            node_type: The node type.
            given: Names of inputs whose default is not wanted; it may be there all the same.
        """
        found = self._defaults.get(node_type)
        if found is None:
            found = {
                end.name: (self.digest(end.default), end.default)
                for end in node_type.inputs.values()
                if not end.required and not _is_model(end)
            }
            self._models[node_type] = [end for end in node_type.inputs.values() if not end.required and _is_model(end)]
            self._defaults[node_type] = found
        models = [end for end in self._models[node_type] if end.name not in given]
        if not models:  # weights may change from run to run, and are looked at only if they are wanted
            return found
        return found | {end.name: (self.digest(end.default), end.default) for end in models}

    def close(self) -> None:
        """End the lanes."""
        for lane in self.lanes.values():
            lane.close()


@contextmanager
def calm_collector() -> Iterator[None]:
    """Have Python look for reference cycles less often: with many nodes each look costs more than the last."""
    old = gc.get_threshold()
    gc.set_threshold(max(old[0], 50_000), 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*old)


def create_run_id() -> str:
    """Return a name for a run: its time, and enough chance to tell it from others."""
    return time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:8]


def _is_model(end: Input) -> bool:
    return end.spec.name == "model" and end.default is not None


def _serve(call: Call) -> list[Call]:
    return call.state.run.serve(call)
