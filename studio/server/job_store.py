"""`JobStore`: the durable queue of a server's jobs."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

from blake3 import blake3

from studio.errors import UsageError
from studio.server.job import Job, JobEnd, JobState, Submission
from studio.server.job_file import JobFile
from studio.server.job_line import read_line, swap_places
from studio.server.job_rows import JobFilter, find_places, read_job, read_jobs
from studio.server.job_window import ANY_JOB, LOOKAHEAD, Preference
from studio.server.result_rows import Result, ResultFilter, read_results
from studio.surrogates import dump_json, escape_surrogates

MOST_CRASHES = 5
"""A job that ran at so many deaths of the server is not run again."""

_PATIENT_CRASHES = 2
"""A job that ran at so many goes behind the others of its priority, so that they run at all."""

KEY_SEPARATOR = "\n"
"""Stands between an idempotency key and the number of a job of one request; no header contains it."""

_CRASHED = {
    "code": "E822",
    "where": "",
    "message": f"the server or its worker died {MOST_CRASHES} times while this job ran",
    "hint": "look into the log of the system; retry runs the job again",
    "retry": True,
}
_SEARCH_SECONDS = 5.0
_ENDED = "('succeeded', 'failed', 'cancelled')"


class JobStore:
    """The jobs of one server. Every method may be called from any thread.

    Args:
        file: Where they are.
        keep_seconds: How long a job is kept after it ended.
        most_queued: How many jobs may wait.
    """

    def __init__(self, file: JobFile, *, keep_seconds: float = 7 * 86400.0, most_queued: int = 100_000) -> None:
        self._file = file
        self._keep_seconds = keep_seconds
        self._most_queued = most_queued

    # -- clients ---------------------------------------------------------------------------------------

    def submit(self, wanted: Submission, most_queued: int | None = None) -> tuple[Job, bool]:
        """Queue a job and return it; the second value says whether it is new, and not known by its key.

        Args:
            wanted: What the client asks for.
            most_queued: How many jobs of its owner may wait; None for no limit of its own.

        Raises:
            UsageError: E814 if the key belongs to another request, E817 if too many jobs wait.
        """
        text = dump_json(wanted.document, separators=(",", ":"))
        digest = blake3(text.encode()).hexdigest()
        job_id = f"job-{secrets.token_hex(8)}"
        with self._file.transaction() as connection:
            known = _find_by_key(connection, wanted.owner, wanted.key, wanted.request_digest)
            if known is not None:
                return known, False
            self._check_room(connection, wanted.owner, most_queued)
            connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (digest, text))
            row = (
                job_id,
                wanted.graph,
                digest,
                escape_surrogates(str(wanted.document.get("title") or "")),
                dump_json(wanted.values),
            )
            only = None if wanted.only is None else dump_json(list(wanted.only))
            formats = dump_json(wanted.formats)
            more = (only, formats, wanted.priority, time.time(), wanted.owner, dump_json(wanted.metadata))
            connection.execute(
                "INSERT INTO jobs (state, id, graph, document, title, vals, only_outputs, formats, priority, made, "
                "owner, metadata, request_key, request_digest, stack, models, place) "
                "VALUES ('queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "(SELECT coalesce(max(number), 0) + 1 FROM jobs))",
                (*row, *more, wanted.key, wanted.request_digest, wanted.stack, wanted.models),
            )
            _note_files(connection, job_id, wanted.files)
            if wanted.webhook is not None:
                hook = wanted.webhook
                connection.execute(
                    "INSERT INTO webhooks (job, url, events, form, owner) VALUES (?, ?, ?, ?, ?)",
                    (job_id, hook.url, dump_json(list(hook.events)), hook.form, wanted.owner),
                )
            job = read_job(connection, job_id)
        assert job is not None
        return job, True

    def find_by_key(self, owner: str, key: str | None, request_digest: str) -> Job | None:
        """Return the job that a key of an owner got before, or None.

        Raises:
            UsageError: E814 if the key belongs to another request.
        """
        if key is None:
            return None
        with self._file.reading() as connection:
            return _find_by_key(connection, owner, key, request_digest)

    def _check_room(self, connection: sqlite3.Connection, owner: str, most_queued: int | None) -> None:
        if most_queued is not None:
            _check_own_room(connection, owner, most_queued)
        count = connection.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0]
        if count >= self._most_queued:
            message = f"{count} jobs wait already"
            raise UsageError("E817", message, hint="send the job again later; Retry-After says when")

    def find(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            UsageError: E811 if there is none.
        """
        with self._file.reading() as connection:
            job = read_job(connection, job_id)
        if job is None:
            raise UsageError("E811", f"unknown job {job_id[:80]!r}", hint="GET /api/v1/jobs lists the jobs")
        return job

    def list_jobs(self, wanted: JobFilter) -> list[Job]:
        """Return a page of jobs, the newest first."""
        with self._file.reading() as connection:
            return read_jobs(connection, wanted)

    def list_results(self, wanted: ResultFilter) -> list[Result]:
        """Return a page of the files that jobs made, the newest first.

        Raises:
            UsageError: E809 if the search takes too long.
        """
        with self._file.searching(_SEARCH_SECONDS) as connection:
            return read_results(connection, wanted)

    def find_places(self, jobs: Iterable[Job]) -> dict[str, int]:
        """Return the places of those jobs that are queued: 1 for the next one."""
        with self._file.reading() as connection:
            return find_places(connection, jobs)

    def find_document(self, job: Job) -> dict[str, Any]:
        """Return the graph document of a job."""
        with self._file.reading() as connection:
            query = "SELECT document FROM documents WHERE digest = ?"
            row = connection.execute(query, (job.document_digest,)).fetchone()
        document: dict[str, Any] = json.loads(row[0])
        return document

    def find_oldest_queued(self) -> float | None:
        """Return when the job came that waits longest, or None if none waits."""
        with self._file.reading() as connection:
            query = "SELECT made FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1"
            row = connection.execute(query).fetchone()
        return row[0] if row is not None else None

    def count_states(self, owner: str | None = None) -> dict[JobState, int]:
        """Return how many jobs of a token, or of all for None, are in each state."""
        with self._file.reading() as connection:
            where, given = ("", ()) if owner is None else ("WHERE owner = ?", (owner,))
            rows = connection.execute(f"SELECT state, count(*) FROM jobs {where} GROUP BY state", given).fetchall()
        return dict.fromkeys(JobState, 0) | {JobState(state): count for state, count in rows}

    def cancel(self, job_id: str) -> tuple[Job, bool]:
        """Cancel a job: at once if it is queued; one that runs is to end. Say whether it is cancelled by this.

        Raises:
            UsageError: E811 if it is unknown, E813 if it has ended.
        """
        now = time.time()
        with self._file.transaction() as connection:
            done = connection.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ?, expires = ? WHERE id = ? AND state = 'queued'",
                (now, now + self._keep_seconds, job_id),
            )
            connection.execute("UPDATE jobs SET cancelling = 1 WHERE id = ? AND state = 'running'", (job_id,))
            job = self.find(job_id)
        if job.state not in (JobState.CANCELLED, JobState.RUNNING):
            message = f"job {job_id!r} has {job.state} already"
            raise UsageError("E813", message, hint="only queued and running jobs can be cancelled")
        return job, done.rowcount == 1

    def expire(self, job_id: str) -> None:
        """Let an ended job be forgotten with its files when expired ones are."""
        with self._file.transaction() as connection:
            connection.execute(f"UPDATE jobs SET expires = ? WHERE id = ? AND state IN {_ENDED}", (time.time(), job_id))

    def move(self, job_id: str, by: int, owner: str | None = None) -> Job:
        """Let a queued job change places with another one that waits.

        Args:
            job_id: The job.
            by: How many places towards the end; below 0 towards the front. It stops at the first and the last place.
            owner: Whose jobs it may change places with; None for those of all.

        Raises:
            UsageError: E811 if it is unknown, E813 if it does not wait.
        """
        with self._file.transaction() as connection:
            job = self.find(job_id)
            line = read_line(connection, owner)
            if job_id not in line:
                message = f"job {job_id!r} is {job.state}"
                raise UsageError("E813", message, hint="only queued jobs have a place in the queue")
            start = line.index(job_id)
            end = min(max(start + by, 0), len(line) - 1)
            step = 1 if end > start else -1
            for index in range(start, end, step):
                swap_places(connection, job_id, line[index + step])
            return self.find(job_id)

    def forget_ended(self, owner: str | None = None) -> int:
        """Remove all jobs that have ended, of a token or of all for None; return how many there were."""
        terms, given = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        with self._file.transaction() as connection:
            done = connection.execute(f"DELETE FROM jobs WHERE state IN {_ENDED}{terms}", given)
            if done.rowcount:
                connection.execute("DELETE FROM documents WHERE digest NOT IN (SELECT document FROM jobs)")
        return done.rowcount

    def retry(self, job_id: str, most_queued: int | None = None) -> Job:
        """Queue a failed or cancelled job again; the limits are those of `submit`.

        Raises:
            UsageError: E811 if it is unknown, E813 if it is in another state, E817 if too many jobs wait.
        """
        with self._file.transaction() as connection:
            before = self.find(job_id)
            if before.state in (JobState.FAILED, JobState.CANCELLED):
                self._check_room(connection, before.owner, most_queued)
            changed = connection.execute(
                "UPDATE jobs SET state = 'queued', crashes = 0, cancelling = 0, started = NULL, ended = NULL, "
                "expires = NULL, error = NULL, warnings = NULL, nodes = NULL, reused = NULL, "
                "place = (SELECT max(number) + 1 FROM jobs) WHERE id = ? AND state IN ('failed', 'cancelled')",
                (job_id,),
            ).rowcount
            if changed:
                connection.execute("DELETE FROM outputs WHERE job = ?", (job_id,))
            job = self.find(job_id)
        if not changed:
            message = f"job {job_id!r} is {job.state}"
            raise UsageError("E813", message, hint="only failed and cancelled jobs can be run again")
        return job

    # -- the executor ----------------------------------------------------------------------------------

    def reclaim(self) -> list[str]:
        """Queue again what ran when the server ended, the first time before others of its priority; return the ids."""
        with self._file.transaction() as connection:
            return self._queue_again(connection, "state = 'running'", ())

    def _queue_again(self, connection: sqlite3.Connection, which: str, given: tuple[Any, ...]) -> list[str]:
        """Count a failed try of running jobs, end those that have had too many, and queue the others again."""
        now = time.time()
        ended = (now, now + self._keep_seconds)
        run = connection.execute
        run(f"UPDATE jobs SET crashes = crashes + 1 WHERE {which}", given)
        run(
            f"UPDATE jobs SET state = 'cancelled', ended = ?, expires = ? WHERE {which} AND cancelling",
            (*ended, *given),
        )
        run(
            f"UPDATE jobs SET state = 'failed', error = ?, ended = ?, expires = ? WHERE {which} AND crashes >= ?",
            (dump_json(_CRASHED), *ended, *given, MOST_CRASHES),
        )
        rows = run(
            "UPDATE jobs SET state = 'queued', started = NULL, place = CASE WHEN crashes < ? THEN -1 "
            f"ELSE (SELECT max(number) + 1 FROM jobs) END WHERE {which} RETURNING id",
            (_PATIENT_CRASHES, *given),
        ).fetchall()
        return [row[0] for row in rows]

    def claim(self, preference: Preference = ANY_JOB) -> tuple[Job, bool] | None:
        """Let the next job run, and return it, with whether it overtook none; None if none may.

        Args:
            preference: What it must or should have in common with others.
        """
        with self._file.transaction() as connection:
            found = _find_next(connection, preference)
            if found is None:
                return None
            number, is_first = found
            row = connection.execute(
                "UPDATE jobs SET state = 'running', claim = claim + 1, started = ? WHERE number = ? RETURNING id",
                (time.time(), number),
            ).fetchone()
            job = read_job(connection, row[0])
        assert job is not None
        return job, is_first

    def has_queued(self, stack: str) -> bool:
        """Return whether a job of a stack waits among the next ones."""
        with self._file.reading() as connection:
            return _find_next(connection, Preference(stack)) is not None

    def give_back(self, job: Job, *, is_failed: bool = False, alone: bool = False) -> Job:
        """Queue a job again that ran, before others of its priority, unless its claim was lost.

        Args:
            job: The job.
            is_failed: Whether the server failed to run it, which counts as its death does.
            alone: Whether it is to run alone from now on, though its nodes could be stacked.
        """
        own = (job.id, job.claim)
        with self._file.transaction() as connection:
            if alone:
                connection.execute("UPDATE jobs SET stack = '' WHERE id = ? AND claim = ?", own)
            if is_failed:
                self._queue_again(connection, "state = 'running' AND id = ? AND claim = ?", own)
            else:
                connection.execute(
                    "UPDATE jobs SET state = 'queued', place = -1, started = NULL "
                    "WHERE id = ? AND state = 'running' AND claim = ? AND NOT cancelling",
                    own,
                )
            return self.find(job.id)

    def complete(self, job: Job, end: JobEnd) -> Job | None:
        """Record what a run led to, and return the job; None if its claim was lost, so that this does not count."""
        now = time.time()
        row = (
            str(end.state),
            dump_json(end.error) if end.error is not None else None,
            dump_json(list(end.warnings)),
            dump_json(end.nodes),
            end.reused,
            now,
            now + self._keep_seconds,
        )
        with self._file.transaction() as connection:
            done = connection.execute(
                "UPDATE jobs SET state = ?, error = ?, warnings = ?, nodes = ?, reused = ?, ended = ?, expires = ? "
                "WHERE id = ? AND state = 'running' AND claim = ?",
                (*row, job.id, job.claim),
            )
            if done.rowcount != 1:
                return None
            connection.execute("DELETE FROM outputs WHERE job = ?", (job.id,))
            for position, one in enumerate(end.outputs):
                written = (one.output, one.index, one.name, one.digest, one.bytes, one.loss)
                origin = (one.label, one.credentials, one.credentials_bytes)
                connection.execute(
                    "INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (job.id, position, *written, *origin),
                )
            digests = [digest for one in end.outputs for digest in (one.digest, one.credentials) if digest]
            _note_files(connection, job.id, digests)
            return read_job(connection, job.id)

    def forget_expired(self) -> int:
        """Remove jobs whose time is over, and documents that none uses; return how many jobs there were."""
        with self._file.transaction() as connection:
            done = connection.execute(f"DELETE FROM jobs WHERE state IN {_ENDED} AND expires <= ?", (time.time(),))
            if done.rowcount:
                connection.execute("DELETE FROM documents WHERE digest NOT IN (SELECT document FROM jobs)")
        return done.rowcount


