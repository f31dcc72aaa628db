"""A job is a span, and each of its nodes is one in it, where OpenTelemetry is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes import graph

from tests.studio.server.conftest import Desk

trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")


class Span(trace.NonRecordingSpan):  # type: ignore[misc]
    """A span that keeps what is said of it."""

    def __init__(self, name: str, parent: Any) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self.name, self.parent, self.about, self.ended = name, parent, {}, False  # type: ignore[var-annotated]

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep an attribute."""
        self.about[key] = value

    def end(self, end_time: int | None = None) -> None:
        """Note its end."""
        self.ended = True


class Tracer:
    """Keeps the spans that it makes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def start_span(self, name: str, context: Any = None, start_time: int = 0) -> Span:
        """Make a span."""
        self.spans.append(Span(name, trace.get_current_span(context)))
        return self.spans[-1]

    @contextmanager
    def start_as_current_span(self, name: str, attributes: dict[str, Any]) -> Iterator[Span]:
        """Make the span of a job."""
        span = self.start_span(name)
        span.about |= attributes
        with trace.use_span(span, end_on_exit=True):
            yield span


def test_a_job_is_a_span_with_one_for_each_node(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer()
    monkeypatch.setattr(trace, "get_tracer", lambda name: tracer)
    document = graph({"a": ("fake.add", {"a": 1}), "b": ("fake.fail", {"a": "@a"})}, number="b")

    job = desk.run(document)

    top, *nodes = tracer.spans
    assert (top.name, top.about["studio.job"], top.ended) == ("job", job["id"], True)
    assert {node.name: node.about.get("studio.error") for node in nodes} == {"fake.add": None, "fake.fail": "E301"}
    assert all(node.parent is top and node.ended for node in nodes)
