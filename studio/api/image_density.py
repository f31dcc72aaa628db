"""How many pixels an inch of an image has, as its file says."""

from __future__ import annotations

import io
import struct

from studio.api.formats import jpeg, png, tiff

_APP0, _JFIF = 0xE0, b"JFIF\0"
_RESOLUTION, _UNIT = 282, 296  # tags of TIFF
_PER_INCH = {2: 1.0, 3: 2.54}  # units of TIFF; those of JFIF are one less
_SCREENS = (0, 72, 96)  # what programs write that were told nothing


def find_density(data: bytes) -> int:
    """Return pixels per inch; 0 where a file does not say, or says what programs write that were told nothing.

    Args:
        data: A PNG, JPEG or TIFF file.

    Raises:
        ValueError: For a damaged file.
    """
    if data.startswith(png.SIGNATURE):
        content = dict(png.iterate_chunks(io.BytesIO(data), frozenset({b"pHYs"}))).get(b"pHYs", b"")
        density = int.from_bytes(content[:4], "big") * 0.0254 if content[8:9] == b"\1" else 0.0  # pixels per meter
    elif data.startswith(b"\xff\xd8"):
        found = jpeg.parse_segments(io.BytesIO(data)).find_all(_APP0, _JFIF)
        unit, across = struct.unpack(">xxBH", found[0][:5]) if found and len(found[0]) >= 5 else (0, 0)
        density = across * _PER_INCH.get(unit + 1, 0.0)
    else:
        density = _find_tiff_density(tiff.parse_directory(data))
    return 0 if round(density) in _SCREENS else round(density)


def _find_tiff_density(directory: tiff.Directory) -> float:
    entry = directory.entries.get(_RESOLUTION)
    if entry is None or entry.kind != 5 or len(entry.data) < 8:
        return 0.0
    above, below = struct.unpack(f"{directory.order}II", entry.data[:8])
    return above / below * _PER_INCH.get(directory.number(_UNIT, 2), 0.0) if below else 0.0
