"""`FaceJobs`: which jobs came through a face that lists its own, and what their clients asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.server.job_file import JobFile
from studio.surrogates import dump_json

_LONGEST_LISTED = 2**17
"""What clients asked for is not in lists where its JSON is longer."""

_TABLE = """
CREATE TABLE IF NOT EXISTS face_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    face TEXT NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,
    UNIQUE (face, owner, id)
)
"""


@dataclass(frozen=True)
class FaceJob:
    """A job as its face knows it.

    Attributes:
        number: Its place among all.
        id: The face's id of it.
        job: The job's id.
        asked: What the client asked for, as far as the job does not say it.
    """

    number: int
    id: str
    job: str
    asked: Mapping[str, Any]


class FaceJobs:
    """The jobs of one face; they are forgotten with their jobs. Every method may be called from any thread.

    Args:
        file: Where they are.
        face: The face's name.
    """

    def __init__(self, file: JobFile, face: str) -> None:
        self._file = file
        self._face = face
        with file.transaction() as connection:
            connection.execute(_TABLE)
            connection.execute("CREATE INDEX IF NOT EXISTS face_jobs_by_job ON face_jobs (job)")

    def add(self, face_id: str, owner: str, job_id: str, asked: Mapping[str, Any]) -> None:
        """Record a job; an id that is known keeps its job."""
        row = (self._face, face_id, owner, job_id, dump_json(dict(asked)))
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO face_jobs (face, id, owner, job, asked) VALUES (?, ?, ?, ?, ?)", row
            )

    def find(self, face_id: str, owner: str | None) -> FaceJob | None:
        """Return the job of an id, or None; of the owner None, those of all are seen."""
        found = self._read("AND id = ?", [face_id], owner, "ORDER BY number LIMIT 1")
        return found[0] if found else None

    def list_jobs(
        self, owner: str | None, *, limit: int, after: int | None = None, oldest_first: bool = False
    ) -> list[FaceJob]:
        """Return jobs, the newest first, without what their clients asked for where that is long.

        Args:
            owner: Whose jobs; None for those of all.
            limit: How many at most.
            after: The number of the job that they come after; None for the first ones.
            oldest_first: Whether the order is the other one.
        """
        where = "" if after is None else f"AND number {'>' if oldest_first else '<'} ?"
        order = f"ORDER BY number {'ASC' if oldest_first else 'DESC'} LIMIT ?"
        asked = f"CASE WHEN length(asked) <= {_LONGEST_LISTED} THEN asked ELSE '{{}}' END"
        return self._read(where, [] if after is None else [after], owner, order, limit, asked=asked)

    def _read(
        self, where: str, given: list[Any], owner: str | None, order: str, *more: Any, asked: str = "asked"
    ) -> list[FaceJob]:
        query = f"SELECT number, id, job, {asked} FROM face_jobs WHERE face = ? {where} "
        query += ("" if owner is None else "AND owner = ? ") + order
        values = [self._face, *given, *([] if owner is None else [owner]), *more]
        with self._file.reading() as connection:
            rows = connection.execute(query, values).fetchall()
        return [FaceJob(number, face_id, job, json.loads(text)) for number, face_id, job, text in rows]

    def remove(self, face_id: str, owner: str | None) -> None:
        """Forget which job an id means."""
        with self._file.transaction() as connection:
            where, given = ("", []) if owner is None else (" AND owner = ?", [owner])
            query = f"DELETE FROM face_jobs WHERE face = ? AND id = ?{where}"
            connection.execute(query, (self._face, face_id, *given))
