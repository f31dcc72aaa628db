"""Transfer curves of high dynamic range, on arrays: PQ and HLG, with the light of reference white at 1.

Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG, its display of 1000 cd/m2), ITU-R BT.2408 (reference white).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.floating[Any]]

REFERENCE_WHITE = 203.0
"""Light of white in high dynamic range, in cd/m2."""
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
_LUMINANCE = (0.2627, 0.6780, 0.0593)  # of BT.2020
_PQ_PEAK = 10_000.0
_M1, _M2 = 1305 / 8192, 2523 / 32
_C1, _C2, _C3 = 107 / 128, 2413 / 128, 2392 / 128
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073


def decode_pq(samples: Any) -> Any:
    """Return cd/m2 for samples of PQ in [0, 1]; SMPTE ST 2084, section 5."""
    import numpy as np

    power = np.clip(samples, 0.0, 1.0) ** (1 / _M2)
    return _PQ_PEAK * (np.maximum(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1)


def encode_pq(light: Any) -> Any:
    """Return samples of PQ for cd/m2, clipped to what PQ has; SMPTE ST 2084, section 5."""
    import numpy as np

    power = (np.clip(light, 0.0, _PQ_PEAK) / _PQ_PEAK) ** _M1
    return ((_C1 + _C2 * power) / (1.0 + _C3 * power)) ** _M2


def decode_hlg(samples: Any) -> Any:
    """Return light of the scene in [0, 1] for samples of HLG in [0, 1]; BT.2100, table 5."""
    import numpy as np

    samples = np.clip(samples, 0.0, 1.0)
    return np.where(samples <= 0.5, samples**2 / 3.0, (np.exp((np.maximum(samples, 0.5) - _C) / _A) + _B) / 12.0)


def encode_hlg(light: Any) -> Any:
    """Return samples of HLG for light of the scene, clipped to [0, 1]; BT.2100, table 5."""
    import numpy as np

    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 1 / 12, np.sqrt(3.0 * light), _A * np.log(np.maximum(12.0 * light - _B, 1e-9)) + _C)


def decode_pq_light(samples: FloatArray) -> FloatArray:
    """Return light with reference white at 1 for samples of PQ."""
    light: FloatArray = decode_pq(samples) / REFERENCE_WHITE
    return light


def encode_pq_light(light: FloatArray) -> FloatArray:
    """Return samples of PQ for light with reference white at 1."""
    samples: FloatArray = encode_pq(light * REFERENCE_WHITE)
    return samples


def decode_hlg_light(samples: FloatArray) -> FloatArray:
    """Return light of a display of 1000 cd/m2, reference white at 1, for samples of HLG: grey, or ... x 3."""
    import numpy as np

    scene = decode_hlg(samples)
    gain = np.maximum(_find_luminance(scene), 1e-9) ** (HLG_GAMMA - 1.0)
    light: FloatArray = scene * gain * (HLG_PEAK / REFERENCE_WHITE)
    return light


def encode_hlg_light(light: FloatArray) -> FloatArray:
    """Return the samples that `decode_hlg_light` decodes to light, clipped to what HLG has."""
    import numpy as np

    shown = np.maximum(light, 0.0) * (REFERENCE_WHITE / HLG_PEAK)
    gain = np.maximum(_find_luminance(shown), 1e-9) ** ((1.0 - HLG_GAMMA) / HLG_GAMMA)
    samples: FloatArray = encode_hlg(shown * gain)
    return samples


def _find_luminance(light: FloatArray) -> FloatArray:
    import numpy as np

    if light.ndim < 3 or light.shape[2] != 3:
        return light
    luminance: FloatArray = (light @ np.array(_LUMINANCE))[..., None]
    return luminance
