"""Music fitted to a length and to a curve of intensity, cut and looped on beats.

Dynamic programming over beats chooses a path through the piece: going on costs nothing, a jump costs as much as what
comes differs from what would have come, and each beat costs as much as its loudness misses the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import MediaError
from studio_audio import rhythm, structure
from studio_audio.join import create_ramp
from studio_audio.spectra import create_mel
from studio_audio.stft import choose_window, create_window
from studio_audio.stretch import stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step

    DoubleArray = npt.NDArray[np.float64]

_BAR = 4
_OFF_BAR, _JUMP, _BORDER, _MISS, _END = 3.0, 1.0, 0.4, 4.0, 1.5
_LEAST_BEATS, _MOST_BEATS = 8, 3000
_TRIALS, _REPEAT = 5, 0.5
_GREATEST_STRETCH = 0.05
_FADE_SECONDS, _CROSSFADE_SECONDS = 2.0, 0.025
_SEARCH_SECONDS = 0.03
_GAIN_RANGE = 12.0  # decibels that the gain ride may turn down
_SHARES, _FOLLOWS = (0.5, 0.75, 1.0), 0.75  # what the gain ride tries, and the correlation that is enough


@dataclass(frozen=True)
class Piece:
    """A piece cut at its beats.

    Attributes:
        samples: Frames x channels.
        rate: Sample rate in hertz.
        cuts: Frames at which beats begin, and the end of the last.
        features: Features x beats.
        levels: Loudness of each beat in decibels.
        borders: Beats at which a part begins.
    """

    samples: FloatArray
    rate: int
    cuts: npt.NDArray[np.int64]
    features: DoubleArray
    levels: DoubleArray
    borders: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Request:
    """What the soundtrack should be like.

    Attributes:
        seconds: Its length.
        curve: (seconds, intensity from 0 to 1), or none.
        ride: How much of the curve the gain follows, from 0 to 1, where the piece itself does not; None for the least
            of some with which the loudness follows the curve.
        ending: Whether to end with the piece's end instead of a fade.
    """

    seconds: float
    curve: Sequence[tuple[float, float]]
    ride: float | None
    ending: bool


def cut_piece(samples: FloatArray, rate: int) -> Piece:
    """Find the beats of a piece and what it is like from beat to beat.

    Raises:
        MediaError: E644 if it has too few beats.
    """
    signal = rhythm.prepare(samples, rate)
    beats = rhythm.find_rhythm(signal).beats
    if len(beats) < _LEAST_BEATS + 1:
        raise MediaError(
            "E644",
            f"the music has {len(beats)} beats that can be found, and at least {_LEAST_BEATS + 1} are needed to cut it",
            hint="give a longer piece, or one with a clearer beat",
        )
    if len(beats) > _MOST_BEATS:
        raise MediaError(
            "E640", f"the music has {len(beats)} beats, over the limit of {_MOST_BEATS}", hint="cut it with audio.trim"
        )
    cuts = np.minimum(np.rint(beats * rate).astype(np.int64), len(samples))
    mono = samples.mean(axis=1, dtype=np.float64) ** 2
    power = np.add.reduceat(mono, cuts[:-1])[: len(cuts) - 1] / np.maximum(np.diff(cuts), 1)
    features = structure.describe_beats(signal, beats)
    borders = structure.find_borders(features, 16, 8)[:-1]
    return Piece(samples, rate, cuts, features, 10 * np.log10(power + 1e-10), borders)


def find_path(piece: Piece, request: Request, period: float) -> npt.NDArray[np.int64]:
    """Return the beats to play, in order."""
    count = piece.features.shape[1]
    steps = max(1, round(request.seconds / period))
    costs = measure_jumps(piece)
    jumps = costs + _JUMP
    place = np.arange(count)
    jumps += np.where((place[:, None] + 1) % _BAR == place[None] % _BAR, 0.0, _OFF_BAR)
    jumps[:, piece.borders] -= _BORDER
    jumps[np.abs(place[None] - place[:, None] - 1) < 2 * _BAR] += _OFF_BAR  # no stuttering
    jumps[place[:-1], place[1:]] = 0.0
    ranks = np.argsort(np.argsort(piece.levels)) / max(count - 1, 1)
    times: DoubleArray = (np.arange(steps, dtype=np.float64) + 0.5) * period
    wanted = interpolate(request.curve, times) if request.curve else None
    miss = np.zeros((steps, count)) if wanted is None else _MISS * np.abs(ranks[None] - wanted[:, None])
    if not request.curve:
        miss[0] = 0.02 * place  # begin at the beginning
    ending = _END * _BAR * (place != count - 1) if request.ending else np.zeros(count)
    for _ in range(_TRIALS):
        path = _search(miss, jumps, ending)
        pairs, uses = np.unique(_find_jumps(path), axis=0, return_counts=True)
        if not len(uses) or uses.max() == 1:
            break
        jumps[pairs[:, 0], pairs[:, 1]] += _REPEAT * (uses - 1)  # one and the same loop, again and again, tires
    return path


def _search(miss: DoubleArray, jumps: DoubleArray, ending: DoubleArray) -> npt.NDArray[np.int64]:
    """Return the cheapest path (Viterbi)."""
    (steps, count), place = miss.shape, np.arange(miss.shape[1])
    total, back = miss[0], np.zeros((steps, count), np.int32)
    for step in range(1, steps):
        options = total[:, None] + jumps
        back[step] = options.argmin(axis=0)
        total = options[back[step], place] + miss[step]
    path = [int((total + ending).argmin())]
    for step in range(steps - 1, 0, -1):
        path.append(int(back[step][path[-1]]))
    return np.array(path[::-1])


def _find_jumps(path: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the pairs of beats between which a path jumps."""
    pairs = np.stack([path[:-1], path[1:]], axis=1)
    jumps: npt.NDArray[np.int64] = pairs[np.diff(path) != 1]
    return jumps


