"""`Worker`: the protocol of what runs items, whether in this process, in one of its own, or in a Ray actor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from studio.batch.item import Item, ItemResult


@dataclass(frozen=True)
class WorkerLost:
    """A worker ended before it reported all of its items.

    Attributes:
        items: The items that it had not reported; each starts again from the beginning.
        cause: What is known, for a person: "it ended with exit code 7", "it was ended by SIGKILL".
        killed: Whether something outside ended it (SIGKILL, a lost node), so that its items may not be the cause.
        details: The end of its log.
    """

    items: tuple[Item, ...]
    cause: str
    killed: bool
    details: str = ""


Report = Callable[["Worker", ItemResult | WorkerLost], None]
"""Called from any thread, once for each item that was started; it must return quickly."""


class Worker(Protocol):
    """Runs items.

    The batch starts items while there is room: `window` less the items that were started and not reported. Each
    started item is reported once, either as an `ItemResult` or among the items of a `WorkerLost`. A worker that
    reported `WorkerLost` is closed and replaced. A worker is made with the `Report` that it calls.

    Attributes:
        name: Name of the worker.
        window: Most items that it has at once; 0 while no machine has room for it.
        ready: Whether it has said that it can take items.
        refused: The error, as plain JSON, with which it refused to start, or None.
        cache_errors: Once it is closed, what went wrong with its cache.
    """

    name: str
    window: int
    ready: bool
    refused: Mapping[str, Any] | None
    cache_errors: Sequence[str]

    def start(self, items: Sequence[Item]) -> None:
        """Start to run items, and return at once."""

    def close(self) -> None:
        """Release everything; items that were started and not reported are dropped."""
