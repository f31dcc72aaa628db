"""What the color tags of a video mean: wide primaries and high dynamic range become sRGB.

High dynamic range is mapped as ITU-R BT.2408 places it: the light of its reference white, 203 cd/m2, is the white of
sRGB. Light below keeps its value, light above is clipped.
Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG), ITU-R BT.2408, ITU-T H.273 (numbers of tags).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from studio.api.color import SRGB, ColorSpace
from studio.api.color_transfer import decode_srgb, encode_srgb, find_matrix
from studio.api.hdr_transfer import HLG_GAMMA, HLG_PEAK, REFERENCE_WHITE, decode_hlg, decode_pq

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_UNSPECIFIED = 2
_LINEAR, _PQ, _HLG = 8, 16, 18  # transfer curves
_WIDE = {9: "bt2020", 11: "display-p3", 12: "display-p3"}  # primaries
_STEPS = 65535


def fill_tags(frame: Any, context: Any) -> None:
    """Set the tags that a frame lacks to those of its stream; BT.2020 goes without saying where PQ or HLG is said."""
    for name in ("color_trc", "color_primaries", "colorspace"):
        if getattr(frame, name) in (0, _UNSPECIFIED) and getattr(context, name) not in (0, _UNSPECIFIED):
            setattr(frame, name, getattr(context, name))
    if not frame.color_range and context.color_range:
        frame.color_range = context.color_range
    if frame.color_primaries == _UNSPECIFIED and is_high_dynamic_range(frame):
        frame.color_primaries = 9
    if frame.colorspace == _UNSPECIFIED and frame.color_primaries == 9:
        frame.colorspace = 9


def is_high_dynamic_range(frame: Any) -> bool:
    """Say whether a frame is PQ or HLG."""
    return frame.color_trc in (_PQ, _HLG)


def find_hdr_color(frame: Any) -> ColorSpace:
    """Return the color space of a frame that is PQ or HLG; sRGB for others."""
    if not is_high_dynamic_range(frame):
        return SRGB
    encoding = "pq" if frame.color_trc == _PQ else "hlg"
    return ColorSpace.from_json({"encoding": encoding, "primaries": _WIDE.get(frame.color_primaries, "bt709")})


def describe_color(frame: Any) -> str:
    """Say what color of a frame is converted to sRGB, such as "PQ BT.2020"; "" if it is near enough to sRGB."""
    curve = {_PQ: "PQ", _HLG: "HLG", _LINEAR: "linear"}.get(frame.color_trc, "")
    primaries = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}.get(frame.color_primaries, "")
    return f"{curve} {primaries}".strip()


def find_recoloring(frame: Any) -> Callable[[FloatArray], FloatArray] | None:
    """Return the function that turns RGB samples with the tags of a frame into sRGB; None where they are that."""
    if not describe_color(frame):
        return None
    curve, primaries = int(frame.color_trc), _WIDE.get(frame.color_primaries, "bt709")
    matrix = find_matrix(primaries, "bt709").astype("float32")

    def recolor(samples: FloatArray) -> FloatArray:
        light = _look_up(samples, _create_decoding(curve))
        if curve == _HLG:
            light = _brighten_scene(light)
        return _look_up(light @ matrix.T, _create_encoding())

    return recolor


def _brighten_scene(light: FloatArray) -> FloatArray:
    """Return light of the scene as light of a display of 1000 cd/m2, white at 1; BT.2100, table 5."""
    import numpy as np

    luminance = np.maximum(light @ np.array([0.2627, 0.6780, 0.0593], np.float32), 1e-6)
    gain = luminance ** np.float32(HLG_GAMMA - 1.0) * np.float32(HLG_PEAK / REFERENCE_WHITE)
    brightened: FloatArray = light * gain[..., None]
    return brightened


def _look_up(samples: FloatArray, table: FloatArray) -> FloatArray:
    import numpy as np

    places = np.rint(np.clip(samples, 0.0, 1.0) * np.float32(_STEPS)).astype(np.uint16)
    found: FloatArray = table[places]
    return found


@lru_cache(maxsize=8)
def _create_decoding(curve: int) -> FloatArray:
    """Return light for each of the samples, with white at 1; of HLG the light of the scene."""
    import numpy as np

    samples = np.arange(_STEPS + 1) / _STEPS
    if curve == _PQ:
        light = decode_pq(samples) / REFERENCE_WHITE
    else:
        light = decode_hlg(samples) if curve == _HLG else samples if curve == _LINEAR else decode_srgb(samples)
    return np.asarray(light, np.float32)


@lru_cache(maxsize=1)
def _create_encoding() -> FloatArray:
    import numpy as np

    return np.asarray(encode_srgb(np.arange(_STEPS + 1) / _STEPS), np.float32)
