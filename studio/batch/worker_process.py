"""`WorkerProcess`: a Python process that takes and answers lines of JSON over two pipes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.errors import RunError
from studio.surrogates import dump_json

CLOSING_SECONDS = 10.0
"""How long a process may take to end after its input ended."""

KILLING_SIGNALS = (-signal.SIGKILL, -signal.SIGTERM)
"""Exit codes of a process that something outside may have ended."""

_DETAILS = 4000  # characters of a log that an error contains
_LOG_BYTES = 100_000  # read from the end of a log
_CRASH_HEADING = "Fatal Python error"  # how faulthandler begins


class WorkerProcess:
    """A process whose main function is `studio.batch.worker_pipe.serve_pipe`.

    Args:
        module: The module that it runs.
        log: File for what it prints and for crash reports.
        environment: Environment variables in addition to those of this process.
        on_line: Called with each line, on a thread of its own; ValueError, KeyError and TypeError mean a line cut off.
        on_end: Called with the exit code when it has ended, on the same thread.

    Attributes:
        pid: Id of the process.
        last_line: When its last line came, by `time.monotonic`.

    Raises:
        RunError: E746 if it cannot be started.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        environment: Mapping[str, str],
        on_line: Callable[[Mapping[str, Any]], None],
        on_end: Callable[[int], None],
    ) -> None:
        self.last_line = time.monotonic()
        self._log = log
        self._on_line = on_line
        self._on_end = on_end
        self._sending = threading.Lock()
        self._process = self._start(module, environment)
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, name=f"listen-{log.stem}", daemon=True)

    def listen(self) -> None:
        """Begin to hear its lines."""
        self._listener.start()

    @property
    def returncode(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._process.poll()

    def _start(self, module: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.unlink(missing_ok=True)  # it may be a link out of the folder
            with self._log.open("wb") as log:
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,  # Ctrl-C reaches the caller alone, which ends its workers
                )
        except OSError as error:
            raise RunError(
                "E746",
                f"no worker can be started: {(error.strerror or str(error)).lower()}",
                where=str(error.filename or sys.executable),
                hint="check this file, or use --workers 0, which works without processes",
            ) from None

    def send(self, line: Mapping[str, Any]) -> None:
        """Send a line; if the process has died, its end is reported and nothing else happens."""
        assert self._process.stdin is not None
        data = dump_json(line).encode() + b"\n"
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End its input, and wait for its end; one that does not end is killed. An empty log is removed."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout=CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        if threading.current_thread() is not self._listener:
            self._listener.join(timeout=CLOSING_SECONDS)
        with contextlib.suppress(OSError):
            if self._log.stat().st_size == 0:
                self._log.unlink()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.last_line = time.monotonic()
            try:
                self._on_line(json.loads(line))
            except (ValueError, KeyError, TypeError):
                break  # cut off in the middle
        self._process.stdout.close()
        code = self._process.wait()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._on_end(code)

    def read_log(self) -> str:
        """Return the end of its log, or the last crash report in it."""
        try:
            with self._log.open("rb") as log:
                log.seek(max(0, self._log.stat().st_size - _LOG_BYTES))
                return shorten_log(log.read().decode("utf-8", "replace"))
        except OSError:
            return ""


def describe_exit(code: int) -> str:
    """Say how a process ended, by its exit code."""
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"


def shorten_log(text: str) -> str:
    """Return the end of a log, or the beginning and the end of the last crash report in it."""
    begin, half = text.rfind(_CRASH_HEADING), _DETAILS // 2
    if begin < 0:
        return text.strip()[-_DETAILS:]
    crash = text[begin:].strip()
    return crash if len(crash) <= _DETAILS else f"{crash[:half]}\n[...]\n{crash[-half:]}"
