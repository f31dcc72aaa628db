"""`Metrics`: what the server counts, as families of Prometheus."""

from __future__ import annotations

import sys
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.events import Event, NodeCached, NodeFailed, NodeFinished, NodeSkipped
from studio.server.job import Job

_BOUNDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1800.0)
_OUTCOMES = {NodeCached: "cached", NodeFinished: "ran", NodeFailed: "failed", NodeSkipped: "skipped"}


@dataclass
class _Times:
    """A histogram of seconds.

    Attributes:
        counts: How many times were within each bound and above the one before; the last are above all.
        total: Their sum.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one time."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def list_buckets(self) -> list[tuple[str, float]]:
        """Return how many times were within each bound."""
        seen, buckets = 0, []
        for bound, count in zip([*map(str, _BOUNDS), "+Inf"], self.counts, strict=True):
            seen += count
            buckets.append((bound, float(seen)))
        return buckets


class Metrics:
    """Counts what happens. Every method may be called from any thread.

    Attributes:
        requests: Requests that were answered, by method and status.
        received: Bytes of bodies that arrived.
        sent: Bytes of bodies that were sent.
        list_worker_memory: Lists worker, device, kind and bytes of what worker processes use.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.received = 0
        self.sent = 0
        self.list_worker_memory: Callable[[], Iterable[tuple[str, str, str, int]]] = lambda: ()
        self._guard = threading.Lock()
        self._nodes: Counter[tuple[str, str]] = Counter()
        self._node_times: dict[str, _Times] = {}
        self._jobs: dict[str, _Times] = {}
        self._reused = 0

    def show(self, event: Event) -> None:
        """Count an event of a run."""
        outcome = _OUTCOMES.get(type(event))
        if outcome is None:
            return
        node_type: str = event.node_type  # type: ignore[attr-defined]
        with self._guard:
            self._nodes[node_type, outcome] += 1
            if isinstance(event, NodeFinished):
                self._node_times.setdefault(node_type, _Times()).add(event.seconds)

    def show_job(self, job: Job, seconds: float) -> None:
        """Count a job that ended."""
        with self._guard:
            self._jobs.setdefault(str(job.state), _Times()).add(seconds)
            self._reused += bool(job.reused)

    def collect(self) -> Iterator[Any]:
        """Yield the families of what was counted."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        with self._guard:
            nodes = CounterMetricFamily(
                "studio_nodes", "Nodes that ended, by type and outcome.", labels=("type", "outcome")
            )
            for (node_type, outcome), count in self._nodes.items():
                nodes.add_metric((node_type, outcome), count)
            node_times = HistogramMetricFamily("studio_node_seconds", "How long nodes ran.", labels=("type",))
            for node_type, times in self._node_times.items():
                node_times.add_metric((node_type,), times.list_buckets(), times.total)
            jobs = HistogramMetricFamily("studio_job_seconds", "How long jobs ran, by their end.", labels=("state",))
            for state, times in self._jobs.items():
                jobs.add_metric((state,), times.list_buckets(), times.total)
            reused = CounterMetricFamily(
                "studio_jobs_reused", "Jobs of which everything came from the cache.", self._reused
            )
        requests = CounterMetricFamily("studio_requests", "Answered requests.", labels=("method", "status"))
        for (method, status), count in list(self.requests.items()):
            requests.add_metric((method, status), count)
        received = CounterMetricFamily("studio_received_bytes", "Bytes of bodies that arrived.", self.received)
        sent = CounterMetricFamily("studio_sent_bytes", "Bytes of bodies that were sent.", self.sent)
        yield from (nodes, node_times, jobs, reused, requests, received, sent)


def read_resident_bytes() -> int:
    """Return the memory that this process takes; 0 where that is unknown."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return 0


def list_device_memory() -> Iterator[tuple[str, str, int]]:
    """Yield device, kind and bytes of the memory of each CUDA device that is in use; torch is not loaded for it."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        name = f"cuda:{number}"
        yield from ((name, "total", total), (name, "used", total - free))
        yield name, "allocated", torch.cuda.memory_allocated(number)
