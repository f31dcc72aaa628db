"""The line of queued jobs: in which order they run, and how two of them change places."""

from __future__ import annotations

import sqlite3


def read_line(connection: sqlite3.Connection, owner: str | None) -> list[str]:
    """Return the ids of the queued jobs in the order in which they run.

    Args:
        connection: Where they are.
        owner: Whose jobs; None for those of all.
    """
    terms, given = ("", ()) if owner is None else ("AND owner = ? ", (owner,))
    query = f"SELECT id FROM jobs WHERE state = 'queued' {terms}ORDER BY priority DESC, place, number"
    return [row[0] for row in connection.execute(query, given)]


def swap_places(connection: sqlite3.Connection, one: str, other: str) -> None:
    """Let two queued jobs change places: each takes the priority and the place of the other.

    Args:
        connection: Where they are.
        one: The id of a job.
        other: The id of the job beside it.
    """
    query = "SELECT id, priority, place, number FROM jobs WHERE id IN (?, ?)"
    found = {row[0]: row[1:] for row in connection.execute(query, (one, other))}
    (priority, place, number), (other_priority, other_place, other_number) = found[one], found[other]
    if (priority, place) == (other_priority, other_place):  # their numbers decide, which do not change
        is_first = number < other_number
        place, other_place = (place, place - 1) if is_first else (place - 1, place)
    for job_id, new_priority, new_place in ((one, other_priority, other_place), (other, priority, place)):
        connection.execute("UPDATE jobs SET priority = ?, place = ? WHERE id = ?", (new_priority, new_place, job_id))
