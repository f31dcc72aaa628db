"""`read_ahead`: an iterator that runs in a thread of its own, a few entries ahead of its reader."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

T = TypeVar("T")
_AHEAD = 4
_POLL_SECONDS = 0.1


def read_ahead(source: Iterator[T], ahead: int = _AHEAD) -> Generator[T, None, None]:
    """Yield what an iterator yields, in order, while it already works on the entries that come next.

    What it raises is raised here, after the entries before it. When the reader stops early, the iterator is closed.

    Args:
        source: The iterator; from now on only its thread touches it.
        ahead: Most entries that wait.
    """
    worker = _Worker(source, ahead)
    worker.thread.start()
    try:
        while True:
            kind, value = worker.ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        worker.stop()


class _Worker(Generic[T]):
    """The thread that reads the iterator, and the queue between it and the reader."""

    def __init__(self, source: Iterator[T], ahead: int) -> None:
        self.ready: queue.Queue[tuple[str, Any]] = queue.Queue(ahead)
        self.thread = threading.Thread(target=self._run, name="studio-read-ahead", daemon=True)
        self._source = source
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the thread, and wait until it has closed the iterator."""
        self._stopped.set()
        while not self.ready.empty():
            self.ready.get_nowait()
        self.thread.join()

    def _run(self) -> None:
        try:
            for value in self._source:
                if not self._put("value", value):
                    break
            self._put("end", None)
        except BaseException as error:  # raised again in the reader's thread, cancellation too
            self._put("error", error)
        finally:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()

    def _put(self, kind: str, value: Any) -> bool:
        """Hand an entry to the reader; False if the reader has stopped."""
        while not self._stopped.is_set():
            try:
                self.ready.put((kind, value), timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
