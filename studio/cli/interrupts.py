"""`Interrupts`: Ctrl-C ends a command in an orderly way, and a second one ends it at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from studio.cli.main import ended_by, find_cancelled_code

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


class Interrupts:
    """Handles SIGINT and SIGTERM in a `with` block.

    Args:
        cancel: Called at the first signal; it must be safe in a signal handler.
    """

    def __init__(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel
        self._old: dict[int, Any] = {}
        self._asked = False
        ended_by.clear()

    def __enter__(self) -> None:
        for number in _SIGNALS:
            self._old[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR)  # the progress display had hidden it
            os._exit(find_cancelled_code())  # a node may ignore exceptions; the cache survives this
        self._asked = True
        ended_by.append(number)
        self._cancel()
