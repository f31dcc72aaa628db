"""Matroska and WebM: whether a file ends before its header says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

_HEADER = 0x1A45DFA3
_SEGMENT = 0x18538067
_LONGEST_HEADER = 1 << 16
_MOST_ELEMENTS = 64  # before the segment; there is one, the header


def is_cut_off(file: BinaryIO) -> bool:
    """Say whether the segment ends behind the end of the file (RFC 9559); False where its size is unknown."""
    end = file.seek(0, 2)
    file.seek(0)
    for _ in range(_MOST_ELEMENTS):
        identity, size = _read_number(file, keeps_marker=True), _read_number(file)
        if identity == _SEGMENT:
            return size is not None and file.tell() + size > end
        if identity is None or size is None or (identity == _HEADER and size > _LONGEST_HEADER):
            return False
        file.seek(size, 1)
    return False


def _read_number(file: BinaryIO, *, keeps_marker: bool = False) -> int | None:
    """Read an EBML number of 1 to 8 bytes (RFC 8794); None for an invalid, missing or unknown one."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    if len(rest) < length - 1:
        return None
    number = int.from_bytes(first + rest, "big")
    if keeps_marker:
        return number
    number -= 1 << (7 * length)
    return None if number == (1 << (7 * length)) - 1 else number
