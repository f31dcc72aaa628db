"""Ogg pages (RFC 3533): where each link of a chain begins and ends."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

VORBIS_ORDER = {
    3: (0, 2, 1), 5: (0, 2, 1, 3, 4), 6: (0, 2, 1, 5, 3, 4), 7: (0, 2, 1, 6, 5, 3, 4), 8: (0, 2, 1, 7, 5, 6, 3, 4),
}  # fmt: skip
"""Where WAV's channels are among those of Vorbis and Opus, by their number (Vorbis I specification, 4.3.9)."""
_HEADER = 27
_BEGINS = 2  # the flag of a page that begins a stream


def find_links(file: BinaryIO) -> tuple[list[tuple[int, int]], bool]:
    """Return where each link begins and ends, and whether the file ends inside a page.

    A link is a group of streams; another one begins where a stream begins behind pages that begin none.
    """
    end = file.seek(0, 2)
    starts, opening, last = list[int](), False, 0
    for start, begins, last in _iterate_pages(file, end):  # noqa: B007  # the last page is needed
        if begins and not opening:
            starts.append(start)
        opening = begins
    bounds = [*starts, end]
    return list(itertools.pairwise(bounds)), last > end


def _iterate_pages(file: BinaryIO, end: int) -> Iterator[tuple[int, bool, int]]:
    """Yield start, whether a stream begins, and end of each page; what lies between pages is skipped."""
    at = 0
    while at + _HEADER <= end:
        file.seek(at)
        head = file.read(_HEADER + 255)
        if head[:4] != b"OggS" or head[4] != 0:
            found = _find_next(file, at + 1, end)
            if found is None:
                return
            at = found
            continue
        segments = head[26]
        following = at + _HEADER + segments + sum(head[_HEADER : _HEADER + segments])
        yield at, bool(head[5] & _BEGINS), following
        at = following


def _find_next(file: BinaryIO, start: int, end: int) -> int | None:
    """Return where the next page begins, or None."""
    while start < end:
        file.seek(start)
        block = file.read(1 << 16)
        found = block.find(b"OggS")
        if found >= 0:
            return start + found
        start += max(len(block) - 3, 1)
    return None
