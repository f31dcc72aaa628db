"""`Reporter`: emits a run's events, keeps the records of its nodes, and sums up what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from studio.api.events import Event, NodeWarned
from studio.errors import Cancelled, describe_raised
from studio.execution.call import FAILED, NodeState, Result, Unavailable
from studio.execution.outcome import NodeRecord, RunStatus, count_cached, create_record
from studio.runtime.models import Models
from studio.runtime.resident import Resident

_MOST_WARNINGS = 100  # of one node


class Reporter:
    """Reports what happens in a run.

    Args:
        run_id: The run's name.
        on_event: Called with each event, or None.
        lock: The lock of the run.

    Attributes:
        warnings: What went wrong without stopping the run.
        records: What is known of each node, by id.
        loads: How many models were loaded.
        planned: How those were opened that need less memory than they have, by reference.
    """

    def __init__(self, run_id: str, on_event: Callable[[Event], None] | None, lock: threading.RLock) -> None:
        self.warnings: list[str] = []
        self.records: dict[str, NodeRecord] = {}
        self.loads = 0
        self.planned: dict[str, dict[str, str]] = {}
        self._run_id = run_id
        self._on_event = on_event
        self._lock = lock

    def emit(self, kind: type[Event], *values: Any) -> None:
        """Report an event; a listener that raises is not called again, and the run continues."""
        listener = self._on_event
        if listener is None:
            return
        try:
            listener(kind(self._run_id, *values))
        except (Exception, SystemExit, Cancelled) as error:  # the listener is the caller's, and may raise anything
            self._on_event = None
            self.warnings.append(f"on_event {describe_raised(error)}; it was not called again")

    def close(self) -> None:
        """Emit nothing more."""
        self._on_event = None

    def warn(self, state: NodeState, message: str) -> None:
        """Report a line that a node logged, once however many of its calls log it."""
        with self._lock:
            warnings = self.find_record(state).warnings
            if message in warnings or len(warnings) > _MOST_WARNINGS:
                return
            if len(warnings) == _MOST_WARNINGS:
                message = "there are more warnings, which are left out"
            warnings.append(message)
        self.emit(NodeWarned, state.node.id, state.node.type_name, message)

    def count_load(self, resident: Resident) -> None:
        """Count a model that was loaded, and keep with which load options its plan opened it."""
        with self._lock:
            self.loads += 1
            if resident.planned:
                self.planned[resident.reference] = dict(resident.planned)

    def find_record(self, state: NodeState) -> NodeRecord:
        """Return the record of a node; a new one the first time."""
        record = self.records.get(state.node.id)
        if record is None:
            record = self.records[state.node.id] = create_record(state)
        return record

    def update_records(self, states: Iterable[NodeState]) -> None:
        """Bring the records of nodes up to date."""
        for state in states:
            record = self.find_record(state)
            record.status = state.status
            record.fingerprints = [call.fingerprint for call in state.calls if call.fingerprint]
            record.outputs = {name: result.digest for name, result in state.outputs.items()}
            record.calls = len(state.calls)
            record.cached = count_cached(state)
            record.seconds = state.seconds
            record.error = state.error

    def summarize_models(self, models: Models) -> dict[str, Any]:
        """Return how many models were opened, and what is in memory now."""
        residents = models.residents()
        return {
            "opened": self.loads,
            "planned": self.planned,
            "resident_bytes": sum(resident.bytes for resident in residents),
            "resident": [asdict(resident) for resident in residents],
        }


def find_run_status(cancelled: bool, outputs: Iterable[Result | Unavailable], states: Iterable[NodeState]) -> RunStatus:
    """Return the status of a run that is over."""
    made = [isinstance(result, Result) for result in outputs]
    if cancelled and not all(made):
        return RunStatus.CANCELLED
    if any(state.status is FAILED for state in states):
        return RunStatus.PARTLY_DONE if any(made) else RunStatus.FAILED
    return RunStatus.DONE
