"""Jobs as a face handles them for its clients: waited for, and cancelled when the client goes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from studio.errors import UsageError
from studio.server.file_store import PREFIX
from studio.server.job import ENDED_STATES, Job, JobOutput
from studio.server.parts import Parts

_SECONDS_BETWEEN_LOOKS = 1.0


class ClientGone(Exception):
    """The client of a request has gone; its jobs are cancelled."""


async def watch_job(parts: Parts, job_id: str) -> AsyncGenerator[Job]:
    """Yield a job as it is now, again whenever something may have happened, and last when it has ended.

    Who takes from it closes it: it counts as a watcher of the job.
    """
    while True:
        with parts.logs.watch(job_id) as log:
            number = log.last
            now = await run_in_threadpool(parts.store.find, job_id)
            yield now
            if now.state in ENDED_STATES:
                return
            await log.wait(number, _SECONDS_BETWEEN_LOOKS)


async def wait_for_end(
    parts: Parts,
    job_id: str,
    *,
    is_gone: Callable[[], Awaitable[bool]] | None = None,
    on_change: Callable[[], Awaitable[None]] | None = None,
) -> Job:
    """Wait until a job has ended, and return it.

    Args:
        parts: The parts of the server.
        job_id: The job.
        is_gone: Says whether nobody waits for it any more.
        on_change: Called when something may have happened.

    Raises:
        ClientGone: Nobody waits for it any more.
    """
    async with aclosing(watch_job(parts, job_id)) as changes:
        async for now in changes:
            if now.state in ENDED_STATES:
                break
            if on_change is not None:
                await on_change()
            if is_gone is not None and await is_gone():
                raise ClientGone
    return now


def cancel_unwatched(parts: Parts, jobs: Iterable[Job]) -> None:
    """Cancel those of some jobs that have not ended, and that nobody waits for any more."""
    cancel_jobs(parts, [job for job in jobs if not parts.logs.find(job.id).watchers])


def cancel_jobs(parts: Parts, jobs: Iterable[Job]) -> None:
    """Cancel those of some jobs that have not ended."""
    for job in jobs:
        try:
            parts.cancel_job(job.id)
        except UsageError:  # it has ended
            continue


def list_outputs(jobs: Iterable[Job], name: str) -> list[JobOutput]:
    """Return the files of one output of several jobs."""
    return [output for job in jobs for output in job.outputs if output.output == name]


def find_path(parts: Parts, output: JobOutput) -> Path:
    """Return where the file of an output is."""
    return parts.files.find(PREFIX + output.digest).path
