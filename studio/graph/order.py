"""Order of nodes: topological, found without recursion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def sort_nodes(sources: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Sort nodes so that each stands after what it needs; return (sorted, those on or behind a cycle).

    Args:
        sources: For each node the nodes that it needs; unknown names do not count.
    """
    waiting: dict[str, int] = {}
    dependents: dict[str, list[str]] = {name: [] for name in sources}
    for name, needed in sources.items():
        known = {source for source in needed if source in sources}
        waiting[name] = len(known)
        for source in known:
            dependents[source].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    order: list[str] = []
    for name in ready:  # grows while it is walked
        order.append(name)
        for dependent in dependents[name]:
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                ready.append(dependent)
    if len(order) == len(waiting):
        return order, []
    done = set(order)
    return order, [name for name in sources if name not in done]


def find_cycle(sources: Mapping[str, Sequence[str]], stuck: Sequence[str]) -> list[str]:
    """Return one cycle among nodes that could not be sorted, in the direction of the edges."""
    inside = set(stuck)
    path: list[str] = []
    position: dict[str, int] = {}
    name = stuck[0]
    while name not in position:
        position[name] = len(path)
        path.append(name)
        name = next(source for source in sources[name] if source in inside)
    return list(reversed(path[position[name] :]))