_FIRST = "SELECT number, priority FROM jobs WHERE state = 'queued' ORDER BY priority DESC, place, number LIMIT 1"
_NEXT = (
    "SELECT number FROM (SELECT number, stack, models, place FROM jobs WHERE state = 'queued' AND priority = ? "
    "ORDER BY place, number LIMIT ?) WHERE {} = ? ORDER BY place, number LIMIT 1"
)


def _find_next(connection: sqlite3.Connection, preference: Preference) -> tuple[int, bool] | None:
    """Return the number of the job that runs next, and whether it is the first in line; None if none may run."""
    first = connection.execute(_FIRST).fetchone()
    if first is None:
        return None
    column, value = ("stack", preference.stack) if preference.stack else ("models", preference.models)
    found = None
    if value:
        found = connection.execute(_NEXT.format(column), (first[1], LOOKAHEAD, value)).fetchone()
    if found is None:
        return None if preference.stack else (first[0], True)
    return found[0], found[0] == first[0]


def _find_by_key(connection: sqlite3.Connection, owner: str, key: str | None, request_digest: str) -> Job | None:
    if key is None:
        return None
    query = "SELECT id, request_digest FROM jobs WHERE owner = ? AND request_key = ?"
    row = connection.execute(query, (owner, key)).fetchone()
    if row is not None and row[1] != request_digest:
        message = f"the key {key.partition(KEY_SEPARATOR)[0]!r} belongs to another request"
        raise UsageError("E814", message, hint="send a new Idempotency-Key with each new job")
    return None if row is None else read_job(connection, row[0])


def _check_own_room(connection: sqlite3.Connection, owner: str, most_queued: int) -> None:
    query = "SELECT count(*) FROM jobs WHERE owner = ? AND state = 'queued'"
    count = connection.execute(query, (owner,)).fetchone()[0]
    if count >= most_queued:
        hint = "send the job again when some of them have ended; Retry-After says when to try"
        raise UsageError("E817", f"{count} jobs of the token {owner!r} wait already", hint=hint)


def _note_files(connection: sqlite3.Connection, job_id: str, digests: Sequence[str]) -> None:
    """Note which files a job needs, so that they are kept as long as it is."""
    for digest in digests:
        connection.execute("INSERT OR IGNORE INTO job_files VALUES (?, ?)", (digest, job_id))
