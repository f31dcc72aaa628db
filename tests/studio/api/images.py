"""Images for tests: PNG files and ICC profiles written by hand, and files that must be refused."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np

from studio.api.image import Image
from studio.api.image_file import ImageType, MaskType
from studio.settings import MediaLimits

IMAGES, MASKS, LIMITS = ImageType(), MaskType(), MediaLimits()

RNG = np.random.default_rng(3)

GRAPH = json.dumps({"digital_source_type": "humanEdits", "studio": 1, "title": "Größe <&> \r\n \u0001 ]]>"})

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def read(path: Path, limits: MediaLimits = LIMITS) -> Image:
    return IMAGES.read_file(path, limits)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def make_png(array: np.ndarray, *extra: bytes, interlaced: bool = False) -> bytes:
    """A PNG file written by hand: unfiltered rows, 8 or 16 bits."""
    height, width, channels = array.shape
    rows = array.astype(">u2") if array.dtype == np.uint16 else array
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    raw = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in rows[y::dy, x::dx] if row.size)
    head = struct.pack(">IIBBBBB", width, height, 8 * array.itemsize, (0, 4, 2, 6)[channels - 1], 0, 0, interlaced)
    parts = [chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
