"""TIFF strips and tiles as samples: every depth and byte order, chunky or planar, and all codings without loss.

libtiff, through Pillow, unpacks the bytes; the samples are taken from the bytes here, as decoders read few depths.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.api.formats import tiff
from studio.api.formats.unsupported import UnsupportedError

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

CODINGS = frozenset({1, 5, 8, 32946, 32773, 34925, 50000})
"""Compression tags that are decoded here: none, LZW, both of deflate, PackBits, LZMA and Zstandard."""
_UNSIGNED, _FLOAT, _UNDEFINED = 1, 3, 4
_ROWS = 512  # rows whose bits are spread at once


def decode_samples(data: bytes, directory: tiff.Directory) -> AnyArray:
    """Return the samples of a checked file as they are stored: height x width x samples.

    Whole numbers become the smallest of uint8, uint16, uint32 and uint64 that has their bits, floats become float32 or
    float64.

    Args:
        data: The file, which `tiff.check_parts` has checked.
        directory: Its first directory.

    Raises:
        ValueError: For signed and complex samples, and for those of different depths.
    """
    import numpy as np

    grid = tiff.find_grid(directory)
    bits, is_float = find_depth(directory)
    planes = [_decode_plane(data, directory, grid, bits, is_float, plane) for plane in range(grid.planes)]
    return planes[0] if grid.planes == 1 else np.concatenate(planes, axis=2)


def find_depth(directory: tiff.Directory) -> tuple[int, bool]:
    """Return the bits of each sample, and whether samples are floats; ValueError for samples of another kind."""
    bits = set(directory.numbers(tiff.BITS) or (1,))
    kinds = set(directory.numbers(tiff.SAMPLE_FORMAT) or (_UNSIGNED,))
    if len(bits) > 1 or len(kinds) > 1:
        raise UnsupportedError(f"samples of different kinds are not supported (bits {sorted(bits)})")
    depth, kind = bits.pop(), kinds.pop()
    if kind == _FLOAT:
        if depth not in (16, 24, 32, 64):
            raise UnsupportedError(f"floats of {depth} bits are not supported")
        return depth, True
    if kind not in (_UNSIGNED, _UNDEFINED):
        name = {2: "signed whole numbers", 5: "complex numbers", 6: "complex numbers"}.get(kind, f"format {kind}")
        raise UnsupportedError(f"samples that are {name} are not supported")
    if depth > 32 and depth != 64:
        raise UnsupportedError(f"whole numbers of {depth} bits are not supported")
    return depth, False


def _decode_plane(
    data: bytes, directory: tiff.Directory, grid: tiff.Grid, bits: int, is_float: bool, plane: int
) -> AnyArray:
    """Return the samples of all planes in one, or of one of several: height x width x samples."""
    import numpy as np

    width, height = directory.number(tiff.WIDTH), directory.number(tiff.HEIGHT)
    samples = directory.number(tiff.SAMPLES, 1) if grid.planes == 1 else 1
    across, down = (-(-width // grid.columns), -(-height // grid.rows)) if grid.tiled else (1, -(-height // grid.rows))
    first = plane * across * down
    rows = grid.rows * across * down if grid.tiled else height
    packed = _unpack_bytes(data, directory, grid, range(first, first + across * down), rows)
    array = _read_rows(packed, directory, grid.columns, samples, bits, is_float)
    if not grid.tiled:
        return array
    tiles = array.reshape(down, across, grid.rows, grid.columns, samples).swapaxes(1, 2)
    whole: AnyArray = np.ascontiguousarray(tiles).reshape(down * grid.rows, across * grid.columns, samples)
    return whole[:height, :width]


def _unpack_bytes(data: bytes, directory: tiff.Directory, grid: tiff.Grid, parts: range, rows: int) -> AnyArray:
    """Return the unpacked bytes of strips or tiles, one below the other: rows x bytes of a row."""
    import numpy as np

    starts = directory.numbers(tiff.TILE_STARTS if grid.tiled else tiff.STRIPS)[parts.start : parts.stop]
    lengths = directory.numbers(tiff.TILE_BYTES if grid.tiled else tiff.STRIP_BYTES)[parts.start : parts.stop]
    coding = directory.number(tiff.COMPRESSION, 1)
    turn = tiff.find_turn(directory)
    sizes = [grid.row_bytes * min(grid.rows, rows - index * grid.rows) for index in range(len(parts))]
    if coding == 1:
        pieces = [turn(data[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    elif coding in (8, 32946):
        stored = [turn(data[start : start + length]) for start, length in zip(starts, lengths, strict=True)]
        pieces = [zlib.decompressobj().decompress(part, size) for part, size in zip(stored, sizes, strict=True)]
    else:
        return _unpack_with_libtiff(data, directory, (starts, lengths), (grid.row_bytes, grid.rows, rows))
    flat = np.frombuffer(b"".join(pieces), np.uint8)
    if len(flat) < grid.row_bytes * rows:
        raise ValueError("the file is truncated: a strip is too short")
    return flat.reshape(rows, grid.row_bytes)


def _unpack_with_libtiff(
    data: bytes, directory: tiff.Directory, where: tuple[tuple[int, ...], tuple[int, ...]], size: tuple[int, int, int]
) -> AnyArray:
    """Unpack parts as if they were strips of an image of bytes, whatever their samples are."""
    import numpy as np
    from PIL.TiffImagePlugin import TiffImageFile

    columns, part_rows, rows = size
    told = {
        tiff.WIDTH: (columns,),
        tiff.HEIGHT: (rows,),
        tiff.BITS: (8,),
        tiff.PHOTOMETRIC: (1,),
        tiff.SAMPLES: (1,),
        tiff.ROWS: (part_rows,),
        tiff.STRIPS: where[0],
        tiff.STRIP_BYTES: where[1],
    }
    kept = {tag: entry for tag, entry in directory.entries.items() if tag in (tiff.COMPRESSION, tiff.FILL_ORDER)}
    changed = tiff.Directory(directory.order, directory.big, kept | _pack_entries(directory, told))
    image = TiffImageFile(io.BytesIO(tiff.rebuild(data, changed, frozenset(changed.entries))))
    image.load()
    return np.asarray(image)


def _pack_entries(directory: tiff.Directory, tags: Mapping[int, tuple[int, ...]]) -> dict[int, tiff.Entry]:
    kind, letter = (16, "Q") if directory.big else (4, "I")
    return {tag: tiff.pack_numbers(directory.order, kind, letter, numbers) for tag, numbers in tags.items()}


def _read_rows(
    packed: AnyArray, directory: tiff.Directory, columns: int, samples: int, bits: int, is_float: bool
) -> AnyArray:
    """Return rows of bytes as rows x columns x samples of numbers, without the differences of a predictor."""
    import numpy as np

    predictor, count = directory.number(tiff.PREDICTOR, 1), columns * samples
    if predictor == 3:
        return _read_float_differences(packed, columns, samples, bits)
    if bits not in (8, 16, 32, 64):
        numbers = _spread_bits(packed, count, bits, directory.order)
        return (_widen_float24(numbers) if is_float else numbers).reshape(-1, columns, samples)
    whole: AnyArray = packed[:, : count * bits // 8].copy().view(f"{directory.order}u{bits // 8}")
    whole = whole.astype(f"u{bits // 8}", copy=False).reshape(-1, columns, samples)
    if predictor == 2:
        whole = np.cumsum(whole, axis=1, dtype=whole.dtype)
    return _read_floats(whole, bits) if is_float else whole


def _read_floats(whole: AnyArray, bits: int) -> AnyArray:
    import numpy as np

    floats: AnyArray = whole.view(f"f{bits // 8}")
    return floats.astype(np.float32) if bits == 16 else floats


def _read_float_differences(packed: AnyArray, columns: int, samples: int, bits: int) -> AnyArray:
    """Undo predictor 3 (Adobe Photoshop TIFF technical note 3): bytes in planes, the highest first, as differences."""
    import numpy as np

    size = bits // 8
    summed = np.cumsum(packed.reshape(len(packed), -1, samples), axis=1, dtype=np.uint8)
    planes = summed.reshape(len(packed), size, columns * samples)
    big = np.ascontiguousarray(planes.swapaxes(1, 2))
    if bits == 24:
        return _widen_float24(_join_bytes(big)).reshape(-1, columns, samples)
    whole = big.view(f">u{size}").astype(f"u{size}").reshape(-1, columns, samples)
    return _read_floats(whole, bits)


def _spread_bits(packed: AnyArray, count: int, bits: int, order: str) -> AnyArray:
    """Return numbers that do not begin at bytes, the highest bit first; those of 24 bits have the file's byte order."""
    import numpy as np

    if bits == 24:
        triples = packed[:, : 3 * count].reshape(len(packed), count, 3)
        return _join_bytes(triples if order == ">" else triples[:, :, ::-1])
    dtype = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    numbers = np.zeros((len(packed), count), dtype)
    for row in range(0, len(packed), _ROWS):
        spread = np.unpackbits(packed[row : row + _ROWS], axis=1)[:, : count * bits].reshape(-1, count, bits)
        part = numbers[row : row + _ROWS]
        for index in range(bits):
            part |= np.left_shift(spread[:, :, index], bits - 1 - index, dtype=dtype)
    return numbers


def _join_bytes(triples: AnyArray) -> AnyArray:
    """Return ... x 3 bytes, the highest first, as numbers of 24 bits."""
    import numpy as np

    wide = triples.astype(np.uint32)
    joined: AnyArray = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return joined


def _widen_float24(numbers: AnyArray) -> AnyArray:
    """Return floats of 24 bits (sign, 7 bits of exponent, 16 of mantissa) as float32, which holds them exactly."""
    import numpy as np

    sign = np.where(numbers >> 23, -1.0, 1.0)
    exponent, mantissa = (numbers >> 16 & 0x7F).astype(np.int32), (numbers & 0xFFFF).astype(np.float64)
    value = np.where(exponent == 0, np.ldexp(mantissa, -62 - 16), np.ldexp(1.0 + mantissa / 65536, exponent - 63))
    value = np.where(exponent == 0x7F, np.where(mantissa == 0, np.inf, np.nan), value)
    return (sign * value).astype(np.float32)
