"""What `studio batch` shows: a live table on a terminal, plain lines elsewhere, and a summary by cause."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import click

from studio.batch.item import FINISHED_STATES, Item, ItemResult, ItemState
from studio.batch.item_rows import Summary, describe_cause
from studio.batch.ledger import Ledger
from studio.batch.own_files import HELD
from studio.batch.run import BatchRun
from studio.errors import RunError
from studio.runtime.memory import show_bytes

_REDRAW_SECONDS = 0.5
_LINE_SECONDS = 10.0
_COUNTING_SHARE = 20  # counting takes at most one part in this many of the time
_RECENT = 200
_MOST_FAILURES = 5
_STATE_ORDER = (ItemState.DONE, ItemState.HELD, ItemState.FAILED, ItemState.RUNNING, ItemState.PENDING)


class BatchDisplay:
    """Shows the progress of a batch.

    Args:
        ledger: Its ledger.
        run: This process's part in it.
        quiet: Whether to show nothing.

    Attributes:
        seconds: Time since it was entered.
    """

    def __init__(self, ledger: Ledger, run: BatchRun, *, quiet: bool = False) -> None:
        self._run = run
        self._ledger = ledger
        self._quiet = quiet
        self._live: Any = None
        self._counts: dict[ItemState, int] = dict.fromkeys(ItemState, 0)
        self._calls = self._cached = 0
        self._ended: deque[float] = deque(maxlen=_RECENT)
        self._failures: deque[str] = deque(maxlen=_MOST_FAILURES)
        self._begun = time.monotonic()
        self._shown = self._next_count = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since it was entered."""
        return time.monotonic() - self._begun

    def __enter__(self) -> None:
        self._begun = time.monotonic()
        self._update_counts()
        if self._quiet or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.live import Live

        self._live = Live(get_renderable=self._draw, console=Console(stderr=True), refresh_per_second=2, transient=True)
        self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, item: Item, result: ItemResult) -> None:
        """Show that an item has ended."""
        self._calls += result.calls
        self._cached += result.cached
        now = time.monotonic()
        self._ended.append(now)
        if result.error is not None:
            line = f"{item.name}: {describe_cause(result.error)}"
            self._failures.append(line)
            if self._live is None and not self._quiet:
                click.echo(f"failed: {line}", err=True)
        self._show_checks(item, result)
        if self._live is None and not self._quiet and now - self._shown >= _LINE_SECONDS:
            self._shown = now
            click.echo(self._describe(), err=True)

    def _show_checks(self, item: Item, result: ItemResult) -> None:
        """Show which checks of an item did not pass, and with which seed it ran at last."""
        tries = result.checks.get("tries", 1)
        failed = [
            f"{row['check']}: {row['sentence']}" for row in result.checks.get("verdicts", ()) if not row["passed"]
        ]
        if self._live is not None or self._quiet or result.error is not None or not (failed or tries > 1):
            return
        seeds = ", ".join(f"{name} {seed}" for name, seed in result.checks.get("seeds", {}).items())
        tried = f" (try {tries}, {seeds})" if tries > 1 else ""
        word = "held" if result.state == ItemState.HELD else "warning" if failed else "passed"
        click.echo(f"{word}: {item.name}{tried}{': ' if failed else ''}{'; '.join(failed)}", err=True)

    def _update_counts(self) -> None:
        """Count the items, as other processes may finish some too; a long table is counted less often."""
        begin = time.monotonic()
        if begin < self._next_count:
            return
        with contextlib.suppress(RunError):  # the next use of the ledger raises it
            self._counts = self._ledger.count_items()
        now = time.monotonic()
        self._next_count = now + _COUNTING_SHARE * (now - begin)

    def find_rate(self) -> float:
        """Return the items per second, over the most recent ones."""
        if len(self._ended) < 2:
            return 0.0
        span = time.monotonic() - (self._ended[0] if len(self._ended) == _RECENT else self._begun)
        return len(self._ended) / span if span > 0 else 0.0

    def find_left(self) -> float | None:
        """Return the seconds left at this rate, or None if there is no rate yet."""
        rate = self.find_rate()
        return self._counts[ItemState.PENDING] / rate if rate else None

    def _describe(self) -> str:
        self._update_counts()
        counts = self._counts
        total = sum(count for state, count in counts.items() if state != ItemState.REMOVED)
        left = self.find_left()
        parts = [
            f"{counts[ItemState.DONE]} of {total} done",
            f"{counts[ItemState.FAILED]} failed",
            f"{self._run.running} running",
        ]
        if counts[ItemState.HELD]:
            parts.insert(1, f"{counts[ItemState.HELD]} held")
        if left is not None:
            parts += [f"{show_rate(self.find_rate())} items/s", f"{show_time(left)} left"]
        if self._calls:
            parts.append(f"{self._cached / self._calls:.0%} from the cache")
        return ", ".join(parts)

    def _draw(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        self._update_counts()
        counts, left = self._counts, self.find_left()
        total = max(1, sum(count for state, count in counts.items() if state != ItemState.REMOVED))
        table = Table.grid(padding=(0, 3))
        heads = ("done", "failed", "running", "items/s", "time left", "cache hits")
        cells = (
            Text(f"{counts[ItemState.DONE]} of {total}", "green"),
            Text(str(counts[ItemState.FAILED]), "red" if counts[ItemState.FAILED] else ""),
            Text(str(self._run.running)),
            Text(show_rate(self.find_rate()) if left is not None else "..."),
            Text(show_time(left) if left is not None else "..."),
            Text(f"{self._cached / self._calls:.0%}" if self._calls else "..."),
        )
        table.add_row(*(Text(head, "dim") for head in heads))
        table.add_row(*cells)
        bar = ProgressBar(total=total, completed=sum(counts[state] for state in FINISHED_STATES), width=72)
        return Group(table, bar, *(Text(line, "red", no_wrap=True, overflow="ellipsis") for line in self._failures))


def show_rate(rate: float) -> str:
    """Return items per second with about two digits."""
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"


def show_time(seconds: float) -> str:
    """Return a time such as 2:05 or 1:02:05."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def show_summary(summary: Summary, folder: Path, seconds: float | None, *, err: bool = True) -> None:
    """Print how far a batch is, and why items failed."""
    counts = summary.counts
    parts = [f"{counts[state]} {state}" for state in _STATE_ORDER if counts[state]]
    duration = f" in {show_time(seconds)}" if seconds is not None else ""
    click.echo(f"{', '.join(parts) or 'no items'} of {summary.total}{duration}", err=err)
    if summary.calls:
        hits = f"{summary.cached} of {summary.calls} calls were cached or shared"
        click.echo(f"{hits}; {show_bytes(summary.bytes)} in {folder}", err=err)
    _show_checks(summary, folder, err)
    if summary.causes:
        click.echo("failed:", err=err)
    for cause, count, name in summary.causes:
        click.echo(f"  {count} x {cause}", err=err)
        click.echo(f"      first: {name}", err=err)
    if summary.causes:
        click.echo("  studio batch ... --retry-failed runs them again; studio batch export has the details", err=err)


def _show_checks(summary: Summary, folder: Path, err: bool) -> None:
    found = summary.checks
    if found.get("not_passed") or found.get("reseeded"):
        text = f"checks: {found['not_passed']} of {found['checked']} items did not pass"
        if found["reseeded"]:
            text += f"; {found['reseeded']} ran again with other seeds, {found['further_tries']} times in all"
        click.echo(text, err=err)
    if summary.counts.get(ItemState.HELD):
        click.echo(f"  the files of held items are in {folder / HELD}", err=err)
