"""Streams of events: of one job, and of all jobs, as server-sent events are written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from studio.server.event_log import EventLog, parse_event_id, write_event
from studio.server.job import ENDED_STATES
from studio.server.job_rows import JobFilter
from studio.server.job_view import describe_job, describe_jobs
from studio.server.parts import Parts, find_owner, is_reader

BEAT = b": alive\n"  # no empty line after it: some clients take that for an event
_SECONDS_BETWEEN_BEATS = 15.0
_SECONDS_TO_GATHER = 0.01  # in which events are gathered, to be sent as one part


async def follow_job(
    parts: Parts, client: HTTPConnection, job_id: str, last_event_id: str | None
) -> AsyncGenerator[bytes] | None:
    """Return the events of a job that a client may see; None if it has seen all of a job that has ended.

    Args:
        parts: The parts of the server.
        client: Who asks.
        job_id: The job.
        last_event_id: The id of the last event that was seen, or None.

    Raises:
        UsageError: E811 if there is no such job.
    """
    job, for_reader = await run_in_threadpool(parts.find_job, client, job_id), is_reader(client)
    number = parse_event_id(last_event_id)
    ended = parts.logs.find_ended(job_id)
    has_ended = job.state in ENDED_STATES
    is_whole = ended is not None and ended.is_closed
    all_seen = 0 if ended is None else ended.last if is_whole else None
    if has_ended and number is not None and number == all_seen:
        return None
    if has_ended and not is_whole:
        row = await run_in_threadpool(describe_job, parts, job, for_reader=for_reader)
        return _send(write_event("snapshot", row, 0))
    log = parts.logs.find(job_id)

    def describe(last: int) -> bytes:
        return write_event("snapshot", describe_job(parts, parts.store.find(job_id), for_reader=for_reader), last)

    return _follow(log, number, describe, None)


def follow_all(parts: Parts, client: HTTPConnection, last_event_id: str | None) -> AsyncGenerator[bytes]:
    """Return the events of all jobs that a client may see; arguments as for `follow_job`."""
    owner, for_reader = find_owner(client), is_reader(client)

    def describe(last: int) -> bytes:
        jobs = parts.store.list_jobs(JobFilter(owner=owner))
        return write_event("snapshot", {"jobs": describe_jobs(parts, jobs, for_reader=for_reader)}, last)

    return _follow(parts.logs.all_jobs, parse_event_id(last_event_id), describe, owner)


async def _send(text: bytes) -> AsyncGenerator[bytes]:
    yield text


async def _follow(
    log: EventLog, number: int | None, describe: Callable[[int], bytes], owner: str | None
) -> AsyncGenerator[bytes]:
    """Follow a log.

    Args:
        log: The log.
        number: The last event that the client has seen; None for none.
        describe: Returns the event that says all up to the event of a number.
        owner: Whose events are sent; None for all.
    """
    log.watchers += 1
    try:
        while True:
            is_closed = log.is_closed  # asked first: what is added before it is closed is read then
            entries = log.read_after(number) if number is not None else None
            if entries is None:
                number = log.last  # before the state is read: what comes between is told twice, and never left out
                yield await run_in_threadpool(describe, number)
            elif entries:
                number = entries[-1].number
                yield b"".join(entry.text for entry in entries if entry.owner is None or owner in (None, entry.owner))
            elif is_closed:
                return
            else:
                assert number is not None
                if await log.wait(number, _SECONDS_BETWEEN_BEATS):
                    await log.settle(_SECONDS_TO_GATHER)
                else:
                    yield BEAT
    finally:
        log.watchers -= 1
