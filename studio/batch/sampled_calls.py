"""`SampledCall`: a call that an item of a sample needs; calls of several items that make the same have one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from studio.execution.explain import Explanation
from studio.execution.plan import Plan, PlanNode


@dataclass(frozen=True)
class SampledCall:
    """A call that an item needs.

    Attributes:
        name: Equal for calls that make the same, of which one runs.
        row: What the cache knows of it.
    """

    name: str
    row: Explanation


class CallNames:
    """Names the calls of plans that were made from one graph."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[PlanNode, list[str], str]]] = {}
        self._count = 0

    def name_calls(self, plan: Plan, rows: Iterable[Explanation]) -> list[SampledCall]:
        """Return the calls of a plan.

        A call that waits for others has no fingerprint yet. It makes the same as another if its node is the same, and
        all that it waits for.
        """
        by_node = {row.node: row for row in rows}
        names: dict[str, str] = {}
        needed = {node.id: {source.node for source in node.find_sources()} for node in plan.nodes.values()}
        for node_id in TopologicalSorter(needed).static_order():
            if node_id in plan.nodes:
                names[node_id] = self._name(plan.nodes[node_id], by_node.get(node_id), names)
        return [SampledCall(names.get(row.node) or row.fingerprint or self._create(), row) for row in by_node.values()]

    def _name(self, node: PlanNode, row: Explanation | None, names: dict[str, str]) -> str:
        if row is None or row.standing == "always runs":
            return self._create()
        if row.fingerprint:
            return row.fingerprint
        sources = [names.get(source.node, "") for source in node.find_sources()]
        known = self._known.setdefault(node.id, [])
        found = next((name for other, ends, name in known if ends == sources and _is_same(other, node)), "")
        if not found:
            found = self._create()
            known.append((node, sources, found))
        return found

    def _create(self) -> str:
        self._count += 1
        return f"call {self._count}"


def _is_same(node: PlanNode, other: PlanNode) -> bool:
    try:
        return bool(node == other)
    except Exception:  # values of a plugin's type may compare in any way
        return False


def estimate_distinct(names: Sequence[str]) -> float:
    """Return about how many different names there are where these were drawn; infinity if no two are equal.

    Of all pairs of draws, one in so many is equal as there are names.
    """
    counts = Counter(names)
    equal = sum(count * (count - 1) for count in counts.values())
    return max(len(counts), len(names) * (len(names) - 1) / equal) if equal else float("inf")
