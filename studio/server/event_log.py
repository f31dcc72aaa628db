"""`EventLog`: what happened, in order, encoded once; watchers follow it, each from a position of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from studio.surrogates import dump_json

EPOCH = secrets.token_hex(4)
"""Names this start of the server, so that ids of events of an earlier one are known to be old."""

PREVIEW = "preview"
_MOST_ENTRIES = 2048
_MOST_BYTES = 2**20
_MOST_BYTES_AFTER_END = 2**16


@dataclass(frozen=True)
class LogEntry:
    """One event.

    Attributes:
        number: Its number in its log, from 1.
        text: The event as it is sent, with its id.
        owner: Whose job it is of; "" for nobody's, None for what concerns all.
    """

    number: int
    text: bytes
    owner: str | None = ""


class EventLog:
    """The events of one job, or of all. `add` and `close` may be called from any thread.

    Args:
        loop: The event loop of the watchers.
        first: The number of the event before the first.

    Attributes:
        last: The number of the last event.
        watchers: How many follow it.
        is_closed: Whether nothing is added any more.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, first: int = 0) -> None:
        self._loop = loop
        self._entries: deque[LogEntry] = deque()
        self._guard = threading.Lock()
        self._changed = asyncio.Event()
        self._wakes = False
        self._bytes = 0
        self._preview = 0  # the number of the newest preview
        self.last = first
        self.watchers = 0
        self.is_closed = False

    def add(self, kind: str, row: Mapping[str, Any], owner: str | None = "") -> None:
        """Add an event; a preview takes the place of the one before it, so that slow watchers get the newest only."""
        data = dump_json(row, separators=(",", ":"))
        with self._guard:
            self.last += 1
            text = f"id: {EPOCH}-{self.last}\nevent: {kind}\ndata: {data}\n\n".encode()
            if kind == PREVIEW:
                self._empty(self._preview)
                self._preview = self.last
            self._entries.append(LogEntry(self.last, text, owner))
            self._bytes += len(text)
            self._trim(_MOST_BYTES)
        self._wake()

    def _empty(self, number: int) -> None:
        """Take the text out of an event, if it is still there."""
        index = len(self._entries) - 1 - (self.last - 1 - number)
        if number and index >= 0:
            self._bytes -= len(self._entries[index].text)
            self._entries[index] = replace(self._entries[index], text=b"")

    def close(self) -> None:
        """Let watchers end when they have seen all; nothing is added any more, and only the last events are kept."""
        with self._guard:
            self.is_closed = True
            self._trim(_MOST_BYTES_AFTER_END)
        self._wake()

    def _trim(self, most_bytes: int) -> None:
        """Forget the oldest events, all but the last; a watcher that has not seen them is told the state so far."""
        while len(self._entries) > 1 and (self._bytes > most_bytes or len(self._entries) > _MOST_ENTRIES):
            self._bytes -= len(self._entries.popleft().text)

    def read_after(self, number: int) -> list[LogEntry] | None:
        """Return the events after one; None if some of them are not there any more."""
        with self._guard:
            missed = self.last - number
            if missed < 0 or missed > len(self._entries):
                return None
            return [self._entries[index] for index in range(len(self._entries) - missed, len(self._entries))]

    async def wait(self, number: int, timeout_seconds: float) -> bool:
        """Wait until there may be an event after one, or the log is closed; return False if the time is over first."""
        changed = self._changed
        if self.last > number or self.is_closed:
            return True
        try:
            await asyncio.wait_for(changed.wait(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    async def settle(self, seconds: float) -> None:
        """Wait for further events, so that they are sent together, or until the log is closed."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self.is_closed and (left := deadline - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    def _wake(self) -> None:
        """Wake all watchers once, however many events come before they run."""
        with self._guard:
            if self._wakes:
                return
            self._wakes = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches
            self._loop.call_soon_threadsafe(self._wake_here)

    def _wake_here(self) -> None:
        with self._guard:
            self._wakes = False
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def parse_event_id(text: str | None) -> int | None:
    """Return the number of an event of this start of the server by its id, or None."""
    epoch, _, number = (text or "").partition("-")
    return int(number) if epoch == EPOCH and number.isascii() and number.isdigit() and len(number) < 16 else None


def write_event(kind: str, row: Mapping[str, Any], number: int) -> bytes:
    """Return an event that only one watcher gets, such as the state so far; its id is that of the last event in it."""
    return f"id: {EPOCH}-{number}\nevent: {kind}\ndata: {dump_json(row, separators=(',', ':'))}\n\n".encode()
