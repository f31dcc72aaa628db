"""Color lookup tables in the .cube format (Adobe Cube LUT Specification 1.0), read and applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from studio.api import MediaError
from studio_image.pixels import FloatArray, as_floats, match_channels

Interpolation = Literal["tetrahedral", "trilinear"]

_MOST_BYTES = 128 * 2**20
_LARGEST = {"LUT_1D_SIZE": 65_536, "LUT_3D_SIZE": 256}


@dataclass(frozen=True)
class ColorTable:
    """A table of colors.

    Attributes:
        values: N x 3 for three curves, or N x N x N x 3 by blue, green, red.
        low: Smallest input of each channel.
        high: Largest input of each channel.
    """

    values: FloatArray
    low: FloatArray
    high: FloatArray


@lru_cache(maxsize=2)
def load_color_table(path: Path, digest: str) -> ColorTable:
    """Return the table in a .cube file, which is read once for all frames of a video.

    Args:
        path: The file.
        digest: Names its content.

    Raises:
        MediaError: E511 as `read_color_table`.
    """
    return read_color_table(path)


def read_color_table(path: Path) -> ColorTable:
    """Read a .cube file.

    Raises:
        MediaError: E511 for what is none, with the line.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise MediaError("E511", f"the color table {path.name!r} has over {_MOST_BYTES >> 20} MB", hint=_HINT)
    lines = [line.partition("#")[0] for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    low, high = np.zeros(3, np.float32), np.ones(3, np.float32)
    size, kind, first = 0, "", len(lines)
    for number, line in enumerate(lines):
        words = line.split()
        if not words or words[0] == "TITLE":
            continue
        if words[0] in _LARGEST:
            size, kind = _read_size(path, number, words, kind), words[0]
        elif words[0] in ("DOMAIN_MIN", "DOMAIN_MAX"):
            (low if words[0] == "DOMAIN_MIN" else high)[:] = _read_numbers(path, number, words[1:])
        elif words[0] in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
            ends = _read_numbers(path, number, words[1:], 2)
            low[:], high[:] = ends[0], ends[1]
        else:
            first = number
            break
    if not kind:
        raise _refuse(path, None, "neither LUT_1D_SIZE nor LUT_3D_SIZE")
    if (high <= low).any():
        raise _refuse(path, None, "a domain that ends before it begins")
    values = _read_rows(path, lines, first, size**3 if kind == "LUT_3D_SIZE" else size)
    return ColorTable(values.reshape(size, size, size, 3) if kind == "LUT_3D_SIZE" else values, low, high)


def _read_rows(path: Path, lines: list[str], first: int, count: int) -> FloatArray:
    """Read the rows of three numbers from a line on."""
    words = " ".join(lines[first:]).split()
    try:
        values = np.array(words, np.float32).reshape(-1, 3)
    except ValueError:
        for number in range(first, len(lines)):
            if lines[number].strip():
                _read_numbers(path, number, lines[number].split())
        raise AssertionError("every row was read") from None
    if len(values) != count:
        raise _refuse(path, None, f"{len(values)} rows of colors where its size asks for {count}")
    if not np.isfinite(values).all():
        raise _refuse(path, None, "numbers that are not finite")
    return values


def _read_size(path: Path, number: int, words: list[str], kind: str) -> int:
    if kind:
        raise _refuse(path, number, "a second size")
    if len(words) != 2 or not words[1].isdecimal() or not 2 <= int(words[1][:9]) <= _LARGEST[words[0]]:
        raise _refuse(path, number, f"no size from 2 to {_LARGEST[words[0]]}")
    return int(words[1])


def _read_numbers(path: Path, number: int, words: list[str], count: int = 3) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise _refuse(path, number, f"no {count} numbers")
    return numbers


_HINT = "use a .cube file with LUT_1D_SIZE or LUT_3D_SIZE"


def _refuse(path: Path, number: int | None, what: str) -> MediaError:
    place = "" if number is None else f" on line {number + 1}"
    return MediaError("E511", f"the color table {path.name!r} has {what}{place}", hint=_HINT)


def apply_color_table(
    pixels: FloatArray, table: ColorTable, strength: float, interpolation: Interpolation
) -> FloatArray:
    """Map colors through a table; alpha stays, a grey image becomes RGB.

    Args:
        pixels: H x W x C.
        table: The table; inputs beyond its ends take the nearest.
        strength: How much of the change is made, 0 to 1.
        interpolation: Between eight neighbors ("trilinear") or four ("tetrahedral"), which keeps greys grey.
    """
    pixels = match_channels(pixels, 3)
    colors = pixels[:, :, :3]
    size = table.values.shape[0]
    places = np.clip((colors - table.low) / (table.high - table.low), 0.0, 1.0) * np.float32(size - 1)
    if table.values.ndim == 2:
        grid = np.arange(size)
        mapped = as_floats(np.stack([np.interp(places[:, :, i], grid, table.values[:, i]) for i in range(3)], 2))
    else:
        flat = places.reshape(-1, 3)
        find = _find_tetrahedral if interpolation == "tetrahedral" else _find_trilinear
        parts = [find(table.values, flat[start : start + 2**20]) for start in range(0, len(flat), 2**20)]
        mapped = np.concatenate(parts).reshape(colors.shape)
    out = pixels.copy()
    out[:, :, :3] = np.clip(colors + np.float32(strength) * (mapped - colors), 0.0, 1.0)
    return out


def _find_trilinear(values: FloatArray, places: FloatArray) -> FloatArray:
    below = np.minimum(places.astype(np.int64), values.shape[0] - 2)
    share = as_floats(places - below)
    total = np.zeros((len(places), 3), np.float32)
    for corner in range(8):
        step = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        weight = np.prod(np.where(step, share, 1 - share), axis=1)
        red, green, blue = (below + step).T
        total += weight[:, None] * values[blue, green, red]
    return total


def _find_tetrahedral(values: FloatArray, places: FloatArray) -> FloatArray:
    """Walk from the lower corner to the upper one, along the axes in order of their shares."""
    below = np.minimum(places.astype(np.int64), values.shape[0] - 2)
    share = as_floats(places - below)
    order = np.argsort(-share, axis=1, kind="stable")
    at = below.copy()
    rows = np.arange(len(places))
    before = values[at[:, 2], at[:, 1], at[:, 0]]
    total = as_floats(before.copy())
    for axis in order.T:
        at[rows, axis] += 1
        after = values[at[:, 2], at[:, 1], at[:, 0]]
        total += share[rows, axis][:, None] * (after - before)
        before = after
    return total
