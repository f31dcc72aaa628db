"""A worker process: `python -m studio.batch.worker_main` takes items as lines of JSON and answers in lines of JSON.

Input: first `{"spec": ..., "name": ..., "plugins": ...}`, then `{"items": [...]}` whenever there is room. Output: first
`{"ready": true}` or `{"refused": error}`, then `{"result": ...}` for each item, with `{"alive": true}` in between,
and last `{"cache_errors": [...]}`. The process ends when its input ends.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

from studio.redaction import RedactedStream
from studio.surrogates import dump_json

_HEARTBEAT_SECONDS = 1.0


class _Answers:
    """The output; any thread may write a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._guard = threading.Lock()

    def send(self, line: Mapping[str, Any]) -> None:
        data = dump_json(line).encode() + b"\n"
        with self._guard:
            try:
                self._stream.write(data)
                self._stream.flush()
            except OSError:
                os._exit(0)  # the batch has ended


def main() -> None:
    """Run items until the input ends."""
    questions, answers = _take_over_streams()
    faulthandler.enable()
    first = json.loads(questions.readline() or b"null")
    if first is None:
        return
    threading.Thread(target=_send_heartbeats, args=(answers,), daemon=True).start()
    _serve(first, questions, answers)


def _take_over_streams() -> tuple[BinaryIO, _Answers]:
    """Reserve the two pipes for the protocol; what nodes print goes to the log."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr = RedactedStream(sys.stderr)
    return questions, _Answers(answers)


def _send_heartbeats(answers: _Answers) -> None:
    pause = threading.Event()
    while not pause.wait(_HEARTBEAT_SECONDS):
        answers.send({"alive": True})


def _serve(first: Mapping[str, Any], questions: BinaryIO, answers: _Answers) -> None:
    from studio.app import Studio
    from studio.batch.item import Item, ItemResult
    from studio.batch.item_executor import ItemExecutor
    from studio.batch.spec import BatchSpec
    from studio.batch.worker import WorkerLost
    from studio.batch.worker_settings import parse_settings
    from studio.errors import StudioError
    from studio.execution.options import CacheMode

    def report(worker: object, result: ItemResult | WorkerLost) -> None:
        if isinstance(result, ItemResult):
            answers.send({"result": result.to_json()})

    spec = BatchSpec.from_json(first["spec"])
    try:
        studio = Studio(parse_settings(spec.settings, first.get("plugins")), on_disk=spec.cache != CacheMode.OFF)
        executor = ItemExecutor(studio, spec, report, first["name"])
    except StudioError as error:
        answers.send({"refused": error.to_json()})
        os._exit(1)
    answers.send({"ready": True})
    for line in questions:
        executor.start([Item.from_json(row) for row in json.loads(line)["items"]])
    studio.cache.flush()
    errors = [str(error) for error in studio.cache.take_errors()]
    if errors:
        answers.send({"cache_errors": errors})
    os._exit(0)  # threads may hang in nodes; the cache is flushed


if __name__ == "__main__":
    main()
