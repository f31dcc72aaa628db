"""`Stages`: takes a node from its conditions over its inputs and lazy inputs to its calls."""

from __future__ import annotations

from collections.abc import Callable

from studio.api.events import NodeStarted
from studio.api.type_spec import describe_value
from studio.errors import StudioError
from studio.execution.call import (
    CONDITIONS,
    INPUTS,
    LAZY_INPUTS,
    RUNNING,
    Call,
    NodeState,
    Result,
    Unavailable,
)
from studio.execution.color_inputs import convert_inputs
from studio.execution.demand import Demand
from studio.execution.expansion import Expansions, find_expander
from studio.execution.file_reading import FileReader
from studio.execution.mapped_graphs import add_copies, combine_copies, expand_graph
from studio.execution.plan import Plan, PlanNode
from studio.execution.reporter import Reporter
from studio.execution.settling import Settler, find_fingerprint
from studio.execution.values import Values
from studio.plugin_code import mark_plugin_call

Advanced = tuple[list[NodeState], list[Call]]


class Stages:
    """Takes nodes from stage to stage.

    Args:
        demand: The nodes of the run.
        values: Values of results.
        settler: Settles nodes.
        reporter: Emits events.
        reader: How files are read in mapped graphs.
        add_copy: Adds a copy of a mapped graph, or a subgraph that a node type returned, to the run.
        expansions: Makes plans of these subgraphs.
    """

    def __init__(
        self,
        demand: Demand,
        values: Values,
        settler: Settler,
        reporter: Reporter,
        reader: FileReader,
        add_copy: Callable[[Plan], None],
        expansions: Expansions,
    ) -> None:
        self._expansions = expansions
        self._demand = demand
        self._values = values
        self._settler = settler
        self._reporter = reporter
        self._reader = reader
        self._add_copy = add_copy

    def advance(self, state: NodeState) -> Advanced:
        """Take a node whose present stage is complete as far as it goes.

        Returns:
            The nodes that are ready because of it, and the calls that are to be started.

        Raises:
            LostValue: The cache no longer has a value that a condition, a choice or a list needs.
        """
        if state.combine is not None:
            return state.combine(state), []
        if state.stage is CONDITIONS:
            unmet = self._check_conditions(state.node)
            if unmet is not None:
                return self._settler.skip(state, unmet), []
            newly = self._demand.enter(state, INPUTS)
            if newly is not None:
                return newly, []
        node_type = state.node.node_type
        if node_type is not None and node_type.needs is not None and state.stage is INPUTS:
            args = self._demand.find_args(state)
            if isinstance(args, Unavailable):
                return self._settler.skip(state, args), []
            state.needed_inputs = self._find_needs(state, args)
            newly = self._demand.enter(state, LAZY_INPUTS)
            if newly is not None:
                return newly, []
        return self._begin(state)

    def _check_conditions(self, node: PlanNode) -> Unavailable | None:
        """Return why a node is skipped by its conditions, or None."""
        for source in node.conditions:
            result = self._demand.find_result(source)
            if isinstance(result, Unavailable):
                return result
            value = self._values.load(result)
            if not isinstance(value, bool):
                raise StudioError("E303", f"'when' takes a bool, not {describe_value(value)}")
            if not value:
                return Unavailable("its 'when' is false")
        return None

    def _find_needs(self, state: NodeState, args: dict[str, Result]) -> frozenset[str]:
        """Return the lazy inputs that a node needs; a mapped one needs what any of its entries needs."""
        node_type = state.node.node_type
        assert node_type is not None
        assert node_type.needs is not None
        positions: list[dict[str, Result]] = []
        self._values.spread(state.node, args, state.node.depth, positions)
        wanted: set[str] = set()
        for one in positions:
            given, _ = convert_inputs(node_type, self._values.load_inputs(state.node, one))
            with mark_plugin_call():
                wanted.update(node_type.needs(**{n: v for n, v in given.items() if not node_type.inputs[n].lazy}))
        return frozenset(wanted)

    def _begin(self, state: NodeState) -> Advanced:
        """Create the calls of a node whose inputs are available, or the copies of a mapped graph."""
        args = self._demand.find_args(state)
        if isinstance(args, Unavailable):
            return self._settler.skip(state, args), []
        node_type = state.node.node_type
        if node_type is None:
            return self._expand(state, args), []
        positions = [args]
        if state.mapped:
            positions = []
            state.shape = self._values.spread(state.node, args, state.node.depth, positions)
        called = find_expander(node_type) if node_type.expands else node_type
        state.calls = [Call(state, called, one, index) for index, one in enumerate(positions)]
        state.status = RUNNING
        return ([], state.calls) if state.calls else (self.finish_calls(state), [])

    def finish_calls(self, state: NodeState) -> list[NodeState]:
        """Settle a node whose calls are all done, or have the subgraphs run that they returned.

        Raises:
            StudioError: A subgraph is wrong or too large.
        """
        node_type = state.node.node_type
        if node_type is None or not node_type.expands:
            return self._settler.settle_calls(state)
        return add_copies(state, self._expansions.create_plans(state), self._demand, self._add_copy, self._combine)

    def _expand(self, state: NodeState, args: dict[str, Result]) -> list[NodeState]:
        return expand_graph(state, args, self._demand, self._values, self._reader, self._add_copy, self._combine)

    def _combine(self, state: NodeState) -> list[NodeState]:
        """Settle a mapped graph, or a node with subgraphs, when they are done."""
        missing = combine_copies(state, self._demand)
        if missing is not None:
            return self._settler.skip(state, missing)
        if state.started and not state.announced:
            self._reporter.emit(NodeStarted, state.node.id, state.node.type_name)
        return self._settler.settle_done(state, find_fingerprint(state))
