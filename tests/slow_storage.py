"""A storage for shared caches in this process's memory: each request takes some milliseconds and is noted."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

LATENCY_SECONDS = 0.02


class SlowStorage(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Objects of this process, under "slow://"."""

    protocol = "slow"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    requests: ClassVar[list[tuple[str, str]]] = []
    spans: ClassVar[list[tuple[float, float]]] = []
    guard: ClassVar[threading.Lock] = threading.Lock()

    def cat_file(self, path: str, *args: Any, **more: Any) -> Any:
        """Read an object."""
        return self._answer("read", path, super().cat_file, *args, **more)

    def pipe_file(self, path: str, *args: Any, **more: Any) -> Any:
        """Write an object."""
        return self._answer("write", path, super().pipe_file, *args, **more)

    def exists(self, path: str, **more: Any) -> Any:
        """Say whether there is an object."""
        return self._answer("exists", path, super().exists, **more)

    def rm_file(self, path: str) -> Any:
        """Remove an object."""
        return self._answer("remove", path, super().rm_file)

    def _answer(self, kind: str, path: str, answer: Any, *args: Any, **more: Any) -> Any:
        begin = time.monotonic()
        try:
            time.sleep(LATENCY_SECONDS)
            return answer(path, *args, **more)
        finally:
            with self.guard:
                self.requests.append((kind, path))
                self.spans.append((begin, time.monotonic()))

    @classmethod
    def forget_requests(cls) -> None:
        """Begin to note anew."""
        cls.requests.clear()
        cls.spans.clear()

    @classmethod
    def list_requests(cls, kind: str) -> list[str]:
        """Return the names of the objects that were asked for: kind, folder, name."""
        return ["/".join(path.split("/")[-3:]) for what, path in cls.requests if what == kind]

    @classmethod
    def count_rounds(cls) -> int:
        """Return how many requests followed one another: what is asked for together counts once."""
        rounds, end = 0, 0.0
        for begin, finish in sorted(cls.spans, key=lambda span: span[1]):
            if begin >= end:
                rounds, end = rounds + 1, finish
        return rounds


fsspec.register_implementation("slow", SlowStorage, clobber=True)
