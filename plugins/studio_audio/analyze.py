"""Tempo, beats, key, loudness and parts of a piece, as JSON and as an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studio_audio import harmony, loudness, plot, rhythm, structure
from studio_audio.levels import count_clipped, find_offset

if TYPE_CHECKING:
    from studio.api import Audio
    from studio_audio.bounds import FloatArray, Step

_BEAT, _PART, _LOUD = (255, 196, 84), (120, 210, 160), (236, 120, 160)
_CURVE_SECONDS = 0.4
_PARTS_OF_NO_BEAT = 0.5


def analyze(audio: Audio, step: Step) -> dict[str, Any]:
    """Return all that is found, as plain JSON; times are seconds rounded to milliseconds."""
    step(0, 4)
    signal = rhythm.prepare(audio.samples, audio.rate)
    found = rhythm.find_rhythm(signal)
    step(1, 4)
    chroma = harmony.measure_chroma(signal)
    key, clarity = harmony.find_key(chroma)
    step(2, 4)
    times, curve = loudness.measure_curve(audio.samples, audio.rate, _CURVE_SECONDS)
    whole = loudness.measure_loudness(audio.samples, audio.rate)
    peak = loudness.measure_true_peak(audio.samples)
    step(3, 4)
    return {
        "duration": round(audio.duration, 6),
        "rate": audio.rate,
        "channels": audio.channels,
        "tempo": round(found.tempo, 2),
        "steadiness": round(found.steadiness, 3),
        "beats": _round(found.beats),
        "key": key,
        "key_clarity": round(clarity, 3),
        "loudness": round(whole, 2) if np.isfinite(whole) else None,
        "loudness_range": round(loudness.measure_range(audio.samples, audio.rate), 2),
        "true_peak": round(20 * float(np.log10(peak)), 2) if peak > 0 else None,
        "clipped": count_clipped(audio),
        "offset": round(find_offset(audio), 6),
        "loudness_curve": [[round(float(t), 3), round(float(level), 2)] for t, level in zip(times, curve, strict=True)],
        "segments": _find_segments(signal, found, chroma, audio.duration),
    }


def _round(times: Any) -> list[float]:
    return [round(float(time), 3) for time in times]


def _find_segments(signal: FloatArray, found: rhythm.Rhythm, chroma: Any, seconds: float) -> list[dict[str, Any]]:
    if seconds < 2 or not signal.any():
        return []
    steady = len(found.beats) >= 16
    times = found.beats if steady else np.arange(0, seconds, _PARTS_OF_NO_BEAT)
    if len(times) < 4:
        return []
    features = structure.describe_beats(signal, times, chroma)
    borders = structure.find_borders(features, 16, 8)
    names = structure.name_parts(features, borders)
    edges = [0.0, *(float(times[at]) for at in borders[1:-1]), seconds]
    return [
        {"start": round(start, 3), "end": round(end, 3), "name": name}
        for start, end, name in zip(edges[:-1], edges[1:], names, strict=True)
    ]


def plot_analysis(audio: Audio, facts: dict[str, Any], width: int, height: int) -> FloatArray:
    """Draw the wave with its beats, the parts, and the loudness over time: height x width x 3."""
    image = plot.Plot(width, height, audio.duration)
    wave, parts, level = image.place_panels([1.6, 0.28, 1.0])
    image.draw_times(wave, labels=False)
    image.draw_wave(wave, audio)
    for beat in facts["beats"]:
        x = round(wave.find_x(beat))
        image.draw.line((x, wave.bottom - wave.height // 8, x, wave.bottom - 1), fill=_BEAT)
    title = f"{facts['key']}, {facts['tempo']:.1f} beats a minute" if facts["tempo"] else f"{facts['key']}, no beat"
    image.label(wave.right, wave.top - image.size * 0.35, title, "rs", _BEAT)
    _draw_parts(image, parts, facts)
    _draw_loudness(image, level, facts)
    return plot.to_pixels(image)


def _draw_parts(image: plot.Plot, panel: plot.Panel, facts: dict[str, Any]) -> None:
    image.label(panel.left, panel.top - image.size * 0.35, "parts", "ls", plot.INK)
    for index, part in enumerate(facts["segments"]):
        left, right = round(panel.find_x(part["start"])), round(panel.find_x(part["end"]))
        shade = tuple(round(value * (0.42 if index % 2 else 0.55)) for value in _PART)
        image.draw.rectangle((left, panel.top, max(right - 2, left), panel.bottom - 1), fill=shade)
        if right - left > 2 * image.size:
            image.label((left + right) / 2, (panel.top + panel.bottom) / 2, part["name"], "mm", plot.INK)


def _draw_loudness(image: plot.Plot, panel: plot.Panel, facts: dict[str, Any]) -> None:
    image.draw_times(panel, labels=True)
    image.label(panel.left, panel.top - image.size * 0.35, "loudness, LUFS", "ls", plot.INK)
    levels = [level for _, level in facts["loudness_curve"]] or [-70.0]
    top = 10.0 * np.ceil((max(levels) + 1) / 10)
    bottom = min(top - 30, 10.0 * np.floor(max(min(levels), top - 60) / 10))
    for value in np.arange(bottom, top + 1, 10):
        y = round(panel.bottom - 1 - (value - bottom) / (top - bottom) * (panel.height - 1))
        image.draw.line((panel.left, y, panel.right - 1, y), fill=plot.GRID)
        image.label(panel.left - image.size * 0.5, y, f"{value:.0f}", "rm")
    dots = [
        (panel.find_x(time), panel.bottom - 1 - (max(level, bottom) - bottom) / (top - bottom) * (panel.height - 1))
        for time, level in facts["loudness_curve"]
    ]
    if len(dots) > 1:
        image.draw.line(dots, fill=_LOUD, width=max(1, image.size // 6), joint="curve")