def measure_jumps(piece: Piece) -> DoubleArray:
    """Return for each pair of beats how far the second is from what follows the first."""
    features = piece.features
    square = (features**2).sum(axis=0)
    distances = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * features.T @ features, 0.0))
    costs = np.full(distances.shape, float(distances.max(initial=0.0)) + 1.0)
    costs[:-1] = 0.5 * distances[1:] + 0.5 * np.minimum(distances[:-1], distances.max())  # continues, and sounds alike
    same = np.arange(len(distances))
    costs[same, same] += 1.0
    levels = np.abs(piece.levels[:, None] - piece.levels[None]) / 12.0
    costs[:-1] += np.minimum(levels[1:], 1.5)
    lengths = np.diff(piece.cuts) / float(np.median(np.diff(piece.cuts)))
    costs += 2.0 * np.abs(lengths[:, None] - lengths[None])
    costs[:, 1:] += _measure_ends(piece)
    return costs


def _measure_ends(piece: Piece) -> DoubleArray:
    """Return how far the last 46 ms of one beat are from those of the beat before another, a fifth of the decibels."""
    before = measure_levels(piece.samples, piece.rate, piece.cuts[1:], before=True)
    ends: DoubleArray = np.stack([np.abs(before - one[None]).mean(axis=1) for one in before[:-1]], axis=1) / 5.0
    return ends


def interpolate(curve: Sequence[tuple[float, float]], times: DoubleArray) -> DoubleArray:
    """Return the curve at these times; before its first and after its last point it is level."""
    points = np.array(curve, np.float64)
    return np.interp(times, points[:, 0], points[:, 1])


