"""Displays of a run that write lines: a line of JSON for each event, or a line of text for each node."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import click

from studio.api.events import (
    Event,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    NodeWarned,
    RunStarted,
)
from studio.cli.output import find_own_output
from studio.cli.silent_display import SilentDisplay
from studio.surrogates import dump_json

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class EventLines(SilentDisplay):
    """Writes each event to the standard output as a line of JSON: `{"event": "node_finished", "run": ..., ...}`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._output = find_own_output()

    def show(self, event: Event) -> None:
        """Write one event; any thread may."""
        self.write(describe_event(event))

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one line, at once, so that a program that reads is not behind."""
        with self._lock:
            click.echo(dump_json(row), file=self._output)
            self._output.flush()


def describe_event(event: Event) -> dict[str, Any]:
    """Return an event as plain JSON; a preview is not part of it."""
    row: dict[str, Any] = {"event": _WORD.sub("_", type(event).__name__).lower()}
    row |= {field.name: getattr(event, field.name) for field in fields(event) if field.name != "preview"}
    if isinstance(event, NodeFailed):
        row["error"] = event.error.to_json()
    return row


class NodeLines(SilentDisplay):
    """Writes a line to the standard error stream for each node that ends: what became of it, and how long it took."""

    def __init__(self) -> None:
        self._ended = 0
        self._nodes = 0

    def show(self, event: Event) -> None:
        """Write the line of one event, if it has one."""
        if isinstance(event, RunStarted):
            self._nodes = event.nodes
        elif isinstance(event, NodeWarned):
            self._write(f"{event.node} ({event.node_type}): {event.message}")
        elif isinstance(event, NodeCached | NodeFinished | NodeSkipped | NodeFailed):
            self._ended += 1
            self._write(f"[{self._ended}/{self._nodes}] {event.node} ({event.node_type}): {_describe_end(event)}")

    def _write(self, text: str) -> None:
        click.echo(text, err=True)


def _describe_end(event: NodeCached | NodeFinished | NodeSkipped | NodeFailed) -> str:
    if isinstance(event, NodeCached):
        return f"from the cache, {event.fingerprint[:12]}"
    if isinstance(event, NodeFinished):
        return f"ran {event.seconds:.2f} s"
    if isinstance(event, NodeSkipped):
        return f"skipped, {event.reason}"
    return f"failed, {event.error.code}"
