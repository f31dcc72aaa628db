"""Finds the files that jobs made: a page of them, the newest first."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from studio.server.job import Job, JobOutput
from studio.server.job_rows import read_summaries

_ID = re.compile(r"(job-[0-9a-f]{16})\.([0-9]{1,6})")
_KINDS = {
    "image": "files.media_type LIKE 'image/%'",
    "audio": "files.media_type LIKE 'audio/%'",
    "video": "files.media_type LIKE 'video/%'",
    "text": "(files.media_type LIKE 'text/%' OR files.media_type = 'application/json')",
}
KINDS = tuple(_KINDS)
LONGEST_WORD = 64
"""Of a word, so many letters are looked for."""

_TEXT = (  # its length and that of the words bound how long one row takes: a comparison cannot be interrupted
    "(substr(jobs.vals, 1, 4096) || ' ' || substr(jobs.title, 1, 1024) || ' ' || substr(coalesce(jobs.graph, ''), 1, "
    "256) || ' ' || substr(name, 1, 256))"
)


@dataclass(frozen=True)
class Result:
    """A file that a job made.

    Attributes:
        job: The job.
        position: Its place among the files of the job.
    """

    job: Job
    position: int

    @property
    def id(self) -> str:
        """How clients name it."""
        return f"{self.job.id}.{self.position}"

    @property
    def output(self) -> JobOutput:
        """The file."""
        return self.job.outputs[self.position]


@dataclass(frozen=True)
class ResultFilter:
    """Which results to list.

    Attributes:
        kinds: Of `KINDS`; empty for all.
        words: All of them are in the first 4096 characters of the values, the title, the graph's name or the file's
            name.
        graph: The name of a graph; None for all.
        job: The id of a job; None for all.
        owner: The name of a token; None for all.
        before: Only results after this one in the list, by its id; None for the first.
        limit: How many at most.
    """

    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    graph: str | None = None
    job: str | None = None
    owner: str | None = None
    before: str | None = None
    limit: int = 60


def parse_result_id(text: str) -> tuple[str, int] | None:
    """Return the job's id and the position that name a result, or None."""
    found = _ID.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def read_results(connection: sqlite3.Connection, wanted: ResultFilter) -> list[Result]:
    """Return a page of results, the newest first; long values of their jobs are None."""
    terms: list[str] = ["TRUE"]
    given: list[Any] = []
    for column, value in (("jobs.graph", wanted.graph), ("jobs.id", wanted.job), ("jobs.owner", wanted.owner)):
        if value is not None:
            terms.append(f"{column} = ?")
            given.append(value)
    kinds = [_KINDS[kind] for kind in wanted.kinds]
    terms += [f"({' OR '.join(kinds)})"] if kinds else []
    for word in wanted.words:
        terms.append(f"{_TEXT} LIKE ? ESCAPE '\\'")
        given.append("%" + re.sub(r"([\\%_])", r"\\\1", word[:LONGEST_WORD]) + "%")
    before = parse_result_id(wanted.before) if wanted.before is not None else None
    if before is not None:
        terms.append("(jobs.number, -position) < (coalesce((SELECT number FROM jobs WHERE id = ?), 0), -?)")
        given += before
    # jobs come first, so that a page reads no more than it shows
    query = (
        "SELECT jobs.id, position FROM jobs CROSS JOIN outputs ON outputs.job = jobs.id "
        f"LEFT JOIN files ON files.digest = outputs.digest WHERE {' AND '.join(terms)} "
        "ORDER BY jobs.number DESC, position LIMIT ?"
    )
    rows: list[tuple[str, int]] = connection.execute(query, (*given, wanted.limit)).fetchall()
    jobs = read_summaries(connection, {row[0] for row in rows})
    return [Result(jobs[job_id], position) for job_id, position in rows]
