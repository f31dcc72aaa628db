"""Reads jobs from their rows, one or a page of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio.server.job import Job, JobOutput, JobState

_COLUMNS = (
    "id, number, state, graph, document, title, vals, only_outputs, formats, priority, claim, crashes, cancelling, "
    "made, started, ended, expires, owner, metadata, error, warnings, nodes, reused, stack, models"
)
_LONGEST_LISTED = 4096
"""Values whose JSON is longer are not in lists of jobs and results."""

_SUMMARY_COLUMNS = _COLUMNS.replace("vals", f"CASE WHEN length(vals) <= {_LONGEST_LISTED} THEN vals END")
_LISTED_COLUMNS = _SUMMARY_COLUMNS.replace("nodes", "NULL")


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list.

    Attributes:
        states: States to list; empty for all.
        graph: The name of a graph; None for all.
        owner: The name of a token; None for all.
        before: Only jobs that came before the one with this number; None for the newest.
        limit: How many at most.
        in_line: Whether to list them as they run, those that run now first, and not the newest first.
        offset: How many of the first to leave out.
    """

    states: Sequence[JobState] = ()
    graph: str | None = None
    owner: str | None = None
    before: int | None = None
    limit: int = 50
    in_line: bool = False
    offset: int = 0


def read_job(connection: sqlite3.Connection, job_id: str) -> Job | None:
    """Return a job with its outputs, or None."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _add_outputs(connection, [_parse_job(row)])[0]


def read_summaries(connection: sqlite3.Connection, job_ids: Iterable[str]) -> dict[str, Job]:
    """Return jobs with their outputs and nodes, by id; their values are None if they are long."""
    query = f"SELECT {_SUMMARY_COLUMNS} FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (json.dumps(list(job_ids)),)).fetchall()
    return {job.id: job for job in _add_outputs(connection, [_parse_job(row) for row in rows])}


def read_jobs(connection: sqlite3.Connection, wanted: JobFilter) -> list[Job]:
    """Return a page of jobs with their outputs, the newest first."""
    terms: list[tuple[str, Any]] = [("number < ?", wanted.before), ("graph = ?", wanted.graph)]
    terms += [("owner = ?", wanted.owner)]
    used = [(term, value) for term, value in terms if value is not None]
    if wanted.states:
        used.append(("state IN (SELECT value FROM json_each(?))", json.dumps(list(wanted.states))))
    where = f"WHERE {' AND '.join(term for term, _ in used)}" if used else ""
    order = "state = 'running' DESC, priority DESC, place, number" if wanted.in_line else "number DESC"
    page = f"SELECT number FROM jobs {where} ORDER BY {order} LIMIT ? OFFSET ?"  # an index has all that it reads
    query = f"SELECT {_LISTED_COLUMNS} FROM jobs WHERE number IN ({page}) ORDER BY {order}"
    rows = connection.execute(query, (*(value for _, value in used), wanted.limit, wanted.offset)).fetchall()
    return _add_outputs(connection, [_parse_job(row) for row in rows])


def find_places(connection: sqlite3.Connection, jobs: Iterable[Job]) -> dict[str, int]:
    """Return the places of queued jobs: 1 for the one that runs next.

    Rows of the index are counted once, however many jobs there are: from each job to the next one of its priority.
    """
    queued = [job.id for job in jobs if job.state is JobState.QUEUED]
    rows = connection.execute(_QUEUED, (json.dumps(queued),)).fetchall() if queued else ()
    places: dict[str, int] = {}
    before, last, line = None, (-2, -1), 0
    for job_id, priority, place, number in rows:
        if priority != before:
            before, last = priority, (-2, -1)
            line = connection.execute(_HIGHER, (priority,)).fetchone()[0]
        line += connection.execute(_BETWEEN, (priority, *last, place, number)).fetchone()[0]
        last = (place, number)
        places[job_id] = line
    return places


_QUEUED = (  # with the plus, jobs are found by their ids; without it, SQLite reads all that are queued
    "SELECT id, priority, place, number FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'queued' "
    "ORDER BY priority DESC, place, number"
)
_HIGHER = "SELECT count(*) FROM jobs WHERE state = 'queued' AND priority > ?"
_BETWEEN = (
    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued' AND priority = ?1 AND place > ?2 AND place < ?4) "
    "+ (SELECT count(*) FROM jobs WHERE state = 'queued' AND priority = ?1 AND place = ?4 AND number <= ?5 "
    "AND (place > ?2 OR number > ?3)) "
    "+ (SELECT count(*) FROM jobs WHERE state = 'queued' AND priority = ?1 AND place = ?2 AND number > ?3 AND ?4 > ?2)"
)


def _add_outputs(connection: sqlite3.Connection, jobs: list[Job]) -> list[Job]:
    """Return jobs with the files that they made."""
    found: dict[str, list[JobOutput]] = {job.id: [] for job in jobs}
    rows = connection.execute(
        "SELECT job, output, entry, name, digest, bytes, loss, label, credentials, credentials_bytes FROM outputs "
        "WHERE job IN (SELECT value FROM json_each(?)) ORDER BY job, position",
        (json.dumps(list(found)),),
    )
    for row in rows:
        found[row[0]].append(JobOutput(*row[1:]))
    return [replace(job, outputs=found[job.id]) for job in jobs]


def _parse_job(row: tuple[Any, ...]) -> Job:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Job(
        id=values["id"],
        number=values["number"],
        state=JobState(values["state"]),
        graph=values["graph"],
        document_digest=values["document"],
        title=values["title"],
        values=_load(values["vals"]),
        only=_load(values["only_outputs"]),
        formats=json.loads(values["formats"]),
        priority=values["priority"],
        claim=values["claim"],
        crashes=values["crashes"],
        is_cancelling=bool(values["cancelling"]),
        made=values["made"],
        started=values["started"],
        ended=values["ended"],
        expires=values["expires"],
        owner=values["owner"],
        metadata=json.loads(values["metadata"]),
        error=_load(values["error"]),
        warnings=_load(values["warnings"]) or (),
        nodes=_load(values["nodes"]) or {},
        reused=None if values["reused"] is None else bool(values["reused"]),
        stack=values["stack"],
        models=values["models"],
    )


def _load(text: str | None) -> Any:
    return None if text is None else json.loads(text)
