"""Events of a run as plain JSON, from a worker process to the server: with few of the steps and previews."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from studio.api import events
from studio.api.events import Event, NodeFailed, NodeProgressed
from studio.errors import NodeError
from studio.server.live_job import SECONDS_BETWEEN_PREVIEWS, SECONDS_BETWEEN_STEPS
from studio.server.preview_image import encode_preview

log = logging.getLogger("studio.server")

_KINDS: dict[str, type[Event]] = {
    name: kind for name in events.__all__ if (kind := getattr(events, name)) is not Event and name != "NodeEvent"
}


class EventRows:
    """Writes the events of one run. Its method may be called from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._next_step = 0.0
        self._next_preview = 0.0

    def describe(self, event: Event) -> dict[str, Any] | None:
        """Return an event as plain JSON; None for a step that nobody would see."""
        row = {name: getattr(event, name) for name in (field.name for field in fields(event)) if name != "preview"}
        row["event"] = type(event).__name__
        if isinstance(event, NodeFailed):
            row["error"] = {**event.error.to_json(), "disk_full": event.error.disk_full}
        if not isinstance(event, NodeProgressed):
            return row
        step, preview = self._choose(time.monotonic(), has_preview=event.preview is not None)
        if preview and event.preview is not None:
            try:
                return {**row, "preview": encode_preview(event.preview)}
            except Exception as error:  # of a plugin's own making; the run goes on without it
                log.debug("a preview of %s cannot be shown: %s", event.node, error)
        return row if step else None

    def _choose(self, now: float, *, has_preview: bool) -> tuple[bool, bool]:
        """Say whether a step is told, and whether its preview is: twice as often as the server tells its clients."""
        with self._guard:
            step, preview = now >= self._next_step, has_preview and now >= self._next_preview
            if step:
                self._next_step = now + SECONDS_BETWEEN_STEPS / 2
            if preview:
                self._next_preview = now + SECONDS_BETWEEN_PREVIEWS / 2
        return step, preview


def parse_event(row: Mapping[str, Any]) -> tuple[Event, str]:
    """Return an event that `EventRows` wrote, and its preview as a data URL or ""."""
    values = {name: value for name, value in row.items() if name not in ("event", "preview")}
    if "error" in values:
        values["error"] = _parse_error(values["error"])
    return _KINDS[row["event"]](**values), str(row.get("preview", ""))


def _parse_error(row: Mapping[str, Any]) -> NodeError:
    names = ("node", "inputs", "hint", "details")
    error = NodeError(row["code"], row["message"], **{name: str(row[name]) for name in names})
    error.where, error.disk_full = row["where"], row["disk_full"]
    return error
