"""OpenEXR files made by the layout of the format, without a library: scan lines that are not compressed."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

KINDS = {"u4": 0, "f2": 1, "f4": 2}
Window = tuple[int, int, int, int]


def make_attribute(name: str, kind: str, content: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(content)) + content


def make_header(
    channels: Mapping[str, Any],
    *,
    data: Window | None = None,
    display: Window | None = None,
    aspect: float = 1.0,
    compression: int = 0,
    more: bytes = b"",
    steps: tuple[int, int] = (1, 1),
) -> bytes:
    """Return the header of a part; `steps` are the sampling of channels whose names begin with RY or BY."""
    height, width = next(iter(channels.values())).shape
    data = data or (0, 0, width - 1, height - 1)
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iIii", KINDS[array.dtype.str[1:]], 0, *find_steps(name, steps))
        for name, array in sorted(channels.items())
    )
    return (
        make_attribute("channels", "chlist", listed + b"\0")
        + make_attribute("compression", "compression", bytes([compression]))
        + make_attribute("dataWindow", "box2i", struct.pack("<4i", *data))
        + make_attribute("displayWindow", "box2i", struct.pack("<4i", *(display or data)))
        + make_attribute("lineOrder", "lineOrder", b"\0")
        + make_attribute("pixelAspectRatio", "float", struct.pack("<f", aspect))
        + make_attribute("screenWindowCenter", "v2f", bytes(8))
        + make_attribute("screenWindowWidth", "float", struct.pack("<f", 1.0))
        + more
        + b"\0"
    )


def find_steps(name: str, steps: tuple[int, int]) -> tuple[int, int]:
    return steps if name in ("RY", "BY") else (1, 1)


def make_chunks(channels: Mapping[str, Any], top: int = 0, steps: tuple[int, int] = (1, 1)) -> list[bytes]:
    chunks = []
    for row in range(len(next(iter(channels.values())))):
        line = b""
        for name, array in sorted(channels.items()):
            down = find_steps(name, steps)[1]
            if row % down == 0:
                line += array[row // down].tobytes()
        chunks.append(struct.pack("<ii", top + row, len(line)) + line)
    return chunks


def make_exr(channels: Mapping[str, Any], **how: Any) -> bytes:
    """Return a file of one part; see `make_header`."""
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2) + make_header(channels, **how)
    chunks = make_chunks(channels, how["data"][1] if how.get("data") else 0, how.get("steps", (1, 1)))
    return join_chunks(head, [(chunks, b"")])


def make_parts(parts: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a file of several parts by their names."""
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | 0x1000)
    lists = []
    for index, (name, channels) in enumerate(parts.items()):
        chunks = make_chunks(channels)
        more = make_attribute("name", "string", name.encode()) + make_attribute("type", "string", b"scanlineimage")
        more += make_attribute("chunkCount", "int", struct.pack("<i", len(chunks)))
        head += make_header(channels, more=more)
        lists.append((chunks, struct.pack("<i", index)))
    return join_chunks(head + b"\0", lists)


def join_chunks(head: bytes, lists: list[tuple[list[bytes], bytes]]) -> bytes:
    whole = [lead + chunk for chunks, lead in lists for chunk in chunks]
    at = len(head) + 8 * len(whole)
    starts = np.cumsum([at] + [len(chunk) for chunk in whole])[:-1]
    return head + struct.pack(f"<{len(whole)}Q", *starts.tolist()) + b"".join(whole)


def make_ramp(width: int = 5, height: int = 4, kind: str = "f2", start: float = -2.0) -> Any:
    """Return samples that all differ, from `start` on in steps of a half."""
    return (start + np.arange(width * height).reshape(height, width) / 2).astype(f"<{kind}")
