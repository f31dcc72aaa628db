"""The sizes that the headers of WAV, RF64, AIFF, AU, CAF and W64 declare, held against the file itself."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

_LARGEST = 2**32 - 1
_NEARLY = 2**32 - 65_536  # what programs write that do not know the size yet


@dataclass(frozen=True)
class SoundData:
    """The samples of a file.

    Attributes:
        declared: Bytes by the header; None where it says that it does not know.
        present: Bytes that are there.
        patches: What the header should be, by place: bytes with the true sizes.
    """

    declared: int | None
    present: int
    patches: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Form:
    """How a family of formats writes chunks."""

    first: int  # where the first chunk begins
    tag: int  # bytes of a chunk's name
    size: str  # struct format of its size
    counts_head: bool  # whether the size includes the chunk's own head
    align: int
    data: bytes  # name of the chunk with samples

    @property
    def head(self) -> int:
        """Bytes of a chunk's head."""
        return self.tag + struct.calcsize(self.size)


_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_FORMS = {
    b"RIFF": _Form(12, 4, "<I", False, 2, b"data"),
    b"RIFX": _Form(12, 4, ">I", False, 2, b"data"),
    b"RF64": _Form(12, 4, "<I", False, 2, b"data"),
    b"FORM": _Form(12, 4, ">I", False, 2, b"SSND"),
    b"caff": _Form(8, 4, ">q", False, 1, b"data"),
    b"riff": _Form(40, 16, "<q", True, 8, b"data" + _W64_TAIL),
}


def find_sound_data(file: BinaryIO) -> SoundData | None:
    """Return the samples of a file by its header and by its length; None for other files, and without samples."""
    end = file.seek(0, 2)
    file.seek(0)
    magic = file.read(4)
    if magic == b".snd":
        return _find_au(file, end)
    form = _FORMS.get(magic)
    return None if form is None else _find_chunk(file, magic, form, end)


def _find_au(file: BinaryIO, end: int) -> SoundData | None:
    start, declared = struct.unpack(">II", file.read(8).ljust(8, b"\0"))
    present = max(end - start, 0)
    if declared >= _NEARLY or start < 24:
        return SoundData(None, present)
    return SoundData(declared, present, {8: struct.pack(">I", min(present, _LARGEST))})


def _find_chunk(file: BinaryIO, magic: bytes, form: _Form, end: int) -> SoundData | None:
    at, long_size = form.first, None
    places: dict[bytes, int] = {}
    for _ in range(10_000):
        head = _read(file, at, form.head)
        if len(head) < form.head:
            return None
        name, size = _parse(head, form)
        places[name] = at
        if name == b"ds64":
            long_size = struct.unpack("<Q", _read(file, at + 16, 8).ljust(8, b"\0"))[0]
        if name == form.data:
            return _measure(file, magic, form, end, places, long_size if magic == b"RF64" else size)
        at = _find_following(at, size, form)
        if size < 0 or at > end:
            return None
    return None


def _measure(
    file: BinaryIO, magic: bytes, form: _Form, end: int, places: Mapping[bytes, int], size: int | None
) -> SoundData:
    at = places[form.data]
    room = end - at - form.head
    if size is None or size < 0 or (form.size[1] == "I" and magic != b"RF64" and size >= _NEARLY):
        return SoundData(None, room)
    following = _find_following(at, size, form)
    if 0 < size <= room and (following >= end or _is_chunk(file, following, form, end)):
        return SoundData(size, size)
    if size == 0 and (room == 0 or _is_chunk(file, following, form, end)):
        return SoundData(0, 0)
    return SoundData(size, room, _create_patches(file, magic, form, end, places, room))


def _create_patches(
    file: BinaryIO, magic: bytes, form: _Form, end: int, places: Mapping[bytes, int], room: int
) -> dict[int, bytes]:
    """Return the sizes as they should be: of the samples, of the whole, and the number of frames where it is told."""
    at = places[form.data]
    size = room + (form.head if form.counts_head else 0)
    if magic == b"RF64":
        start = places.get(b"ds64", at)
        return {start + 8: struct.pack("<QQ", end - 8, room)} if start != at else {}
    limit = _LARGEST if form.size[1] == "I" else 2**62
    patches = {at + form.tag: struct.pack(form.size, min(size, limit))}
    if magic in (b"RIFF", b"RIFX", b"FORM"):
        patches[4] = struct.pack(form.size, min(end - 8, _LARGEST))
    if magic == b"riff":
        patches[16] = struct.pack("<q", end)
    common = places.get(b"COMM")
    if common is not None:
        channels, _, bits = struct.unpack(">hIh", _read(file, common + 8, 8).ljust(8, b"\0"))
        step = max(channels, 1) * max((bits + 7) // 8, 1)
        patches[common + 10] = struct.pack(">I", min(max(room - 8, 0) // step, _LARGEST))
    return patches


def _is_chunk(file: BinaryIO, at: int, form: _Form, end: int) -> bool:
    """Say whether a chunk begins here: a name in letters, and a size within the file."""
    head = _read(file, at, form.head)
    if len(head) < form.head:
        return end - at < form.head  # a pad byte or a rest too short for a chunk
    name, size = _parse(head, form)
    return all(32 <= byte < 127 for byte in name[:4]) and 0 <= size <= end - at


def _parse(head: bytes, form: _Form) -> tuple[bytes, int]:
    size = struct.unpack(form.size, head[form.tag :])[0]
    return head[: form.tag], max(size - form.head, 0) if form.counts_head else size


def _find_following(at: int, size: int, form: _Form) -> int:
    behind = at + form.head + size
    return behind + -(behind - form.first) % form.align


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
