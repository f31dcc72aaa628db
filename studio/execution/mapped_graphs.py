"""Graphs that are mapped over lists: a copy for each entry joins the run, and their outputs are put together."""

from __future__ import annotations

from collections.abc import Callable

from studio.execution.call import RUNNING, NodeState, Result, Unavailable, nest
from studio.execution.demand import Demand, select_results
from studio.execution.file_reading import FileReader
from studio.execution.flatten import create_plan
from studio.execution.plan import Plan, rename_nodes
from studio.execution.position import place_copy
from studio.execution.values import Values
from studio.graph.source import Given


def expand_graph(
    state: NodeState,
    args: dict[str, Result],
    demand: Demand,
    values: Values,
    reader: FileReader,
    add_copy: Callable[[Plan], None],
    combine: Callable[[NodeState], list[NodeState]],
) -> list[NodeState]:
    """Add a copy of a graph to the run for each entry of the mapped lists; return ready nodes.

    Args:
        state: The node.
        args: Its inputs.
        demand: The nodes of the run.
        values: The values of the run.
        reader: How files are read.
        add_copy: Adds the nodes of a copy.
        combine: Called with the node once its copies are done.
    """
    node = state.node
    assert node.subgraph is not None
    positions: list[dict[str, Result]] = []
    shape = values.spread(node, args, node.depth, positions)
    copies: list[Plan] = []
    for index, one in enumerate(positions):
        plan = create_plan(node.subgraph, {n: Given(r) for n, r in one.items()}, reader)
        place_copy(plan, state, index, len(positions))
        copies.append(rename_nodes(plan, f"{node.id}[{index}]/"))
    state.shape = shape
    return add_copies(state, copies, demand, add_copy, combine)


def add_copies(
    state: NodeState,
    copies: list[Plan],
    demand: Demand,
    add_copy: Callable[[Plan], None],
    combine: Callable[[NodeState], list[NodeState]],
) -> list[NodeState]:
    """Add graphs to the run that a node waits for; return ready nodes."""
    for copy in copies:
        add_copy(copy)
    children = [child for copy in copies for child in demand.find_output_states(copy)]
    state.status, state.copies = RUNNING, copies
    state.combine = combine
    done = demand.await_states(state, children)
    ready = demand.ask(children)
    return [*ready, state] if done else ready


def combine_copies(state: NodeState, demand: Demand) -> Unavailable | None:
    """Put the outputs of a mapped graph's copies together; return why that is impossible, if it is."""
    outputs: dict[str, Result] = {}
    for name in state.node.outputs:
        found = select_results([demand.find_result(copy.outputs[name][0]) for copy in state.copies])
        if isinstance(found, Unavailable):
            for other in state.node.outputs:
                demand.release_copies(state, other)
            return found
        outputs[name] = nest(state.shape, found)
    state.outputs = outputs
    inner = [demand.states[node_id] for copy in state.copies for node_id in copy.nodes]
    if state.node.node_type is None:
        state.seconds = measure_copies(state, demand)
    state.started = state.started or any(call.ran for child in inner for call in child.calls)
    for call in state.calls:  # the values in a subgraph were given to its nodes
        for result in call.results.values():
            result.forget_value()
    return None


def measure_copies(state: NodeState, demand: Demand) -> float:
    """Return the seconds that the copies of a mapped graph have taken so far."""
    return sum(demand.states[node_id].seconds for copy in state.copies for node_id in copy.nodes)
