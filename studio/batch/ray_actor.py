"""`RayActor`: what runs in a Ray actor: a Studio whose models stay open, and an `ItemExecutor`."""

from __future__ import annotations

import json
import queue
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

_TAKE_SECONDS = 2.0


class RayActor:
    """Runs items in an actor; arguments and results are JSON text.

    Args:
        spec: A `BatchSpec`.
        name: Name of the worker.
        token: A file that the batch wrote into its folder, and its text: an actor that can read it sees the folder.
    """

    def __init__(self, spec: str, name: str, token: tuple[str, str]) -> None:
        from studio.batch.spec import BatchSpec
        from studio.errors import StudioError

        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._own_folder: tempfile.TemporaryDirectory[str] | None = None
        self._refused: dict[str, Any] | None = None
        try:
            self._open(BatchSpec.from_json(json.loads(spec)), name, token)
        except StudioError as error:
            self._refused = error.to_json()

    def _open(self, spec: Any, name: str, token: tuple[str, str]) -> None:
        from studio.app import Studio
        from studio.batch.item_executor import ItemExecutor
        from studio.batch.worker_settings import parse_settings
        from studio.errors import RunError
        from studio.execution.options import CacheMode

        settings = parse_settings(spec.settings)
        if not _contains(*token):
            if not settings.cache_url or spec.cache == CacheMode.OFF:
                raise RunError(
                    "E760",
                    f"a worker cannot see the folder {spec.folder!r}",
                    where=name,
                    hint="share the folder between the machines, or name a shared cache with --cache-url",
                )
            self._own_folder = tempfile.TemporaryDirectory(prefix="studio-ray-")
            spec = replace(spec, folder=self._own_folder.name)
        self._studio = Studio(settings, on_disk=spec.cache != CacheMode.OFF)
        self._executor = ItemExecutor(self._studio, spec, self._report, name)

    def describe(self) -> str:
        """Return whether this worker can take items, and whether it sees the batch's folder."""
        return json.dumps({"refused": self._refused, "sees_folder": self._own_folder is None})

    def start(self, items: str) -> None:
        """Start to run items, and return at once."""
        from studio.batch.item import Item

        self._executor.start([Item.from_json(row) for row in json.loads(items)])

    def take(self) -> list[str]:
        """Wait a moment for results, and return those that are available."""
        found: list[str] = []
        try:
            found.append(self._lines.get(timeout=_TAKE_SECONDS))
            while True:
                found.append(self._lines.get_nowait())
        except queue.Empty:
            return found

    def finish(self) -> None:
        """Flush the cache, and remove the actor's own folder; no items follow."""
        if self._refused is None:
            self._studio.cache.flush()
        if self._own_folder is not None:
            self._own_folder.cleanup()

    def _report(self, worker: object, result: Any) -> None:
        if self._own_folder is not None:
            self._studio.cache.flush()  # the process that writes the files reads the values from the shared cache
            for output in result.outputs:
                (Path(self._own_folder.name) / output.path).unlink(missing_ok=True)
        self._lines.put(json.dumps(result.to_json(), ensure_ascii=True))


def _contains(path: str, text: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii") == text
    except (OSError, ValueError):
        return False
