"""Audio given the timbre, the rhythm texture or the dynamics of another, on its spectrogram.

Both clips become magnitudes on a logarithmic scale; a method changes the content's towards the style's; the phases
are the content's, brought into agreement by Griffin and Lim's rounds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio_audio import stft
from studio_audio.spectra import create_mel
from studio_audio.transfer_setting import Setting

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

_WINDOW_SECONDS = 0.046
_SCALE, _DIVISOR = 100.0, 5.0
_BANDS = 40
_GREATEST_GAIN = 31.6  # 30 dB
_LEVELS = 512


@dataclass(frozen=True)
class Carry:
    """What goes over from the style to the content."""

    timbre: bool = True
    rhythm: bool = False
    dynamics: bool = False


def transfer(
    content: FloatArray,
    style: FloatArray,
    rate: int,
    *,
    method: str,
    strength: float,
    carry: Carry,
    phase_rounds: int,
    rounds: int,
    seed: int,
    device: str,
    step: Step,
) -> FloatArray:
    """Return the content, frames x channels, with what it takes over from the style, of the same rate and channels.

    The loudness of the style does not count: it is brought to the content's RMS first.

    Args:
        content: Audio to change.
        style: Audio to take from.
        rate: Sample rate of both in hertz.
        method: One of `METHODS`.
        strength: 0 gives the content back, 1 the full change; magnitudes between are mixed on the logarithmic scale.
        carry: What to take over.
        phase_rounds: Rounds for the phases; 0 takes the content's as they are.
        rounds: Steps of the methods that optimise.
        seed: Of their random filters and directions.
        device: Torch device for these.
        step: Called with work done and planned.
    """
    if strength <= 0.0:
        return content
    window = stft.choose_window(rate, _WINDOW_SECONDS)
    style = style * np.float32(_find_rms(content) / max(_find_rms(style), 1e-12))
    result, channels = np.zeros_like(content), content.shape[1]
    work = channels * (rounds + phase_rounds + 1)
    for channel in range(channels):
        at = channel * (rounds + phase_rounds + 1)
        setting = Setting(rate, window, rounds, seed, device, functools.partial(_report, step, at, work))
        own, model = (np.ascontiguousarray(audio[:, channel]) for audio in (content, style))
        result[:, channel] = _transfer_channel(own, model, method, strength, carry, phase_rounds, setting)
    return result


def _report(step: Step, at: int, work: int, done: int, _: int) -> None:
    step(at + done, work)


def _find_rms(audio: FloatArray) -> float:
    return float(np.sqrt((audio.astype(np.float64) ** 2).mean()))


def _transfer_channel(
    content: FloatArray,
    style: FloatArray,
    method: str,
    strength: float,
    carry: Carry,
    phase_rounds: int,
    setting: Setting,
) -> FloatArray:
    window, hop, length = setting.window, setting.window // 4, len(content)
    spectrum = stft.transform(content, window, hop)
    before, model = np.abs(spectrum), np.abs(stft.transform(style, window, hop))
    direction = stft.take_direction(spectrum)
    setting.step(0, 0)
    target = before
    if carry.timbre and method == "vocoder":
        target, direction = fill_bands(before, style, setting)
    elif carry.timbre:
        target = METHODS[method](before, model, setting)
    if carry.rhythm:
        target = take_rhythm(target, model, setting)
    target = take_dynamics(target, model) if carry.dynamics else keep_dynamics(target, before)
    if strength < 1.0:
        target = expand((1 - strength) * compress(before) + strength * compress(target))
    return stft.find_phase(
        target,
        lambda signal: stft.transform(signal, window, hop),
        lambda found: stft.invert(found, window, hop, length),
        direction,
        rounds=phase_rounds,
        step=lambda done, _: setting.step(setting.rounds + done, 0),
    )


def compress(magnitude: FloatArray) -> FloatArray:
    """Return magnitudes on the logarithmic scale that all methods use."""
    levels: FloatArray = np.log1p(magnitude * np.float32(_SCALE)) / np.float32(_DIVISOR)
    return levels


def expand(levels: FloatArray) -> FloatArray:
    """Return the magnitudes of levels."""
    magnitude: FloatArray = np.expm1(np.clip(levels, 0.0, 4.0) * np.float32(_DIVISOR)) / np.float32(_SCALE)
    return magnitude


# -- timbre ----------------------------------------------------------------------------------------


def transport_bins(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Give each bin the style's distribution of levels, in the content's order: optimal transport in one dimension."""
    levels, model = compress(content), compress(style)
    return expand(transport_rows(levels, model))


def transport_rows(levels: FloatArray, model: FloatArray) -> FloatArray:
    """Map each row to the distribution of the same row of a model, keeping the order along the row."""
    result = np.empty_like(levels)
    columns = levels.shape[1]
    at = (np.arange(columns) + 0.5) / columns
    knots = (np.arange(model.shape[1]) + 0.5) / model.shape[1]
    for row in range(len(levels)):
        ranks = np.empty(columns, np.int64)
        ranks[np.argsort(levels[row], kind="stable")] = np.arange(columns)
        result[row] = np.interp(at, knots, np.sort(model[row]))[ranks]
    return result


