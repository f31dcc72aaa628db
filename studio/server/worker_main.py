"""A worker process of the server: `python -m studio.server.worker_main` runs graphs of jobs, several at once.

Input: first `{"settings": ..., "plugins": ...}`, then `{"run": request}`, `{"cancel": key}` and `{"go": key}`. Output:
first `{"ready": true}` or `{"refused": error}`; for each run `{"key": ..., "waits": true}` before its nodes run, which
`go` answers, then `{"key": ..., "event": ...}`, `{"memory": ...}` and `{"key": ..., "summary": ...}`. It ends when its
input ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.batch.worker_pipe import Answers, serve_pipe

if TYPE_CHECKING:
    from studio.app import Studio

_GO_SECONDS = 60.0  # an upper bound: the server answers within milliseconds, or it has died


def main() -> None:
    """Run graphs until the input ends."""
    serve_pipe(_serve)


def _serve(first: Mapping[str, Any], questions: Iterator[Mapping[str, Any]], answers: Answers) -> None:
    from studio.app import Studio
    from studio.batch.worker_settings import parse_settings
    from studio.errors import StudioError

    try:
        studio = Studio(parse_settings(first["settings"], first["plugins"]))
        studio.registry.host  # noqa: B018 - plugins that cannot be loaded are found here
    except StudioError as error:
        answers.send({"refused": error.to_json()})
        os._exit(1)
    answers.send({"ready": True})
    runs = _Runs(studio, answers)
    for line in questions:
        runs.handle(line)
    studio.cache.flush()


class _Runs:
    """The runs of this process, each on a thread of its own."""

    def __init__(self, studio: Studio, answers: Answers) -> None:
        self._studio = studio
        self._answers = answers
        self._running: dict[str, tuple[Any, threading.Event]] = {}

    def handle(self, line: Mapping[str, Any]) -> None:
        """Do what a line asks for."""
        if "run" in line:
            self._start(line["run"])
        elif "cancel" in line and (found := self._running.get(line["cancel"])):
            control, go = found
            control.cancel()
            go.set()
        elif "go" in line and (found := self._running.get(line["go"])):
            found[1].set()

    def _start(self, row: Mapping[str, Any]) -> None:
        from studio.execution.control import Control
        from studio.server.graph_run import RunRequest

        request = RunRequest.from_json(row)
        control, go = self._running[request.key] = Control(), threading.Event()
        threading.Thread(target=self._run, args=(request, control, go), name=request.key, daemon=True).start()

    def _run(self, request: Any, control: Any, go: threading.Event) -> None:
        from studio.api.events import Event, RunStarted
        from studio.server.event_rows import EventRows
        from studio.server.graph_run import run_graph, summarize_failure

        rows = EventRows()

        def show(event: Event) -> None:
            if isinstance(event, RunStarted):
                self._answers.send({"key": request.key, "waits": True})
                go.wait(_GO_SECONDS)
            row = rows.describe(event)
            if row is not None:
                self._answers.send({"key": request.key, "event": row})

        try:
            summary = run_graph(self._studio, request, show, control)
            self._studio.cache.flush()  # what other workers need is on the disk
        except BaseException as error:  # whatever it is, the server waits for an answer
            summary = summarize_failure(error)
        self._running.pop(request.key, None)
        self._answers.send({"memory": _list_memory()})
        self._answers.send({"key": request.key, "summary": summary.to_json()})


def _list_memory() -> list[tuple[str, str, int]]:
    """Return device, kind and bytes of each device that is in use; nothing where the device is broken."""
    from studio.server.metrics import list_device_memory

    try:
        return [*list_device_memory()]
    except Exception:  # of torch, whatever it is: the run has an answer all the same
        return []


if __name__ == "__main__":
    main()
