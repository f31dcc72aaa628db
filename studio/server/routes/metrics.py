"""`/metrics`: what the server counts, as Prometheus reads it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from studio.errors import UsageError
from studio.server.metrics import list_device_memory, read_resident_bytes
from studio.server.parts import Parts

_MEMORY_LABELS = ("device", "kind", "worker")
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics", summary="Show what the server counts, for Prometheus.", response_class=PlainTextResponse)
    def show_metrics() -> Response:
        if find_spec("prometheus_client") is None:
            message, hint = "/metrics needs prometheus_client, which is not installed", "pip install 'studio[server]'"
            raise UsageError("E802", message, hint=hint)
        return Response(_write(parts), media_type=_CONTENT_TYPE)

    return router


def _write(parts: Parts) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(parts))
    return generate_latest(registry)


class _Collector:
    """Gives what was counted, and asks the parts of the server for what is counted nowhere."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Any]:
        """Yield all families."""
        from prometheus_client.core import GaugeMetricFamily

        parts = self._parts
        yield from parts.metrics.collect()
        jobs = GaugeMetricFamily("studio_jobs", "Jobs that there are, by state.", labels=("state",))
        for state, count in parts.store.count_states().items():
            jobs.add_metric((str(state),), count)
        yield jobs
        oldest = parts.store.find_oldest_queued()
        waited = time.time() - oldest if oldest is not None else 0.0
        yield GaugeMetricFamily("studio_queue_seconds", "How long the oldest queued job waits.", waited)
        yield GaugeMetricFamily("studio_watchers", "Streams of events.", parts.logs.count_watchers())
        yield GaugeMetricFamily("studio_files_bytes", "Bytes of all files.", parts.files.count_bytes())
        yield GaugeMetricFamily("studio_resident_bytes", "Memory of the process.", read_resident_bytes())
        memory = GaugeMetricFamily("studio_device_memory_bytes", "Memory of devices.", labels=_MEMORY_LABELS)
        own = [("", *row) for row in list_device_memory()]
        for worker, device, kind, size in (*own, *parts.metrics.list_worker_memory()):
            memory.add_metric((device, kind, worker), size)
        yield memory
