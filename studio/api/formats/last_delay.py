"""How long the last frame of an animation shows, set in a written file: FFmpeg makes it the mean of the others."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO

from studio.api.formats import png

if TYPE_CHECKING:
    from pathlib import Path

_PNG_HEAD, _RIFF_HEAD = 8, 12


def set_apng_delay(path: Path, seconds: float) -> None:
    """Set the delay in the last `fcTL` chunk of an APNG file (APNG specification 1.0); a single frame gets one."""
    unit = next((each for each in (1000, 100, 10) if seconds * each < 65_536), 1)
    delay = min(65_535, max(1, round(seconds * unit))).to_bytes(2, "big") + unit.to_bytes(2, "big")
    with path.open("r+b") as file:
        at = _find_last(file, _PNG_HEAD, b"fcTL", is_riff=False)
        if at is None:
            _animate(file, delay)
            return
        file.seek(at)
        chunk = bytearray(file.read(4 + 26))
        chunk[24:28] = delay
        file.seek(at)
        file.write(chunk + zlib.crc32(chunk).to_bytes(4, "big"))


def set_webp_delay(path: Path, seconds: float) -> None:
    """Set the duration in the last `ANMF` chunk of a WebP file (WebP container specification)."""
    delay = min(2**24 - 1, max(1, round(seconds * 1000)))
    with path.open("r+b") as file:
        at = _find_last(file, _RIFF_HEAD, b"ANMF", is_riff=True)
        if at is not None:
            file.seek(at + 8 + 12)
            file.write(delay.to_bytes(3, "little"))


def _animate(file: BinaryIO, delay: bytes) -> None:
    """Make an animation of the single image of a PNG file, which FFmpeg writes for a video of one frame."""
    file.seek(0)
    data = file.read()
    at = data.index(b"IDAT") - 4
    place = data[16:24] + bytes(8)  # width and height of IHDR, no offset
    chunks = png.build_chunk(b"acTL", (1).to_bytes(4, "big") + bytes(4))
    chunks += png.build_chunk(b"fcTL", bytes(4) + place + delay + bytes(2))
    file.seek(at)
    file.write(chunks + data[at:])


def _find_last(file: BinaryIO, start: int, name: bytes, *, is_riff: bool) -> int | None:
    """Return where the name of the last chunk with a name lies, or None."""
    found, at = None, start
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return found
        if is_riff:
            size = int.from_bytes(head[4:], "little")
            found = at if head[:4] == name else found
            at += 8 + size + size % 2
        else:
            size = int.from_bytes(head[:4], "big")
            found = at + 4 if head[4:] == name else found
            at += 12 + size
