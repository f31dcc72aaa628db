"""What the color tags of a video mean: wide primaries and high dynamic range become sRGB.

High dynamic range is mapped as ITU-R BT.2408 places it: the light of its reference white, 203 cd/m2, is the white of
sRGB. Light below keeps its value, light above is clipped.
Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG), ITU-R BT.2408, ITU-T H.273 (numbers of tags).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from studio.api.color_transfer import decode_srgb, encode_srgb, find_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

REFERENCE_WHITE = 203.0
"""Light of white in high dynamic range, in cd/m2."""
_UNSPECIFIED = 2
_LINEAR, _PQ, _HLG = 8, 16, 18  # transfer curves
_WIDE = {9: "bt2020", 11: "display-p3", 12: "display-p3"}  # primaries
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
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


def decode_pq(samples: Any) -> Any:
    """Return cd/m2 for samples of PQ in [0, 1]; SMPTE ST 2084, section 5."""
    import numpy as np

    power = np.clip(samples, 0.0, 1.0) ** (32 / 2523)
    return 10_000.0 * (np.maximum(power - 107 / 128, 0.0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)


def decode_hlg(samples: Any) -> Any:
    """Return light of the scene in [0, 1] for samples of HLG in [0, 1]; BT.2100, table 5."""
    import numpy as np

    a, b, c = 0.17883277, 0.28466892, 0.55991073
    samples = np.clip(samples, 0.0, 1.0)
    return np.where(samples <= 0.5, samples**2 / 3.0, (np.exp((np.maximum(samples, 0.5) - c) / a) + b) / 12.0)


def _brighten_scene(light: FloatArray) -> FloatArray:
    """Return light of the scene as light of a display of 1000 cd/m2, white at 1; BT.2100, table 5."""
    import numpy as np

    luminance = np.maximum(light @ np.array([0.2627, 0.6780, 0.0593], np.float32), 1e-6)
    gain = luminance ** np.float32(_HLG_GAMMA - 1.0) * np.float32(_HLG_PEAK / REFERENCE_WHITE)
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
