"""`LiveJob`: what is known of a job while it runs, from the executor's events to what watchers are told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from studio.api import Image
from studio.api.events import (
    Event,
    NodeCached,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeProgressed,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    RunStarted,
)
from studio.server.error_rows import describe_error
from studio.server.hidden_paths import hide_paths
from studio.server.preview_image import encode_preview

log = logging.getLogger("studio.server")

SECONDS_BETWEEN_STEPS = 0.1  # ten events of progress in a second
SECONDS_BETWEEN_PREVIEWS = 0.25


class LiveJob:
    """Follows a run and reports deltas. Its methods may be called from any thread.

    Args:
        report: Called with the kind and the content of each delta.

    Attributes:
        nodes: The state of each node so far, by id.
        total: How many nodes the plan has; 0 before the run began.
        ended: How many of them have ended.
        preview: The newest preview as its event has it; None before the first.
    """

    def __init__(self, report: Callable[[str, dict[str, Any]], None]) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.total = 0
        self.ended = 0
        self._report = report
        self._guard = threading.Lock()
        self._next_step = 0.0
        self._next_preview = 0.0
        self.preview: dict[str, Any] | None = None

    @property
    def progress(self) -> float:
        """The share of nodes that have ended."""
        return self.ended / self.total if self.total else 0.0

    def show(self, event: Event, preview: str = "") -> None:
        """Take in one event of the run.

        Args:
            event: The event.
            preview: Its preview as a data URL, if it is encoded already.
        """
        if isinstance(event, RunStarted):
            self.total = event.nodes
        elif isinstance(event, NodeProgressed):
            self._show_step(event)
            if preview or event.preview is not None:
                self._show_preview(event.node, event.preview, preview)
        elif isinstance(event, NodeEvent):
            self._show_node(event)

    def copy_nodes(self) -> dict[str, dict[str, Any]]:
        """Return the nodes as they are now."""
        with self._guard:
            return {name: dict(node) for name, node in self.nodes.items()}

    def _show_preview(self, node: str, image: Image | None, encoded: str) -> None:
        now = time.monotonic()
        with self._guard:
            if now < self._next_preview:
                return
            self._next_preview = now + SECONDS_BETWEEN_PREVIEWS
        try:
            self.preview = {"node": node, "image": encode_preview(image) if image is not None else encoded}
        except Exception as error:  # of a plugin's own making; the run goes on without it
            log.debug("a preview of %s cannot be shown: %s", node, error)
            return
        self._report("preview", self.preview)

    def _show_step(self, event: NodeProgressed) -> None:
        now = time.monotonic()
        with self._guard:
            node = self.nodes.setdefault(event.node, {"type": event.node_type, "state": "running"})
            node |= {"done": event.done, "total": event.total}
            if now < self._next_step:
                return
            self._next_step = now + SECONDS_BETWEEN_STEPS
        self._report("node", {"node": event.node, "state": "running", "done": event.done, "total": event.total})

    def _show_node(self, event: NodeEvent) -> None:
        change = _describe_change(event)
        if not change:
            return
        with self._guard:
            node = self.nodes.setdefault(event.node, {"type": event.node_type})
            if isinstance(event, NodeWarned):
                change = {"warnings": [*node.get("warnings", ()), *change["warnings"]]}
            node |= change
            self.ended += isinstance(event, NodeCached | NodeFinished | NodeSkipped | NodeFailed)
        self._report("node", {"node": event.node, **change, "progress": round(self.progress, 4)})


def _describe_change(event: NodeEvent) -> dict[str, Any]:
    """Return what an event changes in its node."""
    match event:
        case NodeStarted():
            return {"state": "running"}
        case NodeCached():
            return {"state": "cached"}
        case NodeFinished():
            return {"state": "done", "took": round(event.seconds, 3)}
        case NodeSkipped():
            return {"state": "skipped", "reason": hide_paths(event.reason)}
        case NodeFailed():
            return {"state": "failed", "error": describe_error(event.error)}
        case NodeWarned():
            return {"warnings": [hide_paths(event.message)]}
    return {}
