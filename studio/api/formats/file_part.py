"""A stretch of a file, read as a file of its own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping


class FilePart(io.RawIOBase):
    """A stretch of a file, with some bytes replaced as it is read. The file stays open and belongs to the caller.

    Args:
        file: The file.
        start: Its first byte that belongs to the part.
        end: The byte before which the part ends.
        patches: Bytes to read in place of those in the file, by their place in the file.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, patches: Mapping[int, bytes] | None = None) -> None:
        self._file, self._start, self._end = file, start, end
        self._patches = dict(patches or {})
        self._at = start

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place in the part and return it."""
        origin = {0: self._start, 1: self._at, 2: self._end}[whence]
        self._at = max(self._start, origin + offset)
        return self._at - self._start

    def tell(self) -> int:
        """Return the place in the part."""
        return self._at - self._start

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes were read."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        found = self._file.read(max(min(len(view), self._end - self._at), 0))
        view[: len(found)] = found
        for place, content in self._patches.items():
            first, last = max(place, self._at), min(place + len(content), self._at + len(found))
            if first < last:
                view[first - self._at : last - self._at] = content[first - place : last - place]
        self._at += len(found)
        return len(found)
