"""What `studio batch --estimate` prints: how long the rest takes, how large it is, and how that is known."""

from __future__ import annotations

import click

from studio.batch.estimate import Estimate
from studio.cli.batch_display import show_time
from studio.runtime.memory import show_bytes

_MOST_TYPES = 5


def show_estimate(estimate: Estimate) -> None:
    """Print an estimate on the standard output."""
    if not estimate.to_do:
        click.echo("nothing to do")
        return
    workers = f"{estimate.workers} worker" + "s" * (estimate.workers != 1)
    seconds = "time unknown" if estimate.seconds is None else f"about {describe_time(estimate.seconds)}"
    size = "size unknown" if estimate.bytes is None else f"about {show_bytes(estimate.bytes)}"
    click.echo(f"{estimate.to_do} to do: {seconds} with {workers}, {size}")
    for line in describe_basis(estimate):
        click.echo(f"  {line}")


def describe_basis(estimate: Estimate) -> list[str]:
    """Return, line by line, what an estimate is based on."""
    if estimate.seconds is None:
        return ["no measurements yet: run a few with --first 5"]
    lines = []
    if estimate.measured:
        lines.append(f"from {estimate.measured} of {estimate.imported.total} items")
    else:
        slowest = sorted(estimate.node_types.items(), key=lambda row: -row[1])[:_MOST_TYPES]
        lines.append(f"from times in the cache: {', '.join(f'{name} {seconds:.2g} s' for name, seconds in slowest)}")
        if estimate.unmeasured:
            lines.append(f"without {', '.join(estimate.unmeasured)}: no times are known")
        lines.append("no item has run yet: run a few with --first 5 for a better estimate")
    if estimate.cached:
        lines.append(f"{estimate.cached:.0%} of the calls of {estimate.sampled} of these items are in the cache")
    return lines


def describe_time(seconds: float) -> str:
    """Return a time in words for short ones and as show_time does for long ones."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    return show_time(seconds) if seconds < 86400 else f"{seconds / 86400:.1f} days"
