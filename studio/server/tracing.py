"""Spans of OpenTelemetry: one for each job, with one for each of its nodes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from studio.api.events import Event, NodeCached, NodeFailed, NodeFinished
from studio.server.job import Job


@contextmanager
def trace_job(job: Job) -> Iterator[Callable[[Event], None]]:
    """Record a job as a span, where OpenTelemetry is loaded, as `opentelemetry-instrument studio serve` does.

    Yields:
        What is called with each event of its run.
    """
    if "opentelemetry" not in sys.modules:
        yield lambda event: None
        return
    from opentelemetry import trace

    tracer = trace.get_tracer("studio.server")
    names = {"studio.job": job.id, "studio.graph": job.graph or "", "studio.who": job.owner}
    with tracer.start_as_current_span("job", attributes=names):
        context = trace.set_span_in_context(trace.get_current_span())
        yield lambda event: _trace_node(tracer, context, event)


def _trace_node(tracer: Any, context: Any, event: Event) -> None:
    """Record a node that ended: it began as long ago as it took."""
    if not isinstance(event, NodeFinished | NodeCached | NodeFailed):
        return
    now = time.time_ns()
    seconds = event.seconds if isinstance(event, NodeFinished) else 0.0
    span = tracer.start_span(event.node_type, context=context, start_time=now - int(seconds * 1e9))
    span.set_attribute("studio.node", event.node)
    span.set_attribute("studio.cached", isinstance(event, NodeCached))
    if isinstance(event, NodeFailed):
        span.set_attribute("studio.error", event.error.code)
    span.end(now)
