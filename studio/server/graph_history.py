"""`GraphHistory`: what past jobs tell of a graph: how long it and its nodes take, and what it made last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from studio.server.job import Job
from studio.server.job_file import JobFile
from studio.server.job_rows import read_job
from studio.server.step_summary import StepSummary, summarize_steps

_RUNS = 7


@dataclass(frozen=True)
class GraphRecord:
    """What past jobs tell of a graph.

    Attributes:
        seconds: How long a run takes that finds nothing in the cache; None if none is known.
        node_seconds: How long each node takes that ran.
        last: The newest job that succeeded; None if none did.
    """

    seconds: float | None = None
    node_seconds: dict[str, float] = field(default_factory=dict)
    last: Job | None = None


class GraphHistory:
    """Reads what past jobs tell of graphs. Its methods may be called from any thread.

    Args:
        file: Where the jobs are.
    """

    def __init__(self, file: JobFile) -> None:
        self._file = file

    def find(self, graph: str, owner: str | None = None) -> GraphRecord:
        """Return what past jobs tell of a graph.

        Args:
            graph: Its name.
            owner: Whose jobs count; None for those of all.
        """
        terms, given = ("", [graph]) if owner is None else ("AND owner = ? ", [graph, owner])
        query = f"SELECT id FROM jobs WHERE state = 'succeeded' AND graph = ? {terms}ORDER BY number DESC LIMIT {_RUNS}"
        with self._file.reading() as connection:
            ids = [row[0] for row in connection.execute(query, given)]
            jobs = [job for job in (read_job(connection, job_id) for job_id in ids) if job is not None]
        return _sum_up(jobs)


def _sum_up(jobs: Iterable[Job]) -> GraphRecord:
    runs = [(job, summarize_steps(job.nodes)) for job in jobs]
    if not runs:
        return GraphRecord()
    times: dict[str, list[float]] = {}
    for _, steps in runs:
        for node, seconds in steps.seconds.items():
            times.setdefault(node, []).append(seconds)
    node_seconds = {node: round(median(found), 3) for node, found in times.items()}
    return GraphRecord(_find_seconds(runs), node_seconds, runs[0][0])


def _find_seconds(runs: list[tuple[Job, StepSummary]]) -> float | None:
    """Return how long the runs took that found the least in the cache."""
    fewest = min(len(steps.cached) for _, steps in runs)
    whole = [
        job.ended - job.started
        for job, steps in runs
        if len(steps.cached) == fewest and job.ended is not None and job.started is not None
    ]
    return round(median(whole), 3) if whole and fewest == 0 else None
