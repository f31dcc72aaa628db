"""Nodes are sorted without recursion, and cycles are named with their path."""

from __future__ import annotations

import random

from studio.graph import check_graph, parse_graph
from studio.graph.order import find_cycle, sort_nodes
from studio.registry import Registry


def test_each_node_stands_after_what_it_needs() -> None:
    rng = random.Random(1)
    sources = {f"n{i}": [f"n{rng.randrange(i)}" for _ in range(min(i, 3))] for i in range(500)}
    shuffled = dict(rng.sample(list(sources.items()), len(sources)))

    order, stuck = sort_nodes(shuffled)

    place = {name: index for index, name in enumerate(order)}
    assert stuck == []
    assert all(place[needed] < place[name] for name, all_needed in sources.items() for needed in all_needed)


def test_unknown_and_repeated_sources_do_not_count() -> None:
    assert sort_nodes({"a": ["zz", "b", "b"], "b": []}) == (["b", "a"], [])


def test_a_chain_of_10000_nodes_is_sorted() -> None:
    sources = {f"n{i}": [f"n{i + 1}"] for i in range(9999)} | {"n9999": []}

    order, stuck = sort_nodes(sources)

    assert (order[0], order[-1], len(order), stuck) == ("n9999", "n0", 10_000, [])


def test_a_cycle_is_named_in_the_direction_of_its_edges() -> None:
    sources = {"a": ["c"], "b": ["a"], "c": ["b", "free"], "behind": ["a"], "free": []}

    order, stuck = sort_nodes(sources)
    cycle = find_cycle(sources, stuck)

    assert order == ["free"]
    assert set(stuck) == {"a", "b", "c", "behind"}
    assert len(cycle) == 3
    assert all(cycle[i] in sources[cycle[(i + 1) % 3]] for i in range(3))


def test_a_cycle_of_10000_nodes_is_found() -> None:
    sources = {f"n{i}": [f"n{(i + 1) % 10_000}"] for i in range(10_000)}

    order, stuck = sort_nodes(sources)

    assert order == []
    assert len(find_cycle(sources, stuck)) == 10_000


def test_a_chain_of_10000_nodes_is_valid(registry: Registry) -> None:
    nodes = {"n0": {"type": "image.new"}}
    nodes |= {f"n{i}": {"type": "image.invert", "inputs": {"image": {"from": f"n{i - 1}"}}} for i in range(1, 10_000)}
    graph = parse_graph({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "n9999"}}})

    assert check_graph(graph, registry) == []
