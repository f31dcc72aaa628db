"""`read_ahead`: an iterator that runs in a thread of its own, a few entries ahead of who reads it."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

T = TypeVar("T")
_AHEAD = 4
_POLL_SECONDS = 0.1


def read_ahead(source: Iterator[T], ahead: int = _AHEAD) -> Generator[T, None, None]:
    """Yield what an iterator yields, in order, while it already works on the entries that come next.

    What it raises is raised here, after the entries before it. When the reader stops early the iterator is closed.

    Args:
        source: The iterator; from now on only its thread touches it.
        ahead: Most entries that wait.
    """
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(ahead)
    stopped = threading.Event()

    def put(entry: tuple[str, Any]) -> bool:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for value in source:
                if not put(("value", value)):
                    break
            put(("end", None))
        except BaseException as error:  # it is raised again where the reader is, cancellation too
            put(("error", error))
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="studio-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        while not ready.empty():
            ready.get_nowait()
        thread.join()
