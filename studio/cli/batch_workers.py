"""Which workers `studio batch` uses: processes on this machine, or actors on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.errors import UsageError

if TYPE_CHECKING:
    from studio.app import Studio
    from studio.batch.batch import Batch
    from studio.batch.run import StartWorker


@contextmanager
def open_workers(batch: Batch, options: Mapping[str, Any]) -> Iterator[tuple[StartWorker | None, int]]:
    """Yield what starts workers, None for processes on this machine, and their number.

    Args:
        batch: The batch.
        options: "workers", "ray_address", "ray_gpus" and "ray_tags" of the command line.

    Raises:
        UsageError: E749 if an option of Ray cannot be used, E759 if Ray is not installed.
        RunError: E761 if there is no cluster at that address.
    """
    count = options["workers"]
    if options["ray_address"] is None:
        if options["ray_tags"] or options["ray_gpus"] is not None:
            raise UsageError("E749", "--ray-gpus and --ray-tag are for --ray", hint="add --ray")
        yield None, count if count is not None else count_workers(batch.studio)
        return
    from studio.batch.ray_cluster import ClusterOptions, open_cluster

    tags = dict(parse_tag(text) for text in options["ray_tags"])
    wanted = ClusterOptions(options["ray_address"], count or None, gpus=options["ray_gpus"], tags=tags)
    with open_cluster(batch, wanted) as found:
        yield found


def parse_tag(text: str) -> tuple[str, float]:
    """Return name and amount of a resource, written as NAME or NAME=AMOUNT.

    Raises:
        UsageError: E749 if there is no name, or the amount is not a positive number.
    """
    name, _, amount = text.partition("=")
    try:
        number = float(amount or 1)
    except ValueError:
        number = 0.0
    if not name or not 0 < number < float("inf"):
        raise UsageError("E749", f"invalid resource {text!r}", where="--ray-tag", hint="--ray-tag NAME or NAME=AMOUNT")
    return name, number


def count_workers(studio: Studio) -> int:
    """Return how many workers a machine has by default."""
    from studio.runtime.devices import count_cuda

    return max(1, count_cuda()) if studio.settings.device in ("auto", "cuda") else 1
