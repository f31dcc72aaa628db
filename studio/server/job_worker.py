"""`JobWorker`: a process that runs the graphs of jobs, so that a crash costs only the jobs that it ran."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from studio.batch.worker_process import KILLING_SIGNALS, WorkerProcess, describe_exit
from studio.batch.worker_share import share_machine
from studio.errors import RunError
from studio.execution.control import Control
from studio.server.event_rows import parse_event
from studio.server.graph_run import RunRequest, RunSummary, ShowEvent
from studio.server.job_control import JobControl
from studio.settings import Settings

log = logging.getLogger("studio.server")

CANCEL_SECONDS = 10.0
"""How long a cancelled run may go on, and those that are stacked with one whose call hangs."""

_MODULE = "studio.server.worker_main"
_CANCEL, _LOST = "cancel", "lost"


class WorkerDied(Exception):
    """A worker ended while it ran a job.

    Args:
        cause: What is known, for a person: "it ended with exit code 7".
        killed: Whether something outside may have ended it, or it died before it could take jobs.
        alone: Whether the job was the only one that it ran.
        details: The end of its log.
    """

    def __init__(self, cause: str, *, killed: bool, alone: bool, details: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.killed = killed
        self.alone = alone
        self.details = details


class JobWorker:
    """One worker. Its process begins with its first job, and again with the next one after it died.

    A job that comes while the process is about to end waits for its end, and runs in the next one.

    Args:
        name: Name of the worker.
        folder: Folder of its log.
        first: The first line that the process gets.
        environment: Environment variables in addition to those of this process.

    Attributes:
        name: Its name.
        device_memory: Device, kind and bytes of what it used when a run last ended; empty without a process.
    """

    def __init__(self, name: str, folder: Path, first: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self.name = name
        self.device_memory: Sequence[tuple[str, str, int]] = ()
        self._log = folder / f"{name}.log"
        self._first = first
        self._environment = environment
        self._guard = threading.Lock()
        self._ended = threading.Condition(self._guard)
        self._process: WorkerProcess | None = None
        self._inboxes: dict[str, queue.SimpleQueue[Mapping[str, Any]]] = {}
        self._is_ready = self._is_stuck = self._is_leaving = self._is_closed = False
        self._refused: Mapping[str, Any] | None = None

    @property
    def pid(self) -> int | None:
        """Id of the process, or None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def run(self, request: RunRequest, show: ShowEvent, control: Control, wait: Callable[[], None]) -> RunSummary:
        """Run a graph to its end; arguments as for `RunGraph`.

        Raises:
            WorkerDied: The process ended meanwhile.
            RunError: E746 if no process can be started.
        """
        inbox: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        with self._guard:
            while self._process is not None and (self._is_leaving or self._process.returncode is not None):
                self._ended.wait()
            process = self._process = self._process or self._start()
            self._inboxes[request.key] = inbox
        try:
            process.send({"run": request.to_json()})
            if isinstance(control, JobControl):
                control.listen(lambda: inbox.put({_CANCEL: True}))
            summary = self._follow(process, request.key, inbox, show, wait)
        finally:
            with self._guard:
                self._inboxes.pop(request.key, None)
                is_last = self._is_leaving and self._process is process and not self._inboxes
            if is_last:
                process.kill()
        if summary.is_stuck:
            self._replace(process)
        return summary

    def close(self) -> None:
        """End the process: at once if it has jobs, else after it has flushed the cache."""
        with self._guard:
            self._is_closed = True
            process, busy = self._process, bool(self._inboxes)
        if process is not None:
            if busy:
                process.kill()
            process.close()

    # -- one run ---------------------------------------------------------------------------------------

    def _follow(
        self,
        process: WorkerProcess,
        key: str,
        inbox: queue.SimpleQueue[Mapping[str, Any]],
        show: ShowEvent,
        wait: Callable[[], None],
    ) -> RunSummary:
        deadline: float | None = None
        while True:
            try:
                answer = inbox.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except queue.Empty:  # a call that never ends; what it is stacked with is tried again
                log.warning("worker %s: a cancelled job does not end; the process is ended", self.name)
                deadline = None
                self._end(process)
                continue
            if "event" in answer:
                show(*parse_event(answer["event"]))
            elif "waits" in answer:
                wait()
                process.send({"go": key})
            elif _CANCEL in answer:
                process.send({"cancel": key})
                deadline = deadline or time.monotonic() + CANCEL_SECONDS
            elif "summary" in answer:
                return RunSummary.from_json(answer["summary"])
            elif _LOST in answer:
                raise self._explain(answer[_LOST])

    def _explain(self, died: WorkerDied) -> Exception:
        refused = self._refused
        if refused is None:
            return died
        return RunError("E746", f"no worker can be started: {refused['message']}", hint=str(refused.get("hint") or ""))

    # -- the process -----------------------------------------------------------------------------------

    def _start(self) -> WorkerProcess:
        """Start the process; the guard is held."""
        if self._is_closed:
            raise WorkerDied("the server is stopping", killed=True, alone=False)
        self._is_ready = self._is_stuck = self._is_leaving = False
        self._refused = None
        process = WorkerProcess(_MODULE, self._log, self._environment, self._handle_answer, self._handle_end)
        process.send(self._first)
        process.listen()
        return process

    def _handle_answer(self, answer: Mapping[str, Any]) -> None:
        if "ready" in answer:
            self._is_ready = True
        elif "refused" in answer:
            self._refused = answer["refused"]
        elif "memory" in answer:
            self.device_memory = [(str(device), str(kind), int(size)) for device, kind, size in answer["memory"]]
        elif "key" in answer:
            inbox = self._inboxes.get(answer["key"])
            if inbox is not None:
                inbox.put(answer)

    def _handle_end(self, code: int) -> None:
        with self._guard:
            process, self._process = self._process, None
            self.device_memory = ()
            inboxes = list(self._inboxes.values())
            is_expected = self._is_closed or (self._is_stuck and not inboxes)
            alone = len(inboxes) == 1 and not self._is_stuck  # else other jobs may have ended it
            self._ended.notify_all()
        assert process is not None
        killed = code in KILLING_SIGNALS or not self._is_ready
        cause = describe_exit(code) if self._is_ready else f"{describe_exit(code)} before it was ready"
        if not is_expected:
            log.warning("worker %s: %s, with %d jobs", self.name, cause, len(inboxes))
        more: dict[str, Any] = {"killed": killed, "alone": alone, "details": process.read_log()}
        for inbox in inboxes:
            inbox.put({_LOST: WorkerDied(cause, **more)})

    def _replace(self, process: WorkerProcess) -> None:
        """End a process whose threads hang: at once if it has no jobs, else after those had a moment to end."""
        with self._guard:
            if self._process is not process:
                return  # it has ended
            self._is_stuck = self._is_leaving = True
            busy = bool(self._inboxes)
        if not busy:
            process.kill()
            return
        timer = threading.Timer(CANCEL_SECONDS, process.kill)
        timer.daemon = True
        timer.start()

    def _end(self, process: WorkerProcess) -> None:
        """End a process now, and start no more jobs in it."""
        with self._guard:
            self._is_leaving = self._is_leaving or self._process is process
        process.kill()


class JobWorkers:
    """The workers of a server: one at each place of the window.

    Args:
        settings: The settings of the server, which the workers share.
        count: How many.
        folder: Folder of their logs.
    """

    def __init__(self, settings: Settings, count: int, folder: Path) -> None:
        share = share_machine(settings, count)
        first = {"settings": share.settings, "plugins": share.plugins}
        self.workers: Sequence[JobWorker] = [
            JobWorker(f"worker-{number}", folder, first, environment)
            for number, environment in enumerate(share.environments)
        ]

    def run(
        self, request: RunRequest, place: int, show: ShowEvent, control: Control, wait: Callable[[], None]
    ) -> RunSummary:
        """Run a graph in the worker of a place; arguments as for `RunGraph`.

        Raises:
            WorkerDied: The worker ended meanwhile.
            RunError: E746 if no worker can be started.
        """
        return self.workers[place].run(request, show, control, wait)

    def list_device_memory(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield worker, device, kind and bytes of the devices that workers use, by the names that each has for them."""
        for worker in self.workers:
            yield from ((worker.name, *row) for row in worker.device_memory)

    def close(self) -> None:
        """End all workers, at once rather than one after the other."""
        threads = [threading.Thread(target=partial(JobWorker.close, worker)) for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