def compose(piece: Piece, request: Request, step: Step) -> tuple[FloatArray, dict[str, Any]]:
    """Return the soundtrack, frames x channels, and its figures.

    The length is exact: what whole beats miss is stretched, by at most 5 %, and what is left is faded or filled.
    """
    period = float(np.median(np.diff(piece.cuts))) / piece.rate
    step(1, 4)
    path = find_path(piece, request, period)
    wanted = round(request.seconds * piece.rate)
    audio, seams = lay_out(piece, path)
    step(2, 4)
    factor = float(np.clip(wanted / max(len(audio), 1), 1 - _GREATEST_STRETCH, 1 + _GREATEST_STRETCH))
    target = round(len(audio) * factor)
    if abs(target - wanted) <= piece.rate * 0.05:
        factor = wanted / max(len(audio), 1)
    fitted = stretch(audio, piece.rate, factor, "music", lambda *_: step(3, 4))
    rest = wanted - len(fitted)
    result = np.zeros((wanted, fitted.shape[1]), np.float32)
    result[: min(wanted, len(fitted))] = fitted[:wanted]
    ridden, share = ride_to_curve(result, piece.rate, request)
    ends = request.ending and path[-1] == piece.features.shape[1] - 1
    fade = min(round((0.03 if ends else _FADE_SECONDS) * piece.rate), wanted // 4)
    if fade:
        ridden[wanted - fade :] *= create_ramp(fade, "smooth")[::-1, None]
    figures = {
        "seconds": wanted / piece.rate,
        "length_error": wanted / piece.rate - request.seconds,
        "unfilled_seconds": max(0, rest) / piece.rate,
        "stretch": factor,
        "period": period * factor,
        "path": path.tolist(),
        "seams": _measure_seams(piece, path, seams, factor, audio),
    }
    figures |= _compare(result, ridden, piece.rate, request) | {"ride": share}
    return ridden, figures


def lay_out(piece: Piece, path: npt.NDArray[np.int64]) -> tuple[FloatArray, list[tuple[int, int, int]]]:
    """Join the beats of a path; where it jumps, the cut is moved to where both sides agree best, and crossfaded.

    Returns:
        The audio, and for each jump: its place in the path, its frame in the audio, and how far it was moved.
    """
    runs = np.flatnonzero(np.diff(path) != 1) + 1
    starts, ends = [0, *runs], [*runs, len(path)]
    half = round(_CROSSFADE_SECONDS * piece.rate / 2)
    length = int(sum(piece.cuts[path[e - 1] + 1] - piece.cuts[path[s]] for s, e in zip(starts, ends, strict=True)))
    result = np.zeros((length + 2 * half, piece.samples.shape[1]), np.float32)
    ramp, seams, at, moved = create_ramp(2 * half, "linear")[:, None], [], 0, 0
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        first, last = int(piece.cuts[path[start]]) + moved, int(piece.cuts[path[end - 1] + 1])
        if index:
            seams.append((start, at, moved))
        after = 0
        if index + 1 < len(starts):
            after = _find_shift(piece, last, int(piece.cuts[path[ends[index]]]), half)
        low, high = first - (half if index else 0), last + after + (half if index + 1 < len(starts) else 0)
        part = _take(piece.samples, low, high)
        if index:
            part[: 2 * half] *= ramp
        if index + 1 < len(starts):
            part[-2 * half :] *= ramp[::-1]
        place = at - (half if index else 0)
        room = min(len(part), len(result) - place)
        result[place : place + room] += part[:room]
        at += last + after - first
        moved = after
    return result[:at], seams


def _take(samples: FloatArray, low: int, high: int) -> FloatArray:
    """Return frames from low to high; what lies outside the piece is silence."""
    part = np.zeros((max(high - low, 0), samples.shape[1]), np.float32)
    first, last = max(low, 0), min(high, len(samples))
    if last > first:
        part[first - low : last - low] = samples[first:last]
    return part


def _find_shift(piece: Piece, leaving: int, entering: int, half: int) -> int:
    """Return by how many frames to move a cut, on both sides alike, so that the waves agree best there."""
    reach = round(_SEARCH_SECONDS * piece.rate)
    ends = (_take(piece.samples, at - reach - half, at + reach + half).mean(axis=1) for at in (leaving, entering))
    first, second = (np.asarray(one, np.float64) for one in ends)
    size = 2 * half

    def slide(values: DoubleArray) -> DoubleArray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        sums: DoubleArray = total[size:] - total[:-size]
        return sums

    agree = slide(first * second) / (np.sqrt(slide(first**2) * slide(second**2)) + 1e-9)
    loud = np.sqrt(slide(first**2) + slide(second**2))
    quiet = 1 - loud / max(float(loud.max(initial=0.0)), 1e-9)
    places = np.arange(len(agree)) - reach
    return int(places[np.argmax(agree + 0.5 * quiet - 0.2 * np.abs(places) / reach)])


def _measure_seams(
    piece: Piece, path: npt.NDArray[np.int64], seams: list[tuple[int, int, int]], factor: float, audio: FloatArray
) -> list[dict[str, float]]:
    """Return for each jump: when, the beat's phase error in seconds, and how much the spectrum jumps.

    The phase error is how far the first beat after the seam is from where it would be if the last four beats
    before it had gone on evenly. The spectral jump is the distance of the mel levels of 46 ms before and after the
    seam, divided by the same distance in the piece where that beat follows its own (or the median, if that is more).
    """
    cuts, rate = piece.cuts, piece.rate
    natural = measure_break(piece.samples, rate, cuts[:-1])
    usual = max(float(np.median(natural)), 1e-6)
    own = measure_break(audio, rate, np.array([frame for _, frame, _ in seams], np.int64))
    found = []
    for (place, frame, _), value in zip(seams, own, strict=True):
        lengths = np.diff(cuts)[path[max(0, place - 5) : place]]
        expected = lengths[:-1].mean() if len(lengths) > 1 else np.diff(cuts).mean()
        found.append(
            {
                "time": round(frame * factor / rate, 3),
                "beat_phase_error": round(float(lengths[-1] - expected) * factor / rate, 4),
                "spectral_jump": round(float(value) / max(usual, float(natural[path[place]])), 3),
                "from_beat": int(path[place - 1]),
                "to_beat": int(path[place]),
            }
        )
    return found


def measure_break(samples: FloatArray, rate: int, frames: npt.NDArray[np.int64]) -> DoubleArray:
    """Return how far the spectra of 46 ms before and after frames lie apart: mean of absolute decibels."""
    before, after = (measure_levels(samples, rate, frames, before=side) for side in (True, False))
    distances: DoubleArray = np.abs(after - before).mean(axis=1)
    return distances


def measure_levels(samples: FloatArray, rate: int, frames: npt.NDArray[np.int64], *, before: bool) -> DoubleArray:
    """Return decibels in 40 mel bands of the 46 ms before or after each frame: frames x bands."""
    size = choose_window(rate, 0.046)
    matrix, window = create_mel(rate, size, 40, 30.0, rate / 2), create_window(size)
    starts = frames - size if before else frames
    pieces = [_take(samples, int(start), int(start) + size).mean(axis=1) * window for start in starts]
    if not pieces:
        return np.zeros((0, 40))
    power = np.abs(np.fft.rfft(np.stack(pieces), axis=1)) ** 2 @ matrix.T
    levels: DoubleArray = 10 * np.log10(power + 1e-3)
    return levels


def ride_to_curve(samples: FloatArray, rate: int, request: Request) -> tuple[FloatArray, float]:
    """Ride the gain by the share that was asked for, or by the least with which the loudness follows the curve.

    Returns:
        The audio, and the share.
    """
    if request.ride is not None:
        return ride(samples, rate, request.curve, request.ride), request.ride
    for share in _SHARES:
        ridden = ride(samples, rate, request.curve, share)
        if _compare(samples, ridden, rate, request).get("curve_correlation", 1.0) >= _FOLLOWS:
            break
    return ridden, share


def ride(samples: FloatArray, rate: int, curve: Sequence[tuple[float, float]], share: float) -> FloatArray:
    """Turn the audio down where its loudness is over what the curve asks for, by at most 12 dB."""
    if not curve or share <= 0 or not len(samples):
        return samples.copy()
    times, levels = _measure_levels(samples, rate)
    wanted = interpolate(curve, times)
    span = max(float(wanted.max() - wanted.min()), 1e-6)
    shape = (wanted - wanted.max()) / span * _GAIN_RANGE * span
    own = levels - np.percentile(levels, 90)
    gain = np.clip(share * (shape - np.clip(own, -_GAIN_RANGE, 0.0)), -_GAIN_RANGE, 0.0)
    smooth = np.convolve(np.pad(gain, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    decibels = np.interp(np.arange(len(samples)) / rate, times, smooth).astype(np.float32)
    factors: FloatArray = np.asarray(10 ** (decibels / 20), np.float32)
    return samples * factors[:, None]


def _measure_levels(samples: FloatArray, rate: int) -> tuple[DoubleArray, DoubleArray]:
    """Return times and levels in decibels, every 0.25 seconds, over half a second."""
    hop = max(1, round(rate * 0.25))
    power = np.add.reduceat(samples.astype(np.float64).mean(axis=1) ** 2, np.arange(0, len(samples), hop)) / hop
    smooth = np.convolve(np.pad(power, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    times: DoubleArray = (np.arange(len(power), dtype=np.float64) + 0.5) * 0.25
    levels: DoubleArray = 10 * np.log10(smooth + 1e-9)
    return times, levels


def _correlate(first: DoubleArray, second: DoubleArray) -> float:
    """Return how alike two rows are, from -1 to 1; 0 where one does not change."""
    if min(first.std(), second.std()) < 1e-6:
        return 0.0
    return round(float(np.corrcoef(first, second)[0, 1]), 3)


def _compare(before: FloatArray, after: FloatArray, rate: int, request: Request) -> dict[str, Any]:
    """Return how the loudness follows the curve, without and with the gain ride, and what range the music has."""
    if not request.curve or len(before) < rate:
        return {}
    times, levels = _measure_levels(before, rate)
    wanted, ridden = interpolate(request.curve, times), _measure_levels(after, rate)[1]
    keep = times < request.seconds - _FADE_SECONDS
    if wanted[keep].std() < 1e-6:
        return {}
    return {
        "curve_correlation_before_gain": _correlate(levels[keep], wanted[keep]),
        "curve_correlation": _correlate(ridden[keep], wanted[keep]),
        "level_range": round(float(np.subtract(*np.percentile(levels[keep], [95, 5]))), 2),
    }
