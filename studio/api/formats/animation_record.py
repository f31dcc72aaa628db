"""What made an animation and the IPTC term for its source, put into a written APNG or WebP file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from studio.api.formats import png, riff, xmp
from studio.api.media_file import GENERATOR, encode_text

if TYPE_CHECKING:
    from pathlib import Path

_END = png.build_chunk(b"IEND", b"")
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10


def build_png_chunks(provenance: str | None, elements: str = "") -> list[bytes]:
    """Return the chunks of a PNG file that say what made it, with elements of XMP."""
    chunks = [png.build_chunk(b"tEXt", b"Software\0" + GENERATOR.encode())]
    packet = xmp.build_packet(provenance, embeds=False, elements=elements)
    chunks.append(png.build_text_chunk("XML:com.adobe.xmp", packet, compress=False))
    if provenance is not None:
        chunks.append(png.build_text_chunk("studio", encode_text(provenance), compress=True))
    return chunks


def add_to_apng(path: Path, provenance: str) -> None:
    """Put the record of an APNG file before its last chunk, where text may stand (PNG third edition, 5.6)."""
    with path.open("r+b") as file:
        file.seek(-len(_END), 2)
        if file.read() == _END:
            file.seek(-len(_END), 2)
            file.write(b"".join([*build_png_chunks(provenance), _END]))


def add_to_webp(path: Path, provenance: str) -> None:
    """Put the record of a WebP file after its images (WebP container specification, "Metadata")."""
    chunk = riff.build_chunk(b"XMP ", xmp.build_packet(provenance))
    with path.open("r+b") as file:
        head = file.read(30)
        if head[12:16] != b"VP8X":  # a single image in the simple format
            file.seek(0)
            extended = _extend(file.read())
            file.seek(0)
            file.write(extended)
            head = extended[:30]
        file.seek(20)
        file.write(bytes([head[20] | _HAS_XMP]))
        size = file.seek(0, 2) + len(chunk) - 8
        file.write(chunk)
        file.seek(4)
        file.write(size.to_bytes(4, "little"))


def _extend(data: bytes) -> bytes:
    """Return a file of the simple format in the extended one, whose first chunk has the size and a flag for alpha."""
    size = riff.find_webp_size(data[:30])
    if size is None:
        raise ValueError("a WebP file without its size")
    lossless = dict(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"VP8L"}))).get(b"VP8L")
    flags = _HAS_ALPHA if lossless is not None and lossless[4] & 0x10 else 0
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return data[:12] + riff.build_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides) + data[12:]
