"""`RayWorker`: runs items in a Ray actor, somewhere in a cluster."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.worker import Report, Worker, WorkerLost

_CLOSING_SECONDS = 10.0
_POLL_SECONDS = 2.0


class RayWorker:
    """One actor.

    Args:
        create: Creates the actor, a `RayActor`.
        report: Called once for each item, or when the actor dies.
        name: Name of the worker.
        window: Most items that it has at once.
        open_writer: Opens a worker in this process, which writes the files of an actor that cannot see the folder.

    Attributes:
        ready: Whether the actor has said that it can take items.
        refused: The error with which it refused to start, or None.
    """

    def __init__(
        self,
        create: Callable[[], Any],
        report: Report,
        name: str,
        window: int,
        open_writer: Callable[[Report], Worker],
    ) -> None:
        self.name = name
        self.window = 0  # until a machine has room for the actor
        self._size = window
        self.ready = False
        self.refused: Mapping[str, Any] | None = None
        self.cache_errors: Sequence[str] = ()
        self._report = report
        self._open_writer = open_writer
        self._writer: Worker | None = None
        self._held: dict[int, Item] = {}
        self._guard = threading.Lock()
        self._closed = False
        self._actor = create()
        threading.Thread(target=self._listen, name=f"listen-{name}", daemon=True).start()

    def start(self, items: Sequence[Item]) -> None:
        """Start to run items, and return at once."""
        with self._guard:
            self._held |= {item.index: item for item in items}
        self._actor.start.remote(json.dumps([item.to_json() for item in items], ensure_ascii=True))

    def close(self) -> None:
        """End the actor: at once if it has items, else after it has flushed the cache."""
        import ray

        with self._guard:
            self._closed = True
            busy = bool(self._held)
        if self.ready and not busy:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.get(self._actor.finish.remote(), timeout=_CLOSING_SECONDS)
        with contextlib.suppress(Exception):  # it may be gone, and its machine with it
            ray.kill(self._actor)
        if self._writer is not None:
            self._writer.close()

    # -- messages --------------------------------------------------------------------------------------

    def _listen(self) -> None:
        import ray

        try:
            self._connect(ray)
            self.window = self._size
            while not self._closed and self.refused is None:
                for line in ray.get(self._actor.take.remote()):
                    self._handle_result(ItemResult.from_json(json.loads(line)))
        except ray.exceptions.RayActorError as error:
            self._report_loss(f"its actor or its node died: {str(error).strip().splitlines()[0]}", True)
        except Exception as error:  # the cluster is gone, or Ray has a bug: this worker is lost
            self._report_loss(f"Ray lost it: {type(error).__name__}: {error}", True)
        else:
            if self.refused is not None:
                self._report_loss(str(self.refused["message"]), False)

    def _connect(self, ray: Any) -> None:
        asked = self._actor.describe.remote()
        while not self._closed and not ray.wait([asked], timeout=_POLL_SECONDS)[0]:
            pass
        if self._closed:
            return
        described = json.loads(ray.get(asked))
        self.refused = described["refused"]
        if self.refused is None:
            if described["sees_folder"] is False:
                self._writer = self._open_writer(self._finish)
            self.ready = True

    def _handle_result(self, result: ItemResult) -> None:
        item = self._held.get(result.index)
        if item is None or self._closed:
            return
        if self._writer is not None and result.state in (ItemState.DONE, ItemState.HELD):
            self._writer.start([item])  # all of its values are in the shared cache
        else:
            self._finish(self, result)

    def _finish(self, worker: Worker, result: ItemResult | WorkerLost) -> None:
        if not isinstance(result, ItemResult):
            return
        with self._guard:
            known = self._held.pop(result.index, None) is not None
        if known and not self._closed:
            self._report(self, result)

    def _report_loss(self, cause: str, killed: bool) -> None:
        with self._guard:
            lost = tuple(self._held.values())
            self._held.clear()
            closed = self._closed
        if not closed:
            self._report(self, WorkerLost(lost, cause, killed))
