"""Plans: what outputs need is kept, with its edges; ids can get a prefix."""

from __future__ import annotations

from studio.api import TypeSpec
from studio.execution.plan import PlanNode, prune_plan, rename_nodes
from studio.graph.resolved import Bound
from studio.graph.source import Collected, Constant, Reference, Source

INT = TypeSpec("int")


def make_node(node_id: str, *sources: Source, when: tuple[Source, ...] = ()) -> PlanNode:
    inputs = {f"i{number}": Bound(source, INT) for number, source in enumerate(sources)}
    return PlanNode(node_id, None, inputs, {"o": INT}, when)


def lead(node_id: str) -> Reference:
    return Reference(node_id, "o")


NODES = {
    node.id: node
    for node in (
        make_node("a"),
        make_node("b", lead("a"), Constant(1)),
        make_node("c", Collected((lead("a"), Collected((lead("b"),))))),
        make_node("d", lead("c")),
        make_node("e", when=(lead("d"),)),
        make_node("alone", lead("alone_too")),
        make_node("alone_too"),
    )
}


def test_a_plan_keeps_what_its_outputs_need() -> None:
    plan = prune_plan(NODES, {"o": (lead("c"), INT)})

    assert list(plan.nodes) == ["a", "b", "c"]  # in the order of the graph
    assert sorted(plan.graph.edges) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_the_graph_of_a_plan_has_every_node_of_it_also_those_without_edges() -> None:
    plan = prune_plan(NODES, {"o": (Collected((lead("c"), lead("alone_too"))), INT)})

    assert sorted(plan.graph.nodes) == sorted(plan.nodes) == ["a", "alone_too", "b", "c"]


def test_a_condition_is_needed_too() -> None:
    plan = prune_plan(NODES, {"o": (lead("e"), INT)})

    assert list(plan.nodes) == ["a", "b", "c", "d", "e"]
    assert ("d", "e") in plan.graph.edges


def test_an_output_may_be_a_list_or_no_node_at_all() -> None:
    assert list(prune_plan(NODES, {"o": (Collected((lead("a"), lead("alone_too"))), INT)}).nodes) == ["a", "alone_too"]
    assert prune_plan(NODES, {"o": (Constant(1), INT)}).nodes == {}


def test_a_prefix_holds_for_every_reference() -> None:
    plan = rename_nodes(prune_plan(NODES, {"o": (Collected((lead("e"), Constant(2))), INT)}), "x/")

    assert list(plan.nodes) == ["x/a", "x/b", "x/c", "x/d", "x/e"]
    assert all(node.id == node_id for node_id, node in plan.nodes.items())
    assert plan.outputs["o"][0] == Collected((lead("x/e"), Constant(2)))
    assert plan.nodes["x/c"].inputs["i0"].source == Collected((lead("x/a"), Collected((lead("x/b"),))))
    assert plan.nodes["x/e"].conditions == (lead("x/d"),)
    assert set(plan.graph) == set(plan.nodes)
    assert ("x/d", "x/e") in plan.graph.edges


def test_a_node_names_all_that_it_may_need() -> None:
    node = make_node("n", lead("a"), Collected((lead("b"), Constant(1))), when=(lead("c"),))

    assert {reference.node for reference in node.find_sources()} == {"a", "b", "c"}
