"""What a worker process answers when a run breaks down."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from typing import Any

import pytest

from studio.server.graph_run import RunRequest
from studio.server.worker_main import _Runs
from tests.studio.server.conftest import PATIENCE_SECONDS

REQUEST = RunRequest("job-1.1", {}, "", {}, {}, "", [], None, {}, "")


class Answers:
    """What a run sends."""

    def __init__(self) -> None:
        self.sent: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def send(self, line: Mapping[str, Any]) -> None:
        """Take a line."""
        self.sent.put(line)


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt("stop"), SystemExit("end")])
def test_a_run_that_breaks_down_is_answered(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def break_down(*_: Any) -> None:
        raise error

    monkeypatch.setattr("studio.server.graph_run.run_graph", break_down)
    answers = Answers()
    runs = _Runs(None, answers)  # type: ignore[arg-type]

    runs.handle({"run": REQUEST.to_json()})
    assert answers.sent.get(timeout=PATIENCE_SECONDS) == {"memory": []}
    answer = answers.sent.get(timeout=PATIENCE_SECONDS)

    assert (answer["key"], answer["summary"]["state"]) == (REQUEST.key, "failed")
    assert answer["summary"]["error"]["code"] == "E999"
    assert type(error).__name__ in answer["summary"]["error"]["message"]
    assert runs._running == {}
