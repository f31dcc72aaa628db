"""Ogg pages (RFC 3533): where each link of a chain begins and ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

VORBIS_ORDER = {
    3: (0, 2, 1), 5: (0, 2, 1, 3, 4), 6: (0, 2, 1, 5, 3, 4), 7: (0, 2, 1, 6, 5, 3, 4), 8: (0, 2, 1, 7, 5, 6, 3, 4),
}  # fmt: skip
"""Where WAV's channels are among those of Vorbis and Opus, by their number (Vorbis I specification, 4.3.9)."""
_HEADER = 27
_BEGINS, _ENDS = 2, 4  # the flags of pages that begin and end a stream


@dataclass(frozen=True)
class Links:
    """How the streams of a file lie in it.

    Attributes:
        bounds: Where each link begins and ends; a link is a group of streams.
        is_cut: Whether the file ends inside a page.
        is_open: Whether a stream has no last page, which every encoder writes.
        has_content: Whether anything follows the headers of the streams.
    """

    bounds: tuple[tuple[int, int], ...]
    is_cut: bool
    is_open: bool
    has_content: bool


class _Page(NamedTuple):
    start: int
    following: int
    flags: int
    serial: bytes
    granule: int


def find_links(file: BinaryIO) -> Links:
    """Return the links of a file: another one begins where a stream begins behind pages that begin none."""
    end = file.seek(0, 2)
    starts, opening, last, has_content = list[int](), False, 0, False
    unended = set[bytes]()
    for page in _iterate_pages(file, end):
        begins = bool(page.flags & _BEGINS)
        if begins and not opening:
            starts.append(page.start)
        opening, last = begins, page.following
        unended.add(page.serial)
        if page.flags & _ENDS:
            unended.discard(page.serial)
        has_content = has_content or page.granule > 0
    return Links(tuple(itertools.pairwise([*starts, end])), last > end, bool(unended), has_content)


def _iterate_pages(file: BinaryIO, end: int) -> Iterator[_Page]:
    """Yield the pages; what lies between them is skipped."""
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
        yield _Page(at, following, head[5], head[14:18], int.from_bytes(head[6:14], "little", signed=True))
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
