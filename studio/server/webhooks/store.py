"""`WebhookStore`: which addresses want to hear of which jobs, and what became of each message."""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any
from urllib.parse import urlsplit

from studio.server.job import Job
from studio.server.job_file import JobFile
from studio.server.job_rows import read_job
from studio.server.webhooks.request import encode_secret
from studio.surrogates import dump_json

_MOST_COLLECTED = 256  # jobs whose messages are made at once
_UNTOLD_START = "(j.started IS NOT NULL AND w.told_start IS NOT j.started AND w.events LIKE '%started%')"
_UNTOLD_END = "(j.ended IS NOT NULL AND w.told_end IS NOT j.ended AND w.events LIKE '%ended%')"
_MOST_OF_OWNER = 4  # messages that are sent at once
_OWNERS = (  # each is found in the index, whatever the others have
    "WITH RECURSIVE owners (owner) AS (SELECT min(owner) FROM deliveries WHERE state = 'waiting' UNION ALL "
    "SELECT (SELECT min(d.owner) FROM deliveries d WHERE d.state = 'waiting' AND d.owner > owners.owner) "
    "FROM owners WHERE owner IS NOT NULL) SELECT owner FROM owners WHERE owner IS NOT NULL"
)
_SHOWN = ("id", "event", "state", "attempts", "status", "error", "next")


@dataclass(frozen=True)
class Delivery:
    """A message to be sent.

    Attributes:
        id: Its id, the same at each attempt.
        job: The job.
        owner: Whose job it is.
        event: Which change it tells.
        url: Where it goes.
        body: What is sent.
        attempts: How often it was tried.
    """

    id: str
    job: str
    owner: str
    event: str
    url: str
    body: bytes
    attempts: int


class WebhookStore:
    """The webhooks of one server. Every method may be called from any thread.

    Args:
        file: Where they are.
    """

    def __init__(self, file: JobFile) -> None:
        self._file = file

    def find_secret(self, owner: str) -> str:
        """Return the secret that messages of a token are signed with; it is made when it is first needed."""
        with self._file.transaction() as connection:
            fresh = encode_secret(secrets.token_bytes(32))
            connection.execute("INSERT OR IGNORE INTO webhook_secrets VALUES (?, ?)", (owner, fresh))
            query = "SELECT secret FROM webhook_secrets WHERE owner = ?"
            return str(connection.execute(query, (owner,)).fetchone()[0])

    def collect(self, write: Callable[[str, str, Job], Mapping[str, Any]]) -> bool:
        """Make a message of each change that its webhook has not heard of; return whether any message waits.

        Args:
            write: Returns the content of a message: of a form, an event and a job.
        """
        query = (
            f"SELECT w.job, w.form, {_UNTOLD_START}, {_UNTOLD_END} FROM webhooks w INDEXED BY webhooks_changed "
            f"CROSS JOIN jobs j ON j.id = w.job WHERE w.changed = 1 AND ({_UNTOLD_START} OR {_UNTOLD_END}) LIMIT ?"
        )
        with self._file.reading() as connection:
            found = [
                (read_job(connection, job_id), form, event)
                for job_id, form, *untold in connection.execute(query, (_MOST_COLLECTED,)).fetchall()
                for event, is_untold in zip(("started", "ended"), untold, strict=True)
                if is_untold
            ]
        for job, form, event in found:
            if job is not None:  # else it was forgotten meanwhile
                self._add_message(job, event, dump_json(write(form, event, job), separators=(",", ":")))
        with self._file.reading() as connection:
            is_changed = connection.execute("SELECT 1 FROM webhooks WHERE changed = 1 LIMIT 1").fetchone() is not None
        if is_changed:
            self._forget_told()
        with self._file.reading() as connection:
            query = "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"
            return connection.execute(query).fetchone() is not None

    def _forget_told(self) -> None:
        """Look no more at webhooks that have heard of all, until their jobs change again."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE webhooks AS w SET changed = 0 WHERE w.changed = 1 AND NOT EXISTS "
                f"(SELECT 1 FROM jobs j WHERE j.id = w.job AND ({_UNTOLD_START} OR {_UNTOLD_END}))"
            )

    def _add_message(self, job: Job, event: str, body: str) -> None:
        moment, told = (job.started, "told_start") if event == "started" else (job.ended, "told_end")
        row = (f"msg_{secrets.token_hex(12)}", job.id, job.owner, event, body, time.time(), time.time())
        with self._file.transaction() as connection:
            changed = connection.execute(f"UPDATE webhooks SET {told} = ? WHERE job = ?", (moment, job.id)).rowcount
            if changed:
                connection.execute(
                    "INSERT INTO deliveries (id, job, owner, event, body, state, attempts, next, made) "
                    "VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
                    row,
                )

    def list_due(self, limit: int = 64) -> list[Delivery]:
        """Return messages whose time has come: of each owner a few, so that none holds up those of others."""
        query = (
            "SELECT d.id, d.job, d.owner, d.event, w.url, d.body, d.attempts FROM deliveries d "
            "JOIN webhooks w ON w.job = d.job WHERE d.owner = ? AND d.state = 'waiting' AND d.next <= ? "
            "ORDER BY d.next LIMIT ?"
        )
        now = time.time()
        with self._file.reading() as connection:
            owners = [row[0] for row in connection.execute(_OWNERS).fetchall()]
            random.shuffle(owners)  # where they are many, each has its turn
            found = (connection.execute(query, (owner, now, _MOST_OF_OWNER)).fetchall() for owner in owners)
            rows = list(islice(chain.from_iterable(found), limit))
        return [
            Delivery(message, job, owner, event, url, body.encode(), attempts)
            for message, job, owner, event, url, body, attempts in rows
        ]

    def record(self, delivery: Delivery, state: str, status: int | None, error: str, following: float | None) -> None:
        """Record an attempt.

        Args:
            delivery: The message.
            state: "delivered", "waiting" or "failed".
            status: The status of the answer; None for none.
            error: What went wrong, or "".
            following: When it is tried again, or None.
        """
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, state = ?, status = ?, error = ?, next = ? "
                "WHERE id = ?",
                (state, status, error, following, delivery.id),
            )

    def describe(self, job_ids: Iterable[str], *, with_paths: bool = True) -> dict[str, dict[str, Any]]:
        """Return the webhooks of jobs as their records show them, by job; of a URL without its query.

        Args:
            job_ids: The jobs.
            with_paths: Whether URLs have their paths, which are often secret.
        """
        found: dict[str, dict[str, Any]] = {}
        with self._file.reading() as connection:
            for job_id in job_ids:
                row = connection.execute("SELECT url, events FROM webhooks WHERE job = ?", (job_id,)).fetchone()
                if row is None:
                    continue
                query = f"SELECT {', '.join(_SHOWN)} FROM deliveries WHERE job = ? ORDER BY made"
                deliveries = [dict(zip(_SHOWN, one, strict=True)) for one in connection.execute(query, (job_id,))]
                url = urlsplit(row[0])._replace(query="", fragment="")
                url = url if with_paths else url._replace(path="")
                found[job_id] = {"url": url.geturl(), "events": json.loads(row[1]), "deliveries": deliveries}
        return found
