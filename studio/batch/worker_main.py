"""A worker process: `python -m studio.batch.worker_main` takes items as lines of JSON and answers in lines of JSON.

What comes in: first `{"spec": ..., "name": ...}`, then `{"items": [...]}` as often as there is room. What goes out:
`{"ready": true}` or `{"refused": error}` first, then `{"result": ...}` for each item, and `{"alive": true}` in between.
When the input ends, whoever started it is gone, and so is it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

_BEAT_SECONDS = 1.0


class _Answers:
    """The lines that go out; any thread may write."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._guard = threading.Lock()

    def send(self, line: Mapping[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._guard:
            try:
                self._stream.write(data)
                self._stream.flush()
            except OSError:
                os._exit(0)  # nobody reads on


def main() -> None:
    """Run items until the input ends."""
    questions, answers = _take_over_streams()
    faulthandler.enable()
    first = json.loads(questions.readline() or b"null")
    if first is None:
        return
    threading.Thread(target=_beat, args=(answers,), daemon=True).start()
    _serve(first, questions, answers)


def _take_over_streams() -> tuple[BinaryIO, _Answers]:
    """Keep the two pipes for the protocol; what nodes print goes to the log."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return questions, _Answers(answers)


def _beat(answers: _Answers) -> None:
    pause = threading.Event()
    while not pause.wait(_BEAT_SECONDS):
        answers.send({"alive": True})


def _serve(first: Mapping[str, Any], questions: BinaryIO, answers: _Answers) -> None:
    from studio.app import Studio
    from studio.batch.engine import Engine
    from studio.batch.worker import BatchSpec, Item, ItemResult, WorkerLost
    from studio.errors import StudioError

    def report(engine: object, result: ItemResult | WorkerLost) -> None:
        if isinstance(result, ItemResult):
            answers.send({"result": result.to_json()})

    spec = BatchSpec.from_json(first["spec"])
    try:
        studio = Studio(parse_settings(spec.settings), on_disk=spec.cache != "off")
        engine = Engine(studio, spec, report, first["name"])
    except StudioError as error:
        answers.send({"refused": error.to_json()})
        os._exit(1)
    answers.send({"ready": True})
    for line in questions:
        engine.start([Item.from_json(row) for row in json.loads(line)["items"]])
    studio.cache.flush()
    os._exit(0)  # threads may hang in nodes; the cache is written


def parse_settings(row: Mapping[str, Any]) -> Any:
    """Return the settings that `describe_settings` described; those of this machine if nothing was."""
    from studio.app import read_settings
    from studio.settings import MediaLimits, Settings

    if not row:
        return read_settings()
    values: Any = {n: Path(v) if n.endswith("_dir") and v is not None else v for n, v in row.items()}
    values["media"] = MediaLimits(**row["media"])
    return Settings(**values)


def describe_settings(settings: Any) -> dict[str, Any]:
    """Return settings as plain JSON."""
    from dataclasses import asdict

    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}


if __name__ == "__main__":
    main()
