"""The two pipes of a worker process, seen from inside: lines of JSON in, lines of JSON out."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from studio.redaction import RedactedStream
from studio.runtime.lean_imports import install_lean_imports
from studio.surrogates import dump_json

_HEARTBEAT_SECONDS = 1.0


class Answers:
    """The output; any thread may write a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._guard = threading.Lock()

    def send(self, line: Mapping[str, Any]) -> None:
        """Write a line."""
        data = dump_json(line).encode() + b"\n"
        with self._guard:
            try:
                self._stream.write(data)
                self._stream.flush()
            except OSError:
                os._exit(0)  # the caller has ended


def serve_pipe(serve: Callable[[Mapping[str, Any], Iterator[Mapping[str, Any]], Answers], None]) -> None:
    """Take over the standard streams, and work until the input ends; then this process ends, whatever its threads do.

    What nodes print goes to the log. A line `{"alive": true}` is written each second.

    Args:
        serve: Called with the first line, the lines that follow it, and the output.
    """
    questions, answers = _take_over_streams()
    faulthandler.enable()
    install_lean_imports()
    first = json.loads(questions.readline() or b"null")
    if first is None:
        return
    threading.Thread(target=_send_heartbeats, args=(answers,), daemon=True).start()
    serve(first, map(json.loads, questions), answers)
    os._exit(0)  # threads may hang in nodes


def _take_over_streams() -> tuple[BinaryIO, Answers]:
    """Reserve the two pipes for the protocol; what nodes print goes to the log."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr = RedactedStream(sys.stderr)
    return questions, Answers(answers)


def _send_heartbeats(answers: Answers) -> None:
    pause = threading.Event()
    while not pause.wait(_HEARTBEAT_SECONDS):
        answers.send({"alive": True})
