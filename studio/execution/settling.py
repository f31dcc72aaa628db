"""`Settler`: settles nodes as done, skipped or failed, and reports it."""

from __future__ import annotations

from studio.api.events import NodeCached, NodeFailed, NodeFinished, NodeSkipped
from studio.errors import NodeError
from studio.execution.call import DONE, FAILED, SKIPPED, NodeState, Unavailable, nest
from studio.execution.demand import Demand
from studio.execution.reporter import Reporter


class Settler:
    """Settles nodes. Every method returns the nodes that are ready because of it; a node is settled once.

    Args:
        demand: The nodes of the run.
        reporter: Emits events.
    """

    def __init__(self, demand: Demand, reporter: Reporter) -> None:
        self._demand = demand
        self._reporter = reporter

    def settle_calls(self, state: NodeState) -> list[NodeState]:
        """Settle a node whose calls are all done."""
        calls = state.calls
        if state.mapped:
            assert state.node.node_type is not None
            names = state.node.node_type.outputs
            state.outputs = {name: nest(state.shape, [call.results[name] for call in calls]) for name in names}
        else:
            state.outputs = calls[0].results
        return self.settle_done(state, find_fingerprint(state))

    def settle_done(self, state: NodeState, fingerprint: str = "") -> list[NodeState]:
        """Settle a node whose outputs are available."""
        ready = self._demand.settle(state, DONE)
        if ready is None:
            return []
        if state.started:
            self._reporter.emit(NodeFinished, state.node.id, state.node.type_name, fingerprint, state.seconds)
        else:
            self._reporter.emit(NodeCached, state.node.id, state.node.type_name, fingerprint)
        return ready

    def skip(self, state: NodeState, missing: Unavailable) -> list[NodeState]:
        """Settle a node that does not run."""
        ready = self._demand.settle(state, SKIPPED, skipped_for=missing)
        if ready is None:
            return []
        self._reporter.emit(NodeSkipped, state.node.id, state.node.type_name, missing.reason)
        return ready

    def fail(self, state: NodeState, error: NodeError) -> list[NodeState]:
        """Settle a node that failed."""
        ready = self._demand.settle(state, FAILED, error=error)
        if ready is None:
            return []
        self._reporter.emit(NodeFailed, state.node.id, state.node.type_name, error)
        return ready


def find_fingerprint(state: NodeState) -> str:
    """Return the fingerprint of a node's only call; "" if it has none, or several calls."""
    return (state.calls[0].fingerprint or "") if len(state.calls) == 1 else ""
