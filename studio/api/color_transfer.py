"""Samples from one color space to another, on arrays: transfer curves, matrices and ranges.

Sources: IEC 61966-2-1 (sRGB), Academy S-2016-001 (ACEScct), ITU-R BT.709, BT.2020 and SMPTE EG 432-1 (primaries),
Academy TB-2014-004 (AP0 and AP1), SMPTE RP 177 (matrices from chromaticities), Bradford (adaptation of the white).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.api.color import ColorSpace
from studio.api.hdr_transfer import decode_hlg_light, decode_pq_light, encode_hlg_light, encode_pq_light

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.floating[Any]]
    Matrix = npt.NDArray[np.float64]

Points = tuple[tuple[float, float], ...]
"""CIE x and y of red, green, blue and white."""

_D65, _ACES_WHITE = (0.3127, 0.3290), (0.32168, 0.33767)
CHROMATICITIES: dict[str, Points] = {
    "bt709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
    "display-p3": ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), _D65),
    "adobe-rgb": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    "acescg": ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), _ACES_WHITE),
    "aces2065-1": ((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), _ACES_WHITE),
}
"""Points of each of the named primaries."""

_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_BLACK, _WHITE = 16 / 255, 235 / 255  # of the limited range
_LOG_SLOPE, _LOG_OFFSET = 10.5402377416545, 0.0729055341958355  # of ACEScct below its break
_LOG_BREAK_LINEAR, _LOG_BREAK_CODE = 0.0078125, 0.155251141552511
_LOG_HIGHEST = 65504.0
_ROWS = 256  # rows converted at once, so that the float64 arrays stay small


def convert_samples(samples: FloatArray, source: ColorSpace, target: ColorSpace) -> npt.NDArray[np.float32]:
    """Return samples of one color space in another.

    The steps: limited to full range, samples to linear light, a matrix to the new primaries (with the white adapted
    by Bradford), linear light to samples, full to limited range. Samples for "srgb" are clipped to [0, 1] of linear
    light, those for "pq" and "hlg" to what these have; others are not clipped. Alpha stays as it is.

    Args:
        samples: Height x width, or height x width x channels (1, 3 or 4), of floats.
        source: The color space of `samples`.
        target: The color space of the result.

    Returns:
        float32 of the same shape, a new array.
    """
    import numpy as np

    result = np.array(samples, np.float32)  # alpha stays as it is
    channels = samples.shape[2] if samples.ndim == 3 else 1
    matrix = None
    if channels > 1 and source.primaries != target.primaries:
        matrix = find_matrix(source.primaries, target.primaries)
    colors = (..., slice(0, 3)) if channels == 4 else ...
    for row in range(0, len(samples), _ROWS):
        part = samples[row : row + _ROWS][colors].astype(np.float64)
        result[row : row + _ROWS][colors] = _convert(part, source, target, matrix)
    return result


def find_matrix(source: str, target: str) -> Matrix:
    """Return the matrix from linear RGB with the primaries `source` to linear RGB with the primaries `target`.

    It multiplies columns: `target = matrix @ source`.
    """
    return find_light_matrix(CHROMATICITIES[source], CHROMATICITIES[target])


def find_light_matrix(source: Points, target: Points) -> Matrix:
    """Return the matrix of `find_matrix` for chromaticities: x and y of red, green, blue and white."""
    import numpy as np

    if source == target:
        return np.eye(3)
    adapted = find_adaptation(source[3], target[3])
    matrix: Matrix = np.linalg.inv(find_xyz_matrix(target)) @ adapted @ find_xyz_matrix(source)
    return matrix


def decode_srgb(samples: FloatArray) -> FloatArray:
    """Return linear light for sRGB samples in [0, 1]; IEC 61966-2-1, formula (6)."""
    import numpy as np

    samples = np.clip(samples, 0.0, 1.0)
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def encode_srgb(linear: FloatArray) -> FloatArray:
    """Return sRGB samples for linear light, clipped to [0, 1] first; IEC 61966-2-1, formula (7)."""
    import numpy as np

    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode_log(samples: FloatArray) -> FloatArray:
    """Return linear light for samples of ACEScct; Academy S-2016-001, section 4.4."""
    import numpy as np

    exponent = np.maximum(samples, _LOG_BREAK_CODE) * 17.52 - 9.72
    above = np.exp2(np.minimum(exponent, 17.0))  # beyond the highest light, so that nothing overflows
    return np.where(samples <= _LOG_BREAK_CODE, (samples - _LOG_OFFSET) / _LOG_SLOPE, np.minimum(above, _LOG_HIGHEST))


def encode_log(linear: FloatArray) -> FloatArray:
    """Return samples of ACEScct for linear light; Academy S-2016-001, section 4.4."""
    import numpy as np

    above = (np.log2(np.maximum(linear, _LOG_BREAK_LINEAR)) + 9.72) / 17.52
    return np.where(linear <= _LOG_BREAK_LINEAR, linear * _LOG_SLOPE + _LOG_OFFSET, above)


def _convert(samples: FloatArray, source: ColorSpace, target: ColorSpace, matrix: Matrix | None) -> FloatArray:
    if source.range == "limited":
        samples = (samples - _BLACK) / (_WHITE - _BLACK)
    linear = _DECODERS.get(source.encoding, _keep)(samples)
    if matrix is not None:
        linear = linear @ matrix.T
    encoded = _ENCODERS.get(target.encoding, _keep)(linear)
    return encoded * (_WHITE - _BLACK) + _BLACK if target.range == "limited" else encoded


def _keep(samples: FloatArray) -> FloatArray:
    return samples


def find_xyz_matrix(points: Points) -> Matrix:
    """Return the matrix from linear RGB to CIE XYZ, with a white of Y = 1; SMPTE RP 177."""
    import numpy as np

    *colors, white = (_to_xyz(point) for point in points)
    columns = np.stack(colors, axis=1)
    matrix: Matrix = columns * np.linalg.solve(columns, white)
    return matrix


_DECODERS = {"srgb": decode_srgb, "log": decode_log, "pq": decode_pq_light, "hlg": decode_hlg_light}
_ENCODERS = {"srgb": encode_srgb, "log": encode_log, "pq": encode_pq_light, "hlg": encode_hlg_light}


def find_adaptation(source: tuple[float, float], target: tuple[float, float]) -> Matrix:
    """Return the linear Bradford transform from one white to another."""
    import numpy as np

    if source == target:
        return np.eye(3)
    bradford = np.array(_BRADFORD)
    gains = (bradford @ _to_xyz(target)) / (bradford @ _to_xyz(source))
    matrix: Matrix = np.linalg.inv(bradford) @ np.diag(gains) @ bradford
    return matrix


def _to_xyz(point: tuple[float, float]) -> Matrix:
    import numpy as np

    x, y = point
    return np.array([x / y, 1.0, (1.0 - x - y) / y])
