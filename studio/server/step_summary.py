"""Sums up the nodes of a plan by the nodes of the graph that people see: inner graphs and readers are parts of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_READER = "file:"


@dataclass
class StepSummary:
    """What became of a graph's nodes in one run.

    Attributes:
        seconds: How long each node ran, by its id in the graph.
        cached: Nodes of which everything came from the cache.
        ran: Nodes of which anything ran.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)


def find_step(node_id: str) -> str | None:
    """Return the node of the graph that a node of the plan is a part of; None for one that reads a file."""
    return None if node_id.startswith(_READER) else node_id.partition("/")[0]


def group_steps(node_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the nodes of a plan by the nodes of the graph."""
    found: dict[str, list[str]] = {}
    for node_id in node_ids:
        step = find_step(node_id)
        if step is not None:
            found.setdefault(step, []).append(node_id)
    return found


def summarize_steps(nodes: Mapping[str, Mapping[str, Any]]) -> StepSummary:
    """Return what became of a graph's nodes.

    Args:
        nodes: State and time of each node of the plan, as a job has them.
    """
    summary = StepSummary()
    for step, inner in group_steps(nodes).items():
        states = {str(nodes[node_id].get("state")) for node_id in inner}
        seconds = sum(float(nodes[node_id].get("took") or 0) for node_id in inner)
        if "done" in states or "failed" in states:
            summary.ran.append(step)
            summary.seconds[step] = round(seconds, 3)
        elif "cached" in states:
            summary.cached.append(step)
    return summary
