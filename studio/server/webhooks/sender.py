"""`WebhookSender`: sends messages when jobs change, and again with growing pauses when that fails."""

from __future__ import annotations

import asyncio
import http.client
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from studio.errors import RunError, StudioError, UsageError
from studio.server.job import Job
from studio.server.job_logs import JobLogs
from studio.server.webhooks.address import WebhookGuard
from studio.server.webhooks.request import WebhookRequest, sign
from studio.server.webhooks.store import Delivery, WebhookStore

log = logging.getLogger("studio.server")

DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds between the attempts of a message, about three days in all."""

_MOST_AT_ONCE = 8
_SECONDS_BETWEEN_LOOKS = 60.0
_SHORTEST_PAUSE = 0.05


class WebhookSender:
    """Sends the messages of one server, on its event loop.

    Args:
        store: The webhooks.
        guard: Which addresses are allowed.
        logs: Where it hears of changes, and reports what became of messages.
        describe: Returns a job as clients see it.
        forms: What writes the messages of faces, by form.
        delays: Seconds between attempts.
    """

    def __init__(
        self,
        store: WebhookStore,
        guard: WebhookGuard,
        logs: JobLogs,
        describe: Callable[[Job], Mapping[str, Any]],
        forms: Mapping[str, Callable[[str, Job], Mapping[str, Any]]],
        delays: Sequence[float] = DELAYS,
    ) -> None:
        self._store = store
        self._guard = guard
        self._logs = logs
        self._delays = tuple(delays)
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "webhook")  # receivers may keep them all waiting
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._requests: set[WebhookRequest] = set()
        self._task: asyncio.Task[None] | None = None
        self._describe = describe
        self._forms = {"studio": self._write, **forms}

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Send no more; what was not delivered is sent when a server starts again."""
        for task in (self._task, *self._sending.values()):
            if task is not None:
                task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for request in list(self._requests):
            request.abort()

    async def _run(self) -> None:
        changes = self._logs.all_jobs
        while True:
            number = changes.last
            pause = _SECONDS_BETWEEN_LOOKS
            try:
                waiting = await asyncio.to_thread(self._store.collect, self._write_in)
                for delivery in await asyncio.to_thread(self._store.list_due) if waiting else ():
                    if delivery.id not in self._sending:
                        self._sending[delivery.id] = asyncio.create_task(self._deliver(delivery))
                pause = 1.0 if waiting else pause
            except StudioError as error:  # a full disk
                log.error("webhooks: %s", error)
            await changes.wait(number, pause)
            if changes.is_closed:
                return
            await asyncio.sleep(_SHORTEST_PAUSE)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            async with self._room:
                secret = await asyncio.to_thread(self._store.find_secret, delivery.owner)
                sending = asyncio.get_running_loop().run_in_executor(self._threads, self._try, delivery, secret)
                status, error, is_final = await sending
                await asyncio.to_thread(self._record, delivery, status, error, is_final)
        except StudioError as error:
            log.error("webhooks: %s", error)
        finally:
            self._sending.pop(delivery.id, None)

    def _try(self, delivery: Delivery, secret: str) -> tuple[int | None, str, bool]:
        """Send a message once as `_attempt` does; one that cannot be sent at all is given up."""
        try:
            return self._attempt(delivery, secret)
        except Exception as error:  # else it would stay the first that is due, and hold up all others
            log.exception("webhook %s", delivery.id)
            return None, f"a bug in Studio: {type(error).__name__}", True

    def _attempt(self, delivery: Delivery, secret: str) -> tuple[int | None, str, bool]:
        """Send a message once; return the status, what went wrong, and whether another attempt is useless."""
        try:
            request = WebhookRequest(self._guard.resolve(delivery.url))
        except UsageError as error:
            return None, error.message, True
        except (OSError, ValueError):
            return None, "the host is unknown", False
        self._requests.add(request)
        moment = int(time.time())
        headers = {
            "webhook-id": delivery.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(secret, delivery.id, moment, delivery.body),
        }
        try:
            status = request.send(headers, delivery.body)
        except http.client.HTTPException:
            return None, "the answer is not HTTP", False
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "no answer"
            return None, reason.lower()[:200], False
        finally:
            self._requests.discard(request)
        if 200 <= status < 300:
            return status, "", True
        what = "redirects are not followed" if 300 <= status < 400 else f"answered {status}"
        return status, what, status == 410

    def _record(self, delivery: Delivery, status: int | None, error: str, is_final: bool) -> None:
        tries = delivery.attempts + 1
        again = bool(error) and not is_final and tries <= len(self._delays)
        state = "waiting" if again else "failed" if error else "delivered"
        following = time.time() + self._delays[tries - 1] * random.uniform(0.9, 1.1) if again else None
        self._store.record(delivery, state, status, error, following)
        row: dict[str, Any] = {"id": delivery.job, "delivery": delivery.id, "event": delivery.event, "state": state}
        row |= {"attempts": tries, "status": status, "error": error}
        self._logs.all_jobs.add("webhook", row, delivery.owner)
        level = logging.WARNING if error else logging.INFO
        log.log(level, "webhook %s of job %s: %s%s", delivery.id, delivery.job, state, f", {error}" if error else "")

    def _write_in(self, form: str, event: str, job: Job) -> Mapping[str, Any]:
        try:
            return self._forms[form](event, job)
        except RunError:  # a full disk
            raise
        except Exception:  # else this job would hold up the messages of all others
            log.exception("webhook of job %s", job.id)
            return {"id": job.id, "event": event, "state": job.state}

    def _write(self, event: str, job: Job) -> Mapping[str, Any]:
        """Return a message as Standard Webhooks recommend it."""
        kind = "job.started" if event == "started" else f"job.{job.state}"
        moment = job.started if event == "started" else job.ended
        stamp = datetime.fromtimestamp(moment or 0.0, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"type": kind, "timestamp": stamp, "data": self._describe(job)}
