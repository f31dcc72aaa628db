"""`FileWatch`: tells which files have changed, by their status.

Asking for the status works on every file system, those of other machines too, and sees a file that is replaced by a
rename like one that is written in place.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from studio.cli.watched_files import WatchedFiles
from studio.graph.pattern import find_names, split_pattern
from studio.registry.source_files import find_status

_INTERVAL_SECONDS = 0.04
_SHARE = 20  # looking takes at most one part in so many of the time, also on a slow disk
_SETTLE_SECONDS = 0.03
_VANISHED_SECONDS = 0.5  # an editor may remove a file before it writes it anew
_LONGEST_SETTLING_SECONDS = 2.0
_CLOCK_STEP_NS = 20 * 10**6  # times of files advance in steps

_Status = tuple[int, ...] | None
_Listing = tuple[_Status, tuple[str, ...]]


class FileWatch:
    """Watches files. It belongs to one thread at a time."""

    def __init__(self, vanished_seconds: float = _VANISHED_SECONDS) -> None:
        """Create a watch that sees nothing yet; a file may vanish for so long while it is saved."""
        self._vanished_seconds = vanished_seconds
        self._known: dict[str, _Status] = {}
        self._listings: dict[tuple[str, str], _Listing] = {}
        self._cost = 0.0

    def __len__(self) -> int:
        return sum(status is not None for status in self._known.values())

    @property
    def interval_seconds(self) -> float:
        """How long to wait between two looks."""
        return max(_INTERVAL_SECONDS, _SHARE * self._cost)

    def watch(self, files: WatchedFiles, since_ns: int) -> None:
        """Watch these files and no others.

        Args:
            files: The files.
            since_ns: When they were read: one that is new here and has changed since counts as changed.
        """
        listings = {pattern: self._listings.get(pattern) or _list_names(pattern, None) for pattern in files.patterns}
        self._listings = listings
        named = {os.path.join(base, name) for (base, _), (_, names) in listings.items() for name in names}
        known = {path: self._known[path] for path in files.paths | named if path in self._known}
        for path in (files.paths | named) - known.keys():
            status = known[path] = _read_status(path)
            if status is not None and max(status[1:3]) >= since_ns - _CLOCK_STEP_NS:
                known[path] = ()
        self._known = known

    def find_changed(self) -> list[str]:
        """Return the files that have changed, appeared or gone since they were last accepted."""
        begin = time.perf_counter()
        changed = [path for path, status in self._known.items() if _read_status(path) != status]
        for pattern, listing in self._listings.items():
            now = _list_names(pattern, listing)
            if now[1] != listing[1]:
                changed += [os.path.join(pattern[0], name) for name in sorted({*now[1]} ^ {*listing[1]})]
            else:
                self._listings[pattern] = now
        self._cost = time.perf_counter() - begin
        return list(dict.fromkeys(changed))

    def accept(self, paths: Iterable[str]) -> None:
        """Take files as they are now, such as those that a run wrote itself."""
        for path in paths:
            if path in self._known:
                self._known[path] = _read_status(path)
        self._listings = {pattern: _list_names(pattern, None) for pattern in self._listings}

    def settle(self, is_stopped: Callable[[], bool] = lambda: False) -> list[str]:
        """Wait until what is being saved is whole, accept it, and return the files that changed."""
        changed: dict[str, None] = dict.fromkeys(self.find_changed())
        longest = max(_LONGEST_SETTLING_SECONDS, self._vanished_seconds)
        begin = time.monotonic()
        while not is_stopped():
            gone = any(self._known.get(path) and _is_hollow(path) for path in changed)
            self._accept_changed(changed, but_gone=gone)
            time.sleep(max(_SETTLE_SECONDS, self._cost))
            more = self.find_changed()
            changed |= dict.fromkeys(more)
            waited = time.monotonic() - begin
            if waited > longest or (waited > self._vanished_seconds if gone else not more):
                break
        self._accept_changed(changed, but_gone=False)
        return list(changed)

    def _accept_changed(self, paths: Iterable[str], *, but_gone: bool) -> None:
        self.accept([path for path in paths if not (but_gone and _is_hollow(path))])


@contextlib.contextmanager
def call_on_change(watch: FileWatch, call: Callable[[], object]) -> Iterator[None]:
    """Call a function from another thread when a watched file changes while the block runs."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(watch.interval_seconds):
            if watch.find_changed():
                call()
                return

    thread = threading.Thread(target=look, name="studio-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _read_status(path: str) -> _Status:
    try:
        return find_status(path)
    except (OSError, ValueError):
        return None


def _is_hollow(path: str) -> bool:
    """Return whether a file is missing or empty, as it is while some editors save it."""
    status = _read_status(path)
    return status is None or status[0] == 0


def _list_names(pattern: tuple[str, str], known: _Listing | None) -> _Listing:
    """Return the names that fit a pattern; its folder is listed only if its status has changed."""
    base, written = pattern
    status = _read_status(os.path.join(base, split_pattern(Path(base), written)[0]))
    is_settled = status is not None and max(status[1:3]) < time.time_ns() - _CLOCK_STEP_NS
    if known is not None and known[0] == status and is_settled:
        return known
    return status, tuple(find_names(Path(base), written))
