"""Order of nodes: topological, found without recursion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def sort_nodes(sources: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Sort nodes so that each comes after what it needs; return (sorted, those on or behind a cycle).

    Args:
        sources: For each node the nodes that it needs; unknown names do not count.
    """
    needs = {name: set(needed) & sources.keys() for name, needed in sources.items()}
    dependents = _find_dependents(needs)
    waiting = {name: len(known) for name, known in needs.items()}
    order = [name for name, count in waiting.items() if count == 0]
    for name in order:  # grows while it is walked
        for dependent in dependents[name]:
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                order.append(dependent)
    return order, [name for name in sources if waiting[name]]


def _find_dependents(needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return for each node the nodes that need it."""
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for source in needed:
            dependents[source].append(name)
    return dependents


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
