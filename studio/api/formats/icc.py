"""ICC profiles: the simple ones (curves and a matrix) as numbers, so that samples of any depth convert to sRGB.

ICC.1:2022, sections 9.2 and 10. Profiles made of look-up tables are left to LittleCMS (`PIL.ImageCms`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.color_transfer import encode_srgb

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.floating[Any]]
    Curve = Callable[[FloatArray], FloatArray]

LARGEST = 16 * 2**20
"""A larger profile is ignored, in bytes."""
_MATRIX_TAGS = {b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ"}
# linear sRGB to CIE XYZ under D50 (Bradford-adapted), the profile connection space; IEC 61966-2-1 with ICC.1 annex F
SRGB = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))


@dataclass(frozen=True)
class Profile:
    """What a profile says.

    Attributes:
        space: "RGB ", "GRAY", "CMYK", "Lab " or another of the standard's signatures.
        curves: From samples in [0, 1] to linear light, one for grey, three for RGB; () if it is made of tables.
        matrix: Rows of X, Y and Z for linear R, G and B; () if it is not an RGB profile of that kind.
        code_points: Numbers of primaries and transfer (ITU-T H.273) and whether the range is full; None for none.
    """

    space: str
    curves: tuple[Curve, ...] = ()
    matrix: tuple[tuple[float, ...], ...] = ()
    code_points: tuple[int, int, bool] | None = None


def parse_profile(data: bytes) -> Profile | None:
    """Parse a profile; None if the data is something else or damaged."""
    if not 132 <= len(data) <= LARGEST or data[36:40] != b"acsp":
        return None
    space = data[16:20].decode("latin-1")
    try:
        tags = _parse_tags(data)
        points = _parse_code_points(tags) if space == "RGB " else None
        if points is not None and (b"A2B0" in tags or not set(tags) >= _MATRIX_TAGS):
            return Profile(space, code_points=points)
        if space == "GRAY":
            return Profile(space, (_parse_curve(tags[b"kTRC"]),))
        if space == "RGB " and b"A2B0" not in tags:
            curves = tuple(_parse_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
            columns = [_parse_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            return Profile(space, curves, tuple(zip(*columns, strict=True)), points)
    except (KeyError, ValueError, struct.error):
        return Profile(space)
    return Profile(space)


def is_srgb(profile: Profile) -> bool:
    """Say whether a profile means sRGB, within half a step of 8 bits."""
    import numpy as np

    if not profile.matrix or np.abs(np.array(profile.matrix) - np.array(SRGB)).max() > 0.002:
        return False
    samples = np.linspace(0.0, 1.0, 256)
    return all(np.abs(encode_srgb(curve(samples)) - samples).max() < 0.5 / 255 for curve in profile.curves)


def convert_colors(pixels: FloatArray, profile: Profile) -> FloatArray:
    """Return ... x 3 samples in [0, 1] of an RGB profile with a matrix as sRGB, colorimetric, clipped."""
    import numpy as np

    to_srgb = np.linalg.inv(np.array(SRGB)) @ np.array(profile.matrix)
    linear = np.stack([curve(pixels[..., i]) for i, curve in enumerate(profile.curves)], axis=-1)
    return encode_srgb(linear @ to_srgb.T)


def convert_grey(samples: FloatArray, profile: Profile) -> FloatArray:
    """Return samples in [0, 1] of a grey profile with the curve of sRGB."""
    return encode_srgb(profile.curves[0](samples))


def _parse_tags(data: bytes) -> dict[bytes, bytes]:
    count = struct.unpack(">I", data[128:132])[0]
    tags = {}
    for index in range(min(count, 256)):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        tags[name] = data[offset : offset + size]
    return tags


def _parse_code_points(tags: dict[bytes, bytes]) -> tuple[int, int, bool] | None:
    """Return what the tag cicp says (ICC.1:2022, 9.2.17); None for none, and for a matrix other than that of RGB."""
    tag = tags.get(b"cicp", b"")
    return (tag[8], tag[9], bool(tag[11])) if len(tag) >= 12 and tag[:4] == b"cicp" and tag[10] == 0 else None


def _parse_xyz(tag: bytes) -> tuple[float, float, float]:
    if tag[:4] != b"XYZ ":
        raise ValueError("not a color")
    x, y, z = struct.unpack(">3i", tag[8:20])
    return x / 65536, y / 65536, z / 65536


def _parse_curve(tag: bytes) -> Curve:
    if tag[:4] == b"para":
        return _parse_formula(tag)
    if tag[:4] != b"curv":
        raise ValueError("not a curve")
    count = struct.unpack(">I", tag[8:12])[0]
    if count > 65_536:
        raise ValueError("a curve of too many points")
    values = struct.unpack(f">{count}H", tag[12 : 12 + 2 * count])
    return _create_table(values) if count > 1 else _create_power(values[0] / 256 if values else 1.0)


def _create_power(gamma: float) -> Curve:
    return lambda samples: samples**gamma


def _create_table(values: tuple[int, ...]) -> Curve:
    import numpy as np

    at, table = np.linspace(0.0, 1.0, len(values)), np.array(values) / 65535
    return lambda samples: np.interp(samples, at, table)


def _parse_formula(tag: bytes) -> Curve:
    import numpy as np

    kind = struct.unpack(">H", tag[8:10])[0]
    count = (1, 3, 4, 5, 7)[kind] if kind < 5 else 0
    g, *rest = (v / 65536 for v in struct.unpack(f">{count}i", tag[12 : 12 + 4 * count]))
    if kind == 0:
        return _create_power(g)
    a, b = rest[:2]
    if kind in (1, 2):
        offset = rest[2] if kind == 2 else 0.0
        c, d, e, f = 0.0, (-b / a if a else 0.0), offset, offset
    else:
        c, d = rest[2:4]
        e, f = (rest[4], rest[5]) if kind == 4 else (0.0, 0.0)
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0.0) ** g + e, c * x + f)
