"""What a job would do before it is queued: which nodes the cache has, how long the others take, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.app import Studio
from studio.errors import Finding, GraphError
from studio.execution.explain import Explanation, explain_plan
from studio.server.hidden_paths import hide_paths
from studio.server.step_summary import group_steps
from studio.server.submissions import JobRequest, Submissions

_SETTLED = ("hit", "skipped")


def create_forecast(
    studio: Studio, submissions: Submissions, request: JobRequest, known_seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what a job would do; nothing runs, and nothing heavy is loaded.

    Args:
        studio: What looks into the cache.
        submissions: What checks the request.
        request: What would be asked for.
        known_seconds: How long nodes of this graph took in past jobs, by their ids in the graph.

    Raises:
        UsageError: The graph or a file is unknown, or the request is wrong.
    """
    try:
        plan = submissions.plan(request)
    except GraphError as error:
        return {"seconds": None, "nodes": {}, "findings": [_describe(finding) for finding in error.findings]}
    rows = {row.node: row for row in explain_plan(studio.local_executor, plan)}
    nodes = {
        step: _sum_up(studio, [rows[node_id] for node_id in inner], known_seconds.get(step))
        for step, inner in group_steps(rows).items()
    }
    times = [node["seconds"] for node in nodes.values() if node["state"] == "waiting"]
    seconds = None if times and None in times and not any(times) else sum(one or 0 for one in times)
    return {"seconds": None if seconds is None else round(seconds, 3), "nodes": nodes, "findings": []}


def _sum_up(studio: Studio, rows: Sequence[Explanation], known_seconds: float | None) -> dict[str, Any]:
    """Return what becomes of a node of the graph; `rows` are its parts in the plan."""
    standings = {row.standing for row in rows}
    if standings == {"skipped"}:
        return {"state": "skipped", "seconds": 0}
    if standings <= set(_SETTLED):
        return {"state": "cached", "seconds": 0}
    if known_seconds is not None:
        return {"state": "waiting", "seconds": known_seconds}
    times = [studio.cache.find_mean_seconds(row.node_type) for row in rows if row.standing not in _SETTLED]
    found = [seconds for seconds in times if seconds is not None]
    return {"state": "waiting", "seconds": round(sum(found), 3) if found else None}


def _describe(finding: Finding) -> dict[str, Any]:
    """Return a finding for the input of the graph that it is about."""
    parts = finding.where.split("/")
    name = (
        parts[2].replace("~1", "/").replace("~0", "~") if len(parts) > 2 and parts[1] in ("inputs", "values") else None
    )
    row: dict[str, Any] = hide_paths(finding.to_json())
    return {**row, "input": name}
