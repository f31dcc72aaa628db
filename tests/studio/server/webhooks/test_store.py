"""Which webhooks are looked at, and when."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.server.job import Job
from studio.server.job_file import JobFile
from studio.server.webhooks.store import WebhookStore

_JOBS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
    "INSERT INTO jobs (id, state, document, title, vals, priority, place, made, owner, metadata, request_digest) "
    "SELECT 'job-' || i, 'queued', 'd', '', '{}', 0, i, 1.0, 'ada', '{}', '' FROM n"
)
_WEBHOOKS = (
    "INSERT INTO webhooks (job, url, events, form, owner) "
    "SELECT id, 'https://example.org/', '[\"started\",\"ended\"]', 'studio', owner FROM jobs"
)


def fill(connection: sqlite3.Connection) -> None:
    """Add jobs that have webhooks."""
    connection.execute("INSERT INTO documents VALUES ('d', '{}')")
    connection.execute(_JOBS)
    connection.execute(_WEBHOOKS)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobFile]:
    """A file with two thousand jobs that wait."""
    with contextlib.closing(JobFile(tmp_path / "data")) as made:
        with made.transaction() as connection:
            fill(connection)
        yield made


def write(form: str, event: str, job: Job) -> dict[str, Any]:
    """Write a message."""
    return {"event": event}


def change(file: JobFile, job: str, started: float | None, ended: float | None) -> None:
    """Change a job, as runs and retries do."""
    with file.transaction() as connection:
        connection.execute("UPDATE jobs SET started = ?, ended = ? WHERE id = ?", (started, ended, job))


def list_messages(file: JobFile) -> list[tuple[str, str, str]]:
    """Return which messages there are."""
    with file.reading() as connection:
        return connection.execute("SELECT job, event, owner FROM deliveries ORDER BY made, event DESC").fetchall()


def test_each_change_is_told_once_also_after_a_retry(file: JobFile) -> None:
    store = WebhookStore(file)
    assert not store.collect(write)

    change(file, "job-7", 2.0, 3.0)
    assert store.collect(write)
    assert store.collect(write)
    assert list_messages(file) == [("job-7", "started", "ada"), ("job-7", "ended", "ada")]
    change(file, "job-7", None, None)
    store.collect(write)
    change(file, "job-7", None, 4.0)
    store.collect(write)

    assert [one[1] for one in list_messages(file)] == ["started", "ended", "ended"]


def test_jobs_that_do_not_change_are_not_looked_at(file: JobFile) -> None:
    store = WebhookStore(file)
    store.collect(write)
    change(file, "job-7", 2.0, 3.0)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with file.reading() as connection:
        connection.set_progress_handler(count, 100)
        store.collect(write)
        due = store.list_due()
        connection.set_progress_handler(None, 0)

    assert [one.event for one in due] == ["started", "ended"]
    assert steps < 50  # of 100 instructions of SQLite


def test_webhooks_of_the_format_before_are_told_and_sent(tmp_path: Path) -> None:
    from studio.server import job_file

    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / job_file.FILE_NAME)) as old:
        for step in job_file._STEPS[:3]:
            old.executescript(step)
        fill(old)
        old.execute("UPDATE jobs SET ended = 5.0 WHERE id = 'job-3'")
        old.execute(
            "INSERT INTO deliveries (id, job, event, body, state, attempts, next, made) "
            "VALUES ('m', 'job-2', 'ended', '{}', 'waiting', 1, 1.0, 1.0)"
        )
        old.execute("PRAGMA user_version=3")
        old.commit()

    with contextlib.closing(JobFile(tmp_path / "data")) as file:
        store = WebhookStore(file)
        store.collect(write)
        due = store.list_due()

    assert [(one.job, one.owner) for one in due] == [("job-2", "ada"), ("job-3", "ada")]
