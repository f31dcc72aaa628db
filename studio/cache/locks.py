"""Locks between processes: one byte of one file per fingerprint, released by the system when a process dies."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import threading
from pathlib import Path

# open-file-description locks belong to this object, not to the whole process; where the system has none
# (macOS), process locks do the same for one Studio in a process
_OPEN_FILE_LOCK: int | None = getattr(fcntl, "F_OFD_SETLK", None) if sys.platform == "linux" else None
_LOCK_NOW = fcntl.LOCK_EX | fcntl.LOCK_NB


class FingerprintLocks:
    """Exclusive locks by fingerprint in one cache folder."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._held: set[str] = set()
        self._guard = threading.Lock()

    def try_lock(self, fingerprint: str) -> bool:
        """Take a lock; False if another holder has it."""
        with self._guard:
            if fingerprint in self._held or not self._set(fingerprint, fcntl.F_WRLCK):
                return False
            self._held.add(fingerprint)
            return True

    def unlock(self, fingerprint: str) -> None:
        """Release a lock; nothing happens if it is not held here."""
        with self._guard:
            if fingerprint in self._held:
                self._held.discard(fingerprint)
                self._set(fingerprint, fcntl.F_UNLCK)

    def close(self) -> None:
        """Release every lock."""
        with self._guard:
            self._held.clear()
            os.close(self._file)

    def _set(self, fingerprint: str, kind: int) -> bool:
        offset = int(fingerprint[:15], 16)
        try:
            if _OPEN_FILE_LOCK is None:
                fcntl.lockf(self._file, fcntl.LOCK_UN if kind == fcntl.F_UNLCK else _LOCK_NOW, 1, offset)
            else:
                fcntl.fcntl(self._file, _OPEN_FILE_LOCK, struct.pack("hhqqi4x", kind, os.SEEK_SET, offset, 1, 0))
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True  # a file system without locks: at worst two processes compute the same
        return True
