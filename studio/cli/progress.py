"""Progress on a terminal: one line for each node that runs, with its steps and the time left."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from studio.api.events import (
    Event,
    NodeCached,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeProgressed,
    NodeSkipped,
    NodeStarted,
    RunStarted,
)

_MOST_LINES = 12
_LEAST_SPEED = 0.1
_MOST_COUNTED = 9_999  # more are bytes or samples, which nobody counts


class SpeedColumn(ProgressColumn):
    """Steps per second, if there are enough of them to measure: frames of a video."""

    def render(self, task: Task) -> Text:
        """Return the text of one line."""
        speed = task.finished_speed or task.speed
        if (task.total or 0) > _MOST_COUNTED:
            speed = None
        return Text(f"{speed:.1f}/s" if speed and speed >= _LEAST_SPEED else "", style="dim")


class CountColumn(ProgressColumn):
    """Steps that are done, of how many; of very many steps, such as bytes or samples, the share."""

    def render(self, task: Task) -> Text:
        """Return the text of one line."""
        done, total = int(task.completed), task.total
        if total is None:
            return Text(str(done) if 0 < done <= _MOST_COUNTED else "")
        text = f"{task.completed / total:.0%}" if total > _MOST_COUNTED else f"{done}/{int(total)}"
        return Text(text, style="progress.download")


class ProgressDisplay:
    """Shows events as they come. The line of the graph moves with the nodes that run, too."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            CountColumn(),
            SpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._whole: TaskID | None = None
        self._lines: dict[str, TaskID] = {}
        self._shares: dict[str, float] = {}
        self._ended = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            if isinstance(event, RunStarted):
                self._whole = self._progress.add_task("[bold]graph", total=event.nodes)
            elif isinstance(event, NodeStarted):
                self._open_line(event)
            elif isinstance(event, NodeProgressed):
                line = self._open_line(event)  # a video that is made while it is read has not started before
                if line is not None:
                    self._progress.update(line, completed=event.done, total=event.total or None)
                self._shares[event.node] = min(1.0, event.done / event.total) if event.total else 0.0
                self._move_whole()
            elif isinstance(event, NodeCached | NodeFinished | NodeFailed | NodeSkipped):
                self._close_line(event)

    def _open_line(self, event: NodeStarted | NodeProgressed) -> TaskID | None:
        """Return the line of a node, a new one if there is room, or None."""
        if event.node not in self._lines and len(self._lines) < _MOST_LINES:
            text = f"{event.node} [dim]{event.node_type}"
            self._lines[event.node] = self._progress.add_task(text, total=None)
        return self._lines.get(event.node)

    def _close_line(self, event: NodeEvent) -> None:
        line = self._lines.pop(event.node, None)
        if line is not None:
            self._progress.remove_task(line)
        self._shares.pop(event.node, None)
        self._ended += 1
        self._move_whole()

    def _move_whole(self) -> None:
        if self._whole is not None:
            self._progress.update(self._whole, completed=self._ended + sum(self._shares.values()))
