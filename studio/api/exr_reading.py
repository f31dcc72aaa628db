"""Images from OpenEXR files: one layer, as scene-linear light, in the window that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.color import ColorSpace
from studio.api.color_transfer import CHROMATICITIES, find_light_matrix, find_xyz_matrix
from studio.api.exr_decoding import decode_channels
from studio.api.exr_layers import Layer, find_layer
from studio.api.formats import exr
from studio.api.formats.unsupported import UnsupportedError
from studio.api.video_geometry import find_square_size, is_plausible

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    FloatArray = npt.NDArray[np.float32]
    CheckSize = Callable[[int, int], None]

_SAME = 1e-3  # by which chromaticities differ at most that are the same
_EXACT = 2**24  # the whole numbers up to which floats of 32 bits are exact
_MOST_SAMPLES = 4  # of a pixel of the largest image, all channels of a part together


@dataclass(frozen=True)
class ExrImage:
    """What was read.

    Attributes:
        samples: Height x width x 1, 3 or 4 of float32: linear light, alpha straight.
        color: The color space of the samples.
        doubts: What of the file is not in them.
    """

    samples: FloatArray
    color: ColorSpace
    doubts: tuple[str, ...]


def read_exr(
    data: bytes, check_size: CheckSize, most_pixels: int, *, layer: str = "", data_window: bool = False
) -> ExrImage:
    """Return one layer of a file.

    Args:
        data: The file.
        check_size: Raises if the number of columns and rows is over the limits.
        most_pixels: Pixels of the largest image.
        layer: Name of a layer or of a channel; "" takes the plain color channels, or the only layer.
        data_window: Whether the image is where the file has pixels, instead of what is shown.

    Raises:
        ValueError: For what is damaged or unsupported.
        MediaError: E511 for an unknown layer, E513 if the package OpenEXR is needed and not installed.
    """
    file = exr.parse_exr(data)
    found = find_layer(file, layer)
    part = file.parts[found.part]
    for window in (part.data, part.display):
        check_size(window.width, window.height)
    if exr.count_bytes(part) > 4 * _MOST_SAMPLES * most_pixels:
        raise UnsupportedError(f"{len(part.channels)} channels of {part.data.width} x {part.data.height} pixels")
    channels = decode_channels(data, file, found.part, found.channels)
    doubts = list(found.doubts)
    planes = [_to_float(channels[name], name, doubts) for name in found.channels]
    return _finish(_join(planes, found, part, doubts), part, doubts, data_window=data_window)


def _to_float(samples: AnyArray, name: str, doubts: list[str]) -> FloatArray:
    """Return samples as finite float32; whole numbers keep their values."""
    import numpy as np

    if samples.dtype.kind == "u":
        if samples.size and samples.max() > _EXACT:
            doubts.append(f"whole numbers above {_EXACT} in {name!r} are rounded to floats")
        return samples.astype(np.float32)
    floats = samples.astype(np.float32)
    finite = np.isfinite(floats)
    if not finite.all():
        most = float(np.finfo(samples.dtype).max)
        doubts.append(
            f"{int((~finite).sum())} samples of {name!r} are infinite or not numbers: they became {most:g} and 0"
        )
        floats = np.nan_to_num(floats, nan=0.0, posinf=most, neginf=-most)
    return floats


def _join(planes: list[FloatArray], layer: Layer, part: exr.Part, doubts: list[str]) -> FloatArray:
    """Return the channels of a layer as one array, alpha straight and in [0, 1]."""
    import numpy as np

    size = part.data.height, part.data.width
    planes = [_enlarge(plane, size, part, name) for plane, name in zip(planes, layer.channels, strict=True)]
    if layer.is_chroma:
        planes[:3] = _convert_chroma(planes, part.chromaticities)
    if layer.has_alpha:
        alpha = planes[-1]
        if alpha.min() < 0.0 or alpha.max() > 1.0:
            doubts.append("alpha outside [0, 1] is clipped")
            alpha = np.clip(alpha, 0.0, 1.0)
        colors = planes[:-1] * (3 if len(planes) == 2 else 1)
        planes = [*(divide_alpha(plane, alpha) for plane in colors), alpha]
    elif len(planes) == 2:
        planes = [*planes, np.zeros_like(planes[0])]
    return np.stack(planes, axis=2)


def divide_alpha(color: FloatArray, alpha: FloatArray) -> FloatArray:
    """Return straight colors; those without alpha, which glow, stay as they are."""
    import numpy as np

    with np.errstate(over="ignore"):
        straight = color / np.where(alpha > 0, alpha, np.float32(1))
    divided: FloatArray = np.where(np.isfinite(straight), straight, color)
    return divided


def _enlarge(plane: FloatArray, size: tuple[int, int], part: exr.Part, name: str) -> FloatArray:
    """Return the samples of a channel that has fewer, one for each pixel, in between by their neighbors."""
    import numpy as np

    channel = next(each for each in part.channels if each.name == name)
    starts = (channel.down, part.data.top), (channel.across, part.data.left)
    for axis, (step, start) in enumerate(starts):
        if step == 1:
            continue
        places = np.clip((np.arange(size[axis]) - (-start % step)) / step, 0, plane.shape[axis] - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, plane.shape[axis] - 1)
        share = (places - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        plane = np.take(plane, low, axis) * (1 - share) + np.take(plane, high, axis) * share
    return plane


def _convert_chroma(planes: list[FloatArray], chromaticities: tuple[float, ...] | None) -> list[FloatArray]:
    """Return red, green and blue for luminance and the two chroma channels of OpenEXR (ImfRgbaYca)."""
    import numpy as np

    luminance, red, blue = planes[:3]
    points = _pair(chromaticities) if chromaticities else CHROMATICITIES["bt709"]
    weights = find_xyz_matrix(points)[1]
    red, blue = (red + 1) * luminance, (blue + 1) * luminance
    green = (luminance - red * np.float32(weights[0]) - blue * np.float32(weights[2])) / np.float32(weights[1])
    return [red, green, blue]


def _finish(samples: FloatArray, part: exr.Part, doubts: list[str], *, data_window: bool) -> ExrImage:
    if not data_window:
        samples = _show(samples, part, doubts)
    samples = _make_square(samples, part.aspect, doubts)
    color, matrix = find_color(part.chromaticities)
    if matrix is not None and samples.shape[2] > 1:
        doubts.append("the primaries of the file have no name: they became those of sRGB, nothing is clipped")
        samples[:, :, :3] = samples[:, :, :3] @ matrix.T.astype("float32")
    return ExrImage(samples, color, tuple(doubts))


def _show(samples: FloatArray, part: exr.Part, doubts: list[str]) -> FloatArray:
    """Return what is shown: the pixels of the data window inside of the display window, with 0 elsewhere."""
    import numpy as np

    data, shown = part.data, part.display
    if data == shown:
        return samples
    left, top = max(data.left, shown.left), max(data.top, shown.top)
    right, bottom = min(data.right, shown.right), min(data.bottom, shown.bottom)
    if (left, top, right, bottom) != (data.left, data.top, data.right, data.bottom):
        doubts.append(
            f"pixels outside of the display window are left out ({data.width} x {data.height} of which "
            f'{shown.width} x {shown.height} are shown); image.load with "window" "data" has them'
        )
    sheet = np.zeros((shown.height, shown.width, samples.shape[2]), np.float32)
    if right >= left and bottom >= top:
        part_of = samples[top - data.top : bottom - data.top + 1, left - data.left : right - data.left + 1]
        sheet[top - shown.top : bottom - shown.top + 1, left - shown.left : right - shown.left + 1] = part_of
    return sheet


def _make_square(samples: FloatArray, aspect: float, doubts: list[str]) -> FloatArray:
    """Return an image with square pixels, as videos get them: the shorter side grows."""
    import cv2

    ratio = Fraction(aspect).limit_denominator(1000) if 0 < aspect < 1000 else Fraction(1000)
    if ratio == 1:
        return samples
    if not is_plausible(ratio):
        doubts.append(f"the pixel aspect ratio {aspect:g} is ignored")
        return samples
    height, width = samples.shape[:2]
    size = find_square_size(width, height, ratio)
    doubts.append(f"pixels of {aspect:g} became square: {width} x {height} became {size[0]} x {size[1]}")
    grown: Any = cv2.resize(samples, size, interpolation=cv2.INTER_LINEAR)
    return grown.reshape(size[1], size[0], -1)  # type: ignore[no-any-return]  # OpenCV says less of what it returns


def find_color(chromaticities: tuple[float, ...] | None) -> tuple[ColorSpace, Any]:
    """Return the color space of linear light, and the matrix to it where its primaries have no name."""
    if chromaticities is None:
        return ColorSpace("linear"), None
    if not _is_plausible(chromaticities):
        raise ValueError(f"invalid chromaticities {', '.join(f'{each:g}' for each in chromaticities)}")
    points = _pair(chromaticities)
    for name, known in CHROMATICITIES.items():
        flat = [value for point in known for value in point]
        if max(abs(a - b) for a, b in zip(flat, chromaticities, strict=True)) < _SAME:
            return ColorSpace.from_json({"encoding": "linear", "primaries": name}), None
    return ColorSpace("linear"), find_light_matrix(points, CHROMATICITIES["bt709"])


def _pair(flat: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _is_plausible(chromaticities: tuple[float, ...]) -> bool:
    """Say whether primaries and white span a triangle of colors."""
    import numpy as np

    points = np.array(_pair(chromaticities))
    if not np.isfinite(points).all() or np.abs(points).max() > 10 or min(abs(points[:, 1])) < 1e-6:
        return False
    (x0, y0), (x1, y1), (x2, y2) = points[:3]
    return bool(abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) > 1e-6)
