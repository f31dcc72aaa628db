"""`CallOpener`: gives calls their contexts, and measures how long they take."""

from __future__ import annotations

import threading
import time
from functools import partial

from studio.api.events import NodeStarted
from studio.execution.call import Call
from studio.execution.call_weights import CallWeights
from studio.execution.context import RunContext
from studio.execution.control import Control
from studio.execution.memos import CallMemos
from studio.execution.options import CacheMode
from studio.execution.pending_work import PendingWork
from studio.execution.position import find_position
from studio.execution.progress import CallProgress
from studio.execution.reporter import Reporter
from studio.execution.services import Services


class CallOpener:
    """Opens and closes the calls of one run.

    Args:
        services: Cache, models and devices.
        mode: What the run asks of the cache.
        control: To pause or cancel from another thread.
        reporter: Events and records.
        work: What the run waits for.
        lock: The lock of the run.
    """

    def __init__(
        self,
        services: Services,
        mode: CacheMode,
        control: Control,
        reporter: Reporter,
        work: PendingWork,
        lock: threading.RLock,
    ) -> None:
        self._services = services
        self._mode = mode
        self._control = control
        self._reporter = reporter
        self._work = work
        self._lock = lock

    def open(self, call: Call) -> None:
        """Give a call its context, and start its clock."""
        state, services = call.state, self._services
        device = services.device if call.lane == "device" else services.cpu
        progress = CallProgress(state, self._reporter, services.models, device)
        memos = partial(CallMemos, services, self._mode, call, device)
        weights = partial(CallWeights, services, call)
        call.context = RunContext(device, self._control, progress, memos, weights, services.find_evidence)
        if call.node_type.uses_frame:
            call.context.position = find_position(call)
        with self._lock:
            call.ran = True
            call.started = time.perf_counter()
            first, state.started = not state.started, True
        if first:
            self._reporter.emit(NodeStarted, state.node.id, state.node.type_name)
            state.announced = True

    def close(self, call: Call, seconds: float) -> bool:
        """Stop a call's clock and close its context; return False if it was abandoned meanwhile."""
        with self._lock:
            running = call in self._work.running
            call.started = 0.0
            if running:
                call.seconds = seconds
                call.state.seconds += seconds
        if call.context is not None:
            call.context.close()
        return running
