"""Samples of images whose file says by numbers what colors they are become sRGB, or stay deep where that is asked for.

High dynamic range is mapped as in videos (`video_color`): light of 203 cd/m2 is white, light above is clipped.
Sources: ITU-T H.273 (code points), PNG third edition (cICP, gAMA, cHRM), ITU-R BT.2408 (reference white).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.color import SRGB, ColorSpace
from studio.api.color_transfer import CHROMATICITIES, Points, decode_srgb, encode_srgb, find_light_matrix
from studio.api.hdr_transfer import decode_hlg_light, decode_pq_light

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    FloatArray = npt.NDArray[np.floating[Any]]
    Curve = Callable[[FloatArray], FloatArray]

_UNSPECIFIED = 2
_PQ, _HLG = 16, 18
_NEAR_SRGB = (1, _UNSPECIFIED, 6, 13, 14, 15)  # curves that are shown as that of sRGB, as in videos
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
_PRIMARIES = {1: "bt709", _UNSPECIFIED: "bt709", 9: "bt2020", 11: "display-p3", 12: "display-p3"}
_NAMES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_CURVES = {4: "gamma 2.2", 5: "gamma 2.8", 8: "linear", _PQ: "PQ", _HLG: "HLG"}
_LEAST, _MOST = 0.1, 10.0  # exponents that are applied; others are no gamma
_SAME_GAMMA, _SAME_POINT = 0.05, 0.005  # differences that do not show
_BLACK, _RANGE = 16 / 255, 219 / 255  # of the limited range
_ROWS = 256  # converted at once, so that the floats stay small


@dataclass(frozen=True)
class CodePoints:
    """What a file says of its colors, by the numbers of H.273.

    Attributes:
        primaries: Number of the primaries.
        transfer: Number of the curve.
        is_full: Whether black is 0 and white the highest value.
    """

    primaries: int = 1
    transfer: int = 13
    is_full: bool = True

    @property
    def is_high_dynamic_range(self) -> bool:
        """Whether the curve is PQ or HLG."""
        return self.transfer in (_PQ, _HLG)

    @property
    def is_known(self) -> bool:
        """Whether the colors can be converted."""
        return self.primaries in _PRIMARIES and self.transfer in (*_NEAR_SRGB, *_CURVES)

    @property
    def is_srgb(self) -> bool:
        """Whether nothing is to be converted."""
        plain = _PRIMARIES.get(self.primaries) == "bt709" and self.transfer in _NEAR_SRGB
        return plain and self.is_full

    @property
    def color(self) -> ColorSpace:
        """The color space of the samples, if they are of high dynamic range; sRGB if not."""
        if not self.is_high_dynamic_range:
            return SRGB
        words = {"encoding": "pq" if self.transfer == _PQ else "hlg", "primaries": self._name_primaries()}
        return ColorSpace.from_json(words | {"range": "full" if self.is_full else "limited"})

    def describe(self) -> str:
        """Return their name, such as "PQ BT.2020"."""
        named = f"{_CURVES.get(self.transfer, '')} {_NAMES.get(self.primaries, '')}".strip()
        return named or ("not sRGB" if self.is_full else "limited range")

    def find_matrix(self) -> AnyArray:
        """Return the matrix to linear light of sRGB."""
        return find_light_matrix(CHROMATICITIES[self._name_primaries()], CHROMATICITIES["bt709"])

    def _name_primaries(self) -> str:
        """Return the name of the primaries; BT.2020 goes without saying where the curve is PQ or HLG."""
        if self.primaries == _UNSPECIFIED and self.is_high_dynamic_range:
            return "bt2020"
        return _PRIMARIES.get(self.primaries, "bt709")


def describe_conversion(points: CodePoints, *, keeps_range: bool) -> str:
    """Say what becomes of the colors of a file; "" if nothing does.

    Args:
        points: What the file says.
        keeps_range: Whether PQ and HLG stay what they are.
    """
    if points.is_srgb or (keeps_range and points.is_known and points.is_high_dynamic_range):
        return ""
    if not points.is_known:
        return "the colors of the file are not sRGB and are taken as sRGB: convert them in another program first"
    if points.is_high_dynamic_range:
        clipped = "light above the reference white of 203 cd/m2 is clipped to white"
        return f'{points.describe()} became sRGB: {clipped}; "dynamic_range" "keep" of image.load keeps it'
    return f"{points.describe()} became sRGB, clipped to [0, 1]"


def convert_code_points(
    array: AnyArray, points: CodePoints, *, keeps_range: bool = False
) -> tuple[AnyArray, ColorSpace]:
    """Return samples in sRGB and their color space; PQ and HLG as they are where that is asked for.

    Whole numbers stay whole numbers; those of PQ, HLG and linear light get 16 bits. Alpha stays as it is.

    Args:
        array: Height x width (x channels) of uint8, uint16 or float32.
        points: What the file says.
        keeps_range: Whether PQ and HLG stay what they are.
    """
    if points.is_srgb or not points.is_known:
        return array, SRGB
    if keeps_range and points.is_high_dynamic_range:
        return array, points.color
    deep = points.is_high_dynamic_range or points.transfer == 8
    return _convert(array, _find_curve(points), points.find_matrix(), deep=deep), SRGB


@dataclass(frozen=True)
class PngGamma:
    """What the chunks gAMA and cHRM of a PNG file say.

    Attributes:
        exponent: Light is a sample to the power of it; 0 for the curve of sRGB.
        points: Chromaticities; None for those of sRGB.
    """

    exponent: float = 0.0
    points: Points | None = None

    def describe(self) -> str:
        """Say what is converted; "" if nothing is."""
        said = [f"a gamma of {1 / self.exponent:.3g}"] if self.exponent else []
        said += ["primaries of its own"] if self.points else []
        return f"the file has {' and '.join(said)}, which became sRGB" if said else ""


def create_gamma(gamma: int, numbers: tuple[int, ...]) -> PngGamma:
    """Return what the chunks of a PNG file say; what is near sRGB, or impossible, counts as sRGB.

    Args:
        gamma: The number of gAMA; 0 for none.
        numbers: The eight numbers of cHRM: x and y of white, red, green and blue; empty for none.
    """
    exponent = 100_000 / gamma if gamma else 0.0
    if not _LEAST <= exponent <= _MOST or abs(exponent - 2.2) < _SAME_GAMMA:
        exponent = 0.0
    return PngGamma(exponent, _find_points(numbers))


def _find_points(numbers: tuple[int, ...]) -> Points | None:
    import numpy as np

    if len(numbers) != 8:
        return None
    white, *colors = [(numbers[index] / 100_000, numbers[index + 1] / 100_000) for index in range(0, 8, 2)]
    found = (*colors, white)
    if np.abs(np.array(found) - np.array(CHROMATICITIES["bt709"])).max() < _SAME_POINT:
        return None
    (x0, y0), (x1, y1), (x2, y2) = colors
    spans = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) > 0.01
    return found if spans and min(y for _, y in found) > 0 and max(x + y for x, y in found) <= 1.0001 else None


def convert_gamma(array: AnyArray, gamma: PngGamma) -> AnyArray:
    """Return samples with the curve and the primaries of sRGB, in their own depth.

    Args:
        array: Height x width (x channels) of uint8 or uint16.
        gamma: What the file says.
    """
    if not gamma.describe():
        return array
    matrix = find_light_matrix(gamma.points or CHROMATICITIES["bt709"], CHROMATICITIES["bt709"])
    curve = _create_power(gamma.exponent) if gamma.exponent else decode_srgb
    return _convert(array, curve, matrix, deep=False)


def _find_curve(points: CodePoints) -> Curve:
    """Return the function from samples to light, of which white has 1."""
    if points.transfer in _POWERS:
        curve = _create_power(_POWERS[points.transfer])
    else:
        curve = {_PQ: decode_pq_light, _HLG: decode_hlg_light}.get(points.transfer, decode_srgb)
    if points.is_full:
        return curve
    return lambda samples: curve((samples - _BLACK) / _RANGE)


def _create_power(exponent: float) -> Curve:
    import numpy as np

    def decode(samples: FloatArray) -> FloatArray:
        light: FloatArray = np.clip(samples, 0.0, 1.0) ** exponent
        return light

    return decode


def _convert(array: AnyArray, curve: Curve, matrix: AnyArray, *, deep: bool) -> AnyArray:
    import numpy as np

    samples = array[:, :, None] if array.ndim == 2 else array
    colors = min(3, samples.shape[2])
    source = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    if array.dtype == np.uint8 and deep:
        samples = samples.astype(np.uint16) * np.uint16(257)
        source = 65535.0
    result = samples.copy()
    for row in range(0, len(samples), _ROWS):
        light = curve(samples[row : row + _ROWS, :, :colors].astype(np.float64) / source)
        light = light @ matrix.T if colors == 3 else light
        encoded = encode_srgb(light) * source
        result[row : row + _ROWS, :, :colors] = np.rint(encoded) if array.dtype.kind == "u" else encoded
    return result[:, :, 0] if array.ndim == 2 else result
