"""OpenEXR pixels as samples: chunks of scan lines without a library, all others through OpenEXR's own."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from studio.api.formats import exr
from studio.api.formats.unsupported import UnsupportedError
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

_DTYPES = {exr.UINT: "<u4", exr.HALF: "<f2", exr.FLOAT: "<f4"}
_COMPRESSIONS = {1: "RLE", 4: "PIZ", 5: "PXR24", 6: "B44", 7: "B44A", 8: "DWAA", 9: "DWAB", 10: "HTJ2K", 11: "HTJ2K"}
_COMPRESSIONS |= {12: "LJ2K", 13: "ZSTD"}


def decode_channels(data: bytes, file: exr.ExrFile, index: int, names: Collection[str]) -> dict[str, AnyArray]:
    """Return channels of a part by name: rows x columns of uint32, float16 or float32, as they are stored.

    Args:
        data: The file.
        file: Its headers.
        index: Number of the part, from 0.
        names: Names of the channels.

    Raises:
        ValueError: For what is damaged or unsupported.
        MediaError: E513 if the library is needed and not installed.
    """
    part = file.parts[index]
    if part.is_deep or not (part.is_tiled or part.kind == "scanlineimage"):
        raise UnsupportedError(f"OpenEXR parts of type {part.kind!r} are not supported")
    if part.compression not in exr.ROWS:
        raise UnsupportedError(f"compression {part.compression} of OpenEXR is not supported")
    if not part.is_tiled and part.compression in (exr.NONE, exr.ZIPS, exr.ZIP):
        return _decode_lines(part, exr.find_chunks(data, file, index), names)
    return _decode_with_library(exr.extract_part(data, file, index), part, names)


def _decode_lines(part: exr.Part, chunks: list[bytes], names: Collection[str]) -> dict[str, AnyArray]:
    """Return channels from chunks without compression, or with zlib's."""
    import numpy as np

    rows = exr.ROWS[part.compression]
    channels = {each.name: each for each in part.channels if each.name in names}
    found = {
        name: np.zeros(
            (len(_find_rows(part, channel, part.data.top, part.data.bottom + 1)), _count(part, channel))
        ).astype(_DTYPES[channel.kind])
        for name, channel in channels.items()
    }
    seen = set()
    for chunk in chunks:
        top, size = struct.unpack_from("<ii", chunk)
        if top in seen or (top - part.data.top) % rows or not part.data.top <= top <= part.data.bottom:
            raise ValueError(f"a chunk begins at the wrong row {top}")
        seen.add(top)
        lines = range(top, min(top + rows, part.data.bottom + 1))
        _spread(part, _inflate(chunk[8 : 8 + size], _count_line_bytes(part, lines)), lines, found)
    return found


def _count(part: exr.Part, channel: exr.Channel) -> int:
    """Return how many samples a row of a channel has."""
    return len(range(part.data.left + -part.data.left % channel.across, part.data.right + 1, channel.across))


def _find_rows(part: exr.Part, channel: exr.Channel, top: int, end: int) -> range:
    """Return at which rows from `top` to before `end` a channel has samples."""
    return range(top + -top % channel.down, end, channel.down)


def _count_line_bytes(part: exr.Part, lines: range) -> int:
    return sum(
        _size_of(channel) * _count(part, channel) * len(_find_rows(part, channel, lines.start, lines.stop))
        for channel in part.channels
    )


def _size_of(channel: exr.Channel) -> int:
    return 2 if channel.kind == exr.HALF else 4


def _inflate(packed: bytes, size: int) -> bytes:
    """Return the bytes of a chunk: as they are where packing would not have made them fewer, else unpacked."""
    import numpy as np

    if len(packed) == size:
        return packed
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, size)
    except zlib.error as error:
        raise ValueError(f"a chunk cannot be unpacked: {error}") from None
    if len(raw) != size:
        raise ValueError(f"a chunk has {len(raw)} of {size} bytes")
    steps = np.frombuffer(raw, np.uint8).astype(np.uint8)
    steps[1:] -= 128  # wraps around
    mixed = np.cumsum(steps, dtype=np.uint8)
    plain = np.empty_like(mixed)
    plain[0::2], plain[1::2] = mixed[: (size + 1) // 2], mixed[(size + 1) // 2 :]
    return plain.tobytes()


def _spread(part: exr.Part, raw: bytes, lines: range, found: dict[str, AnyArray]) -> None:
    """Copy the samples of some rows into the channels that are wanted."""
    import numpy as np

    at = 0
    if all(channel.across == channel.down == 1 for channel in part.channels):
        width = part.data.width
        table = np.frombuffer(raw, np.uint8).reshape(len(lines), -1)
        first = lines.start - part.data.top
        for channel in part.channels:
            size = _size_of(channel) * width
            if channel.name in found:
                samples = np.ascontiguousarray(table[:, at : at + size]).view(_DTYPES[channel.kind])
                found[channel.name][first : first + len(lines)] = samples
            at += size
        return
    for row in lines:
        for channel in part.channels:
            if row % channel.down:
                continue
            count = _count(part, channel)
            if channel.name in found:
                place = len(_find_rows(part, channel, part.data.top, row))
                found[channel.name][place] = np.frombuffer(raw, _DTYPES[channel.kind], count, at)
            at += count * _size_of(channel)


def _decode_with_library(data: bytes, part: exr.Part, names: Collection[str]) -> dict[str, AnyArray]:
    try:
        import OpenEXR
    except ImportError:
        kind = "tiles" if part.is_tiled else f"{_COMPRESSIONS.get(part.compression, str(part.compression))} compression"
        raise MediaError(
            "E513", f"OpenEXR with {kind} needs the package 'OpenEXR'", hint="pip install 'studio[vfx]'"
        ) from None
    with OpenEXR.File(io.BytesIO(data), separate_channels=True) as read:
        channels = read.parts[0].channels if read.parts else {}
        pixels = {name: channel.pixels for name, channel in channels.items() if name in names}
    if missing := set(names) - set(pixels):
        raise ValueError(f"the pixels of {', '.join(sorted(missing))} cannot be decoded")
    return pixels
