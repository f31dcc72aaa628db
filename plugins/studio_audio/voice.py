"""Voices changed in pitch, formants and speed with WORLD (Morise, Yokomori and Ozawa 2016)."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import MediaError
from studio_audio.resample import resample

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step

    DoubleArray = npt.NDArray[np.float64]

LOWEST_RATE, _WORKING_RATES = 8000, (16_000, 48_000)
_FRAME_MILLISECONDS = 5.0
_FLOOR, _CEILING = 60.0, 800.0


def change_voice(
    samples: FloatArray, rate: int, pitch: float, formants: float, speed: float, step: Step
) -> tuple[FloatArray, float]:
    """Return a voice with other pitch, formants and speed, and the median pitch that it had.

    The pitch is followed (Harvest), the envelope taken without it (CheapTrick) and stretched along frequency, noise
    kept apart (D4C); all is put together again at the new times.

    Args:
        samples: Frames x channels; each channel is a voice of its own.
        rate: Sample rate in hertz; between 16 and 48 kHz it is worked on as it is, otherwise resampled.
        pitch: Factor of the fundamental frequency.
        formants: Factor of the resonances: above 1 a smaller head.
        speed: Factor; the result has round(frames / speed) frames.
        step: Called with work done and planned.

    Raises:
        MediaError: E647 if no voice is found.
    """
    working = min(max(rate, _WORKING_RATES[0]), _WORKING_RATES[1])
    length, found = round(len(samples) / speed), []
    result = np.zeros((length, samples.shape[1]), np.float32)
    source = resample(samples, rate, working)
    for channel in range(samples.shape[1]):
        signal = source[:, channel].astype(np.float64)
        if not signal.any():
            continue
        made, pitches = _change_channel(
            signal, working, pitch, formants, speed, lambda done, total, at=channel: step(at * total + done, 0)
        )
        found.append(pitches)
        back = resample(made.astype(np.float32)[:, None], working, rate)[:length, 0]
        result[: len(back), channel] = back
    voiced = np.concatenate(found) if found else np.zeros(0)
    if not len(voiced):
        raise MediaError("E647", "no voice is found in the sound", hint="give speech or singing, between 60 and 800 Hz")
    return result, float(np.median(voiced))


def _change_channel(
    signal: DoubleArray, rate: int, pitch: float, formants: float, speed: float, step: Step
) -> tuple[DoubleArray, DoubleArray]:
    world = import_world()
    step(0, 4)
    pitches, times = world.harvest(signal, rate, f0_floor=_FLOOR, f0_ceil=_CEILING, frame_period=_FRAME_MILLISECONDS)
    step(1, 4)
    envelope = world.cheaptrick(signal, pitches, times, rate, f0_floor=_FLOOR)
    step(2, 4)
    noise = world.d4c(signal, pitches, times, rate, fft_size=(envelope.shape[1] - 1) * 2)
    step(3, 4)
    if formants != 1.0:
        envelope, noise = _move_formants(envelope, formants), _move_formants(noise, formants, floor=1e-3)
    made = world.synthesize(pitches * pitch, envelope, noise, rate, frame_period=_FRAME_MILLISECONDS / speed)
    return made, pitches[pitches > 0]


def _move_formants(rows: DoubleArray, factor: float, floor: float = 1e-16) -> DoubleArray:
    """Stretch rows along frequency; beyond the end their last value goes on."""
    at = np.minimum(np.arange(rows.shape[1]) / factor, rows.shape[1] - 1)
    left, share = np.minimum(at.astype(int), rows.shape[1] - 2), at - np.minimum(at.astype(int), rows.shape[1] - 2)
    logs = np.log(np.maximum(rows, floor))
    return np.ascontiguousarray(np.exp(logs[:, left] * (1 - share) + logs[:, left + 1] * share))


def import_world() -> Any:
    """Return pyworld, which asks setuptools' former `pkg_resources` for its own version and nothing more."""
    if "pyworld" not in sys.modules:
        with _stand_in_for_resources():
            import pyworld  # noqa: F401
    return sys.modules["pyworld"]


@contextmanager
def _stand_in_for_resources() -> Iterator[None]:
    name = "pkg_resources"
    if name in sys.modules:
        yield
        return
    module: Any = types.ModuleType(name)
    module.get_distribution = lambda distribution: types.SimpleNamespace(version="0")
    sys.modules[name] = module
    try:
        yield
    finally:
        sys.modules.pop(name, None)
