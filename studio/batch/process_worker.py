"""`ProcessWorker`: runs items in a process of its own, so that a crash costs only the items that it ran."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.batch.item import Item, ItemResult
from studio.batch.spec import BatchSpec
from studio.batch.worker import Report, WorkerLost
from studio.cores import find_asked_threads
from studio.errors import RunError
from studio.surrogates import dump_json

_SILENCE_SECONDS = 20.0
_DETAILS = 4000  # characters of a log that an error contains
_LOG_BYTES = 100_000  # read from the end of a log
_CRASH_HEADING = "Fatal Python error"  # how faulthandler begins
_CLOSING_SECONDS = 10.0


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
        self._last_line = time.monotonic()
        self._log = log_folder / f"{name}.log"
        self._process = self._start_process(environment or {})
        self.pid = self._process.pid
        self._send({"spec": spec.to_json(), "name": name, "plugins": plugins})
        self._listener = threading.Thread(target=self._listen, name=f"listen-{name}", daemon=True)
        self._listener.start()
        if self._limit is not None:
            threading.Thread(target=self._watch_time_limit, name=f"time-limit-{name}", daemon=True).start()

    def _start_process(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the process.

        Raises:
            RunError: E746 if that cannot be.
        """
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.unlink(missing_ok=True)  # it may be a link out of the folder
            with self._log.open("wb") as log:
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", "studio.batch.worker_main"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,  # Ctrl-C reaches the batch alone, which ends its workers
                )
        except OSError as error:
            raise RunError(
                "E746",
                f"no worker can be started: {(error.strerror or str(error)).lower()}",
                where=str(error.filename or sys.executable),
                hint="check this file, or use --workers 0, which works without processes",
            ) from None

    def start(self, items: Sequence[Item]) -> None:
        """Start to run items, and return at once."""
        with self._guard:
            self._held |= {item.index: item for item in items}
        self._send({"items": [item.to_json() for item in items]})

    def close(self) -> None:
        """End the process: at once if it has items, else after it has flushed the cache."""
        with self._guard:
            self._closed = True
            busy = bool(self._held)
        if busy:
            self._kill()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout=_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        if threading.current_thread() is not self._listener:
            self._listener.join(timeout=_CLOSING_SECONDS)
        with contextlib.suppress(OSError):
            if self._log.stat().st_size == 0:
                self._log.unlink()

    # -- messages --------------------------------------------------------------------------------------

    def _send(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it died; the listener reports it
            self._process.stdin.write(dump_json(line).encode() + b"\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last_line = time.monotonic()
            try:
                self._handle_answer(json.loads(line))
            except (ValueError, KeyError, TypeError):
                break  # cut off in the middle
        self._process.stdout.close()
        code = self._process.wait()
        with self._guard:
            lost = tuple(self._held.values())
            self._held.clear()
            closed = self._closed
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        if not closed:
            killed = code in (-signal.SIGKILL, -signal.SIGTERM) and not self._timed_out
            self._report(self, WorkerLost(lost, self._describe_end(code), killed, self._read_log()))

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
        while self._process.poll() is None and not pause.wait(1.0):
            if self.ready and self._held and time.monotonic() - self._last_line > allowed:
                self._timed_out = True
                self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()

    def _describe_end(self, code: int) -> str:
        if self._timed_out:
            return f"it was silent for more than {self._limit or 0:g} seconds and was ended"
        if code < 0:
            try:
                return f"it was ended by {signal.Signals(-code).name}"
            except ValueError:
                return f"it was ended by signal {-code}"
        return f"it ended with exit code {code}"

    def _read_log(self) -> str:
        try:
            with self._log.open("rb") as log:
                log.seek(max(0, self._log.stat().st_size - _LOG_BYTES))
                return _shorten_log(log.read().decode("utf-8", "replace"))
        except OSError:
            return ""


def _shorten_log(text: str) -> str:
    """Return the end of a log, or the beginning and the end of the last crash report in it."""
    begin, half = text.rfind(_CRASH_HEADING), _DETAILS // 2
    if begin < 0:
        return text.strip()[-_DETAILS:]
    crash = text[begin:].strip()
    return crash if len(crash) <= _DETAILS else f"{crash[:half]}\n[...]\n{crash[-half:]}"


def create_environments(count: int, cores: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """Return environment variables for workers that share a machine: threads divided, one GPU each.

    Threads of numeric libraries are set to sleep while they wait for each other. By default they spin, and so take
    cores from working threads where there are more threads than cores.

    Args:
        count: How many workers.
        cores: Cores of the machine.
        gpus: Ids of its GPUs.
    """
    share = max(1, cores // max(1, count))
    found = []
    for number in range(count):
        variables = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
        if count > 1:
            variables["OMP_NUM_THREADS"] = find_asked_threads() or str(share)
        if len(gpus) > 1 and count > 1:
            variables["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
        found.append(variables)
    return found