def transport_bands(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Give each mel band the style's distribution of levels, and leave the bins within a band as they are.

    The notes of the content stay, as what a band has of fine structure is only turned up and down.
    """
    matrix = _create_bands(setting)
    before, model = (np.sqrt(matrix @ audio**2) for audio in (content, style))
    return content * _spread(expand(transport_rows(compress(before), compress(model))), before, matrix)


def equalize(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Filter the content so that its mean spectrum, smoothed, is the style's; at most 30 dB up or down."""
    matrix = _create_bands(setting)
    before, model = (np.sqrt((matrix @ audio**2).mean(axis=1, keepdims=True)) for audio in (content, style))
    return content * _spread(model, before, matrix)


def fill_bands(content: FloatArray, style: FloatArray, setting: Setting) -> tuple[FloatArray, ComplexArray]:
    """Let the style sound with the content's levels in each mel band: a channel vocoder (Dudley 1939).

    Returns:
        Magnitudes, and the style's phases.
    """
    matrix = _create_bands(setting)
    hop = setting.window // 4
    length = (content.shape[1] - 1) * hop
    looped = np.tile(style, -(-max(length, 1) // len(style)))[:length]
    spectrum = stft.transform(looped, setting.window, hop)[:, : content.shape[1]]
    carrier = np.abs(spectrum)
    levels, own = (np.sqrt(matrix @ audio**2) for audio in (content, carrier))
    return carrier * _spread(levels, own + 1e-3 * own.max(initial=1e-12), matrix), stft.take_direction(spectrum)


def match_network(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Optimise the levels against random filters over time, bins as channels (Ulyanov and Lebedev 2016)."""
    from studio_audio.optimize import match_random_filters

    return expand(match_random_filters(compress(content), compress(style), setting))


def match_patches(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Optimise patches of the levels towards the style's by sliced Wasserstein distances (Heitz et al. 2021)."""
    from studio_audio.optimize import match_sliced_patches

    start = compress(transport_bands(content, style, setting))
    return expand(match_sliced_patches(compress(content), compress(style), start, setting))


METHODS: dict[str, Callable[[FloatArray, FloatArray, Setting], FloatArray]] = {
    "bins": transport_bins,
    "bands": transport_bands,
    "network": match_network,
    "patches": match_patches,
    "equalize": equalize,
}


def _create_bands(setting: Setting) -> FloatArray:
    return create_mel(setting.rate, setting.window, _BANDS, 30.0, setting.rate / 2)


def _spread(wanted: FloatArray, before: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return for each bin the gain that takes its bands from before to wanted."""
    floor = 1e-4 * float(before.max(initial=0.0)) + 1e-9
    gains = np.clip((wanted + floor) / (before + floor), 0.0, _GREATEST_GAIN)
    total = np.maximum(matrix.sum(axis=0), 1e-6)[:, None]
    spread: FloatArray = np.exp((matrix.T @ np.log(np.maximum(gains, 1e-5))) / total).astype(np.float32)
    return spread


# -- rhythm and dynamics ---------------------------------------------------------------------------


def take_rhythm(levels: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Give each mel band the style's modulation spectrum: how fast and how strongly its level goes up and down.

    The phases of the modulation are the content's, so that what happens happens where it did.
    """
    matrix = _create_bands(setting)
    before, model = (np.sqrt(matrix @ audio**2) for audio in (levels, style))
    curves, models = (np.log(one + 1e-4 * one.max(initial=1e-12)) for one in (before, model))
    size = min(curves.shape[1], models.shape[1], 2048)
    mean = np.mean([np.abs(np.fft.rfft(_center(piece), axis=1)) / size for piece in _cut(models, size)], axis=0)
    own = np.mean([np.abs(np.fft.rfft(_center(piece), axis=1)) / size for piece in _cut(curves, size)], axis=0)
    ratio = _smooth(mean) / np.maximum(_smooth(own), 1e-9)
    full = np.fft.rfft(_center(curves), axis=1)
    at = np.linspace(0, ratio.shape[1] - 1, full.shape[1])
    gain = np.stack([np.interp(at, np.arange(ratio.shape[1]), row) for row in np.clip(ratio, 0.1, 10)])
    changed = np.fft.irfft(full * gain, n=curves.shape[1], axis=1) + curves.mean(axis=1, keepdims=True)
    wanted = np.exp(np.minimum(changed, curves.max(initial=0.0) + 1.0)).astype(np.float32)
    return levels * _spread(wanted, before, matrix)


def _center(curves: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    centered: npt.NDArray[np.floating] = curves - curves.mean(axis=1, keepdims=True)
    return centered


def _cut(curves: FloatArray, size: int) -> list[FloatArray]:
    return [curves[:, at : at + size] for at in range(0, curves.shape[1] - size + 1, max(size // 2, 1))]


def _smooth(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    from scipy.ndimage import uniform_filter1d

    smooth: npt.NDArray[np.floating] = uniform_filter1d(rows, 9, axis=1, mode="nearest")
    return smooth


def take_dynamics(levels: FloatArray, style: FloatArray) -> FloatArray:
    """Give the loudness of the frames the style's distribution, in the content's order."""
    own, model = (np.sqrt((audio**2).sum(axis=0, keepdims=True)) for audio in (levels, style))
    changed: FloatArray = levels * (transport_rows(own, model) / np.maximum(own, 1e-9))
    return changed


def keep_dynamics(levels: FloatArray, content: FloatArray) -> FloatArray:
    """Give each frame the power that it has in the content."""
    own, model = (np.sqrt((audio**2).sum(axis=0, keepdims=True)) for audio in (levels, content))
    changed: FloatArray = levels * np.minimum(model / np.maximum(own, 1e-9), 1e3)
    return changed
