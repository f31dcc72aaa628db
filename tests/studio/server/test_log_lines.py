"""Lines of the log: for people, and for a collector."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from fakes import graph

from studio.server.log_lines import LogFormat, log_to
from tests.studio.server.conftest import Desk


@pytest.fixture(autouse=True)
def kept_loggers() -> Iterator[None]:
    """Give the loggers back as they were."""
    loggers = [logging.getLogger(name) for name in ("studio.server", "uvicorn.error")]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    yield
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def read_lines(desk: Desk, log_format: LogFormat) -> list[str]:
    """Run a job that fails, and return what is logged."""
    stream = io.StringIO()
    log_to(logging.StreamHandler(stream), log_format)
    desk.run(graph({"a": ("fake.fail", {})}, number="a"))
    desk.stop()
    desk.restart()
    return stream.getvalue().splitlines()


def test_each_job_is_a_line_of_json_with_what_it_is_about(desk: Desk) -> None:
    [line] = read_lines(desk, "json")

    row = json.loads(line)
    assert (row["level"], row["state"], row["code"]) == ("info", "failed", "E301")
    assert row["message"].startswith(f"job {row['job']} failed in ")
    assert row["time"].endswith("Z")
    assert "who" not in row


def test_each_job_is_a_line_for_people(desk: Desk) -> None:
    [line] = read_lines(desk, "text")

    assert " INFO job job-" in line


def test_an_exception_is_one_line_of_json() -> None:
    stream = io.StringIO()
    log_to(logging.StreamHandler(stream), "json")

    try:
        raise ValueError("a\nb")
    except ValueError:
        logging.getLogger("studio.server").exception("it failed")

    row = json.loads(stream.getvalue())
    assert (row["level"], row["message"]) == ("error", "it failed")
    assert "ValueError: a" in row["details"]
