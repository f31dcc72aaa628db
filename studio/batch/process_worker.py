"""`ProcessWorker`: runs items in a process of its own, so that a crash costs only the items that it ran."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.batch.item import Item, ItemResult
from studio.batch.spec import BatchSpec
from studio.batch.worker import Report, WorkerLost
from studio.batch.worker_process import KILLING_SIGNALS, WorkerProcess, describe_exit

_SILENCE_SECONDS = 20.0


class ProcessWorker:
    """One worker process.

    Args:
        spec: The batch.
        report: Called once for each item, or when the process dies.
        name: Name of the worker; its log is `<log_folder>/<name>.log`.
        log_folder: Folder for what nodes print and for crash reports.
        environment: Environment variables in addition to those of this process.
        plugins: Settings of plugins from `describe_plugin_settings`; None for those of this machine.

    Attributes:
        ready: Whether the process has said that it can take items.
        refused: The error with which it refused to start, or None.
        pid: Id of the process.
    """

    def __init__(
        self,
        spec: BatchSpec,
        report: Report,
        name: str,
        log_folder: Path,
        environment: Mapping[str, str] | None = None,
        plugins: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.window = spec.window
        self.ready = False
        self.refused: Mapping[str, Any] | None = None
        self.cache_errors: Sequence[str] = ()
        self._report = report
        self._limit = spec.node_timeout_seconds
        self._held: dict[int, Item] = {}
        self._guard = threading.Lock()
        self._closed = False
        self._timed_out = False
        module, log = "studio.batch.worker_main", log_folder / f"{name}.log"
        self._process = WorkerProcess(module, log, environment or {}, self._handle_answer, self._handle_end)
        self.pid = self._process.pid
        self._process.send({"spec": spec.to_json(), "name": name, "plugins": plugins})
        self._process.listen()
        if self._limit is not None:
            threading.Thread(target=self._watch_time_limit, name=f"time-limit-{name}", daemon=True).start()

    def start(self, items: Sequence[Item]) -> None:
        """Start to run items, and return at once."""
        with self._guard:
            self._held |= {item.index: item for item in items}
        self._process.send({"items": [item.to_json() for item in items]})

    def close(self) -> None:
        """End the process: at once if it has items, else after it has flushed the cache."""
        with self._guard:
            self._closed = True
            busy = bool(self._held)
        if busy:
            self._process.kill()
        self._process.close()

    # -- messages --------------------------------------------------------------------------------------

    def _handle_end(self, code: int) -> None:
        with self._guard:
            lost = tuple(self._held.values())
            self._held.clear()
            closed = self._closed
        if not closed:
            killed = code in KILLING_SIGNALS and not self._timed_out
            self._report(self, WorkerLost(lost, self._describe_end(code), killed, self._process.read_log()))

    def _handle_answer(self, answer: Mapping[str, Any]) -> None:
        if "result" in answer:
            result = ItemResult.from_json(answer["result"])
            with self._guard:
                known = self._held.pop(result.index, None) is not None
            if known and not self._closed:
                self._report(self, result)
        elif "cache_errors" in answer:
            self.cache_errors = [str(text) for text in answer["cache_errors"]]
        elif "refused" in answer:
            self.refused = dict(answer["refused"])
        elif "ready" in answer:
            self.ready = True

    def _watch_time_limit(self) -> None:
        """Kill a process that a node blocks so much that its own time limit cannot act."""
        assert self._limit is not None
        allowed = self._limit + _SILENCE_SECONDS
        pause = threading.Event()
        while self._process.returncode is None and not pause.wait(1.0):
            if self.ready and self._held and time.monotonic() - self._process.last_line > allowed:
                self._timed_out = True
                self._process.kill()

    def _describe_end(self, code: int) -> str:
        if self._timed_out:
            return f"it was silent for more than {self._limit or 0:g} seconds and was ended"
        return describe_exit(code)
