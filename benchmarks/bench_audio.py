"""What each method of `audio.transfer` takes from the style and keeps of the content; soundtracks and voices.

    python benchmarks/bench_audio.py FOLDER                 the tables, in Markdown
    python benchmarks/bench_audio.py FOLDER --seconds 5     shorter pieces
    python benchmarks/bench_audio.py FOLDER --save OUT      keeps the sounds

FOLDER holds the recordings that `PAIRS` names, in any format that Studio reads. No method optimises what is measured:
`gram` is the distance of Gram matrices under other random filters than those of the method "network", on another time
scale; `mfcc` that of means and deviations of mel cepstra; `modulation` that of the modulation spectrum of mel bands;
each is divided by the distance of the content itself from the style, so that 1 is no transfer and 0 the style.
`chroma`, `onset` and `beat` are likenesses with the content: the mean cosine of the pitch classes, the correlation of
onset curves, and the F-measure of beats within 70 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from studio.api import Audio, AudioType, MediaLimits
from studio.cli.main import main as main_of_studio
from studio.testing import TestContext
from studio_audio import harmony, rhythm, soundtrack, spectra, structure
from studio_audio.nodes.transfer import transfer_audio
from studio_audio.nodes.voice import change_voice
from studio_audio.ratios import to_semitones
from studio_audio.stft import transform

PAIRS = (
    ("classical_strings", "jazz_quartet"),
    ("speech_female_1", "jazz_trumpet"),
    ("celesta_orchestra", "classical_strings"),
    ("speech_male_1", "whale"),
)
METHODS = ("bins", "bands", "network", "patches", "equalize", "vocoder")
TABLES = ("transfer", "memory", "length", "voice", "soundtrack")
MINUTES = (1, 10, 30)
CHAIN = {
    "studio": 1,
    "inputs": {"file": {"type": "file"}},
    "nodes": {
        "load": {"type": "audio.load", "inputs": {"file": {"from": "inputs.file"}}},
        "normalize": {"type": "audio.normalize", "inputs": {"audio": {"from": "load"}, "loudness": -14}},
        "stretch": {"type": "audio.time_stretch", "inputs": {"audio": {"from": "normalize.audio"}, "speed": 1.1}},
    },
    "outputs": {"sound": {"from": "stretch"}},
}
STARTS = {"celesta_orchestra": 12.0, "whale": 10.0, "jazz_quartet": 15.0}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--minutes", nargs="+", type=int, default=MINUTES, help="lengths of the table 'length'")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only == "chain":
        print(run_chain(given.folder))
        return
    if given.only:
        print(measure_memory(given.folder, given.only, given.seconds))
        return
    if "transfer" in given.tables:
        compare_methods(given.folder, given.seconds, given.methods, given.save)
    if "memory" in given.tables:
        compare_memory(given.folder, given.seconds, given.methods)
    if "length" in given.tables:
        compare_lengths(given.folder, given.minutes)
    if "voice" in given.tables:
        measure_voices(given.folder)
    if "soundtrack" in given.tables:
        measure_soundtracks(given.folder)


def load(folder: Path, name: str, seconds: float) -> Audio:
    """Load the beginning of a recording, or a later part where `STARTS` says so."""
    path = next(path for path in sorted(folder.iterdir()) if path.stem == name)
    whole = AudioType().read_file(path, MediaLimits())
    first = round(STARTS.get(name, 0.0) * whole.rate)
    return Audio(whole.samples[first : first + round(seconds * whole.rate)], whole.rate)


# -- transfer --------------------------------------------------------------------------------------


def compare_methods(folder: Path, seconds: float, methods: Sequence[str], out: Path | None) -> None:
    """Print one row a pair and method, and their means."""
    names = ("gram", "mfcc", "modulation", "chroma", "onset", "beat", "CPU s / s")
    print(f"| content, style ({seconds:g} s) | method | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
    means: dict[str, list[list[float]]] = {method: [] for method in methods}
    for content_name, style_name in PAIRS:
        content, style = load(folder, content_name, seconds), load(folder, style_name, seconds)
        for method in methods:
            begin = process_time()
            changed = transfer_audio(TestContext(), content, style, method=method)
            spent = (process_time() - begin) / content.duration
            row = [*measure_style(changed, style, content), *measure_content(changed, content), spent]
            means[method].append(row)
            print(f"| {content_name}, {style_name} | {method} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                AudioType().write_file(changed, out / f"{content_name}_{style_name}_{method}.flac", None)
    for method, rows in means.items():
        print(f"| mean | {method} | " + " | ".join(f"{value:.2f}" for value in np.mean(rows, axis=0)) + " |")


def compare_memory(folder: Path, seconds: float, methods: Sequence[str]) -> None:
    """Print the peak memory of a process that does nothing but one transfer."""
    print("\n| method | peak memory of the process, MiB |\n|---|---|")
    for method in methods:
        command = [sys.executable, __file__, str(folder), "--only", method, "--seconds", str(seconds)]
        print(f"| {method} | {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()} |")


def measure_memory(folder: Path, method: str, seconds: float) -> str:
    """Return the peak memory of this process after a transfer, in MiB."""
    content, style = (load(folder, name, seconds) for name in PAIRS[0])
    transfer_audio(TestContext(), content, style, method=method)
    return f"{read_peak():.0f}"


def read_peak() -> float:
    """Return the peak memory of this process in MiB; what `getrusage` tells holds that of the parent as well."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def compare_lengths(folder: Path, minutes: Sequence[int]) -> None:
    """Print the peak memory of `studio run` from a file to a file, for sounds of several lengths."""
    print("\n| load, normalise, stretch, save: minutes | peak memory of the process, MiB | CPU s / s |\n|---|---|---|")
    for length in minutes:
        with tempfile.TemporaryDirectory(prefix="bench-audio-") as name:
            write_long(folder, length, Path(name) / "in.flac")
            (Path(name) / "chain.json").write_text(json.dumps(CHAIN), encoding="utf-8")
            command = [sys.executable, __file__, name, "--only", "chain"]
            peak, spent = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-2:]
            print(f"| {length} | {peak} | {float(spent) / 60 / length:.3f} |")


def write_long(folder: Path, minutes: int, path: Path) -> None:
    """Write a recording over and over, as it is."""
    piece = load(folder, "jazz_quartet", 60.0)

    def create_blocks() -> Iterator[Any]:
        left = round(minutes * 60 * piece.rate)
        while left > 0:
            yield piece.samples[:left]
            left -= piece.frames

    frames = round(minutes * 60 * piece.rate)
    sound = Audio.from_blocks(create_blocks, rate=piece.rate, channels=piece.channels, frames=frames)
    AudioType().write_file(sound, path, None)


def run_chain(folder: Path) -> str:
    """Do what `studio run` does with the graph and the sound in a folder; return peak memory in MiB and CPU seconds."""
    os.environ["STUDIO_CACHE_DIR"] = str(folder / "cache")
    sound = f"file=@{folder / 'in.flac'}"
    with contextlib.suppress(SystemExit):
        main_of_studio(["run", str(folder / "chain.json"), "--set", sound, "-o", str(folder / "out")])
    assert (folder / "out" / "sound.flac").is_file()
    return f"{read_peak():.0f} {process_time():.1f}"


def measure_style(changed: Audio, style: Audio, content: Audio) -> list[float]:
    """Return how far a sound is from the style, by three measures; 1 is as far as the content."""
    goals, mine, theirs = (describe_style(sound) for sound in (style, changed, content))
    return [
        float(np.linalg.norm(own - goal) / max(np.linalg.norm(other - goal), 1e-9))
        for own, goal, other in zip(mine, goals, theirs, strict=True)
    ]


def describe_style(sound: Audio) -> list[Any]:
    """Return Gram matrix, statistics of mel cepstra, and modulation spectrum of a sound at one loudness."""
    signal = rhythm.prepare(sound.samples, sound.rate)
    signal = signal / np.float32(max(float(np.sqrt((signal**2).mean())), 1e-9) * 10)
    levels = np.log1p(100 * np.abs(transform(signal, 2048, 512)))
    filters = np.random.default_rng(777).standard_normal((128, len(levels) * 3)).astype(np.float32)
    context = np.concatenate([levels[:, :-2], levels[:, 1:-1], levels[:, 2:]])
    found = np.maximum(filters @ context / np.sqrt(len(context)), 0)
    cepstra = structure.measure_timbre(signal)
    matrix = spectra.create_mel(rhythm.RATE, 2048, 24, 50.0, 10_000.0)
    bands = np.log(matrix @ np.abs(transform(signal, 2048, 256)) ** 2 + 1e-4)
    size = min(512, bands.shape[1])
    pieces = [bands[:, at : at + size] for at in range(0, bands.shape[1] - size + 1, size // 2)]
    spectrum = np.mean([np.abs(np.fft.rfft(piece - piece.mean(axis=1, keepdims=True), axis=1)) for piece in pieces], 0)
    modulation = np.log(np.add.reduceat(spectrum, [1, 2, 4, 8, 16, 32, 64, 128], axis=1) + 1e-3)
    return [found @ found.T / found.shape[1], np.concatenate([cepstra.mean(axis=1), cepstra.std(axis=1)]), modulation]


def measure_content(changed: Audio, content: Audio) -> list[float]:
    """Return chroma, onset and beat likeness with the content."""
    mine, its = (rhythm.prepare(sound.samples, sound.rate) for sound in (changed, content))
    first, second = harmony.measure_chroma(mine), harmony.measure_chroma(its)
    norms = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
    loud = norms > 1e-3 * norms.max(initial=1e-9)
    chroma = ((first * second).sum(axis=0)[loud] / norms[loud]).mean()
    one, two = rhythm.find_rhythm(mine), rhythm.find_rhythm(its)
    return [float(chroma), float(np.corrcoef(one.onsets, two.onsets)[0, 1]), compare_beats(one.beats, two.beats)]


def compare_beats(first: Any, second: Any) -> float:
    """Return the F-measure of beats within 70 ms."""
    if not len(first) or not len(second):
        return 0.0
    hits = int((np.abs(first[:, None] - second[None]).min(axis=0) < 0.07).sum())
    return 2 * hits / (len(first) + len(second))


# -- voices and soundtracks ------------------------------------------------------------------------


def measure_voices(folder: Path) -> None:
    """Print asked and found ratios of pitch and formants, measured by another analysis than the one that made them."""
    print("\n| voice | asked pitch, formants | pitch | formants | CPU s / s |\n|---|---|---|---|---|")
    for name in ("speech_female_1", "speech_male_1"):
        voice = load(folder, name, 6.0)
        for pitch, formants in ((0.7, 1.0), (1.5, 1.0), (1.0, 1.2), (1.3, 0.85)):
            begin = process_time()
            changed, _ = change_voice(TestContext(), voice, semitones=to_semitones(pitch), formants=formants)
            spent = (process_time() - begin) / voice.duration
            found = measure_voice(voice, changed)
            print(f"| {name} | {pitch}, {formants} | {found[0]:.3f} | {found[1]:.3f} | {spent:.2f} |")


def measure_voice(before: Audio, after: Audio) -> tuple[float, float]:
    """Return the ratios of pitch (autocorrelation) and of formants (best warp of the mean cepstral envelope)."""
    pitches = [track_pitch(sound) for sound in (before, after)]
    both = (pitches[0] > 0) & (pitches[1] > 0)
    first, second = (find_envelope(sound, both) for sound in (before, after))
    axis = np.arange(len(first))
    inside = slice(len(first) // 50, len(first) // 2)
    warps = np.linspace(0.6, 1.6, 201)
    fits = [np.corrcoef(np.interp(axis / warp, axis, first)[inside], second[inside])[0, 1] for warp in warps]
    return float(np.median(pitches[1][both] / pitches[0][both])), float(warps[int(np.argmax(fits))])


def track_pitch(sound: Audio) -> Any:
    """Return the pitch of frames of 40 ms every 10 ms, in hertz; 0 where the autocorrelation is not clear."""
    size, hop, signal = round(0.04 * sound.rate), round(0.01 * sound.rate), sound.samples[:, 0].astype(np.float64)
    lags, found = np.arange(sound.rate // 600, sound.rate // 60), []
    for start in range(0, len(signal) - 2 * size, hop):
        piece = signal[start : start + size]
        rows = np.lib.stride_tricks.sliding_window_view(signal[start : start + size + lags[-1]], size)[lags]
        score = rows @ piece / np.maximum(np.linalg.norm(rows, axis=1) * np.linalg.norm(piece), 1e-9)
        good = np.flatnonzero(score > 0.9 * score.max())
        best = next((at for at in good if 0 < at < len(lags) - 1 and score[at - 1] < score[at] >= score[at + 1]), 0)
        if not best or score[best] < 0.8:
            found.append(0.0)
            continue
        left, middle, right = score[best - 1 : best + 2]
        found.append(sound.rate / (lags[best] + 0.5 * (left - right) / min(left - 2 * middle + right, -1e-9)))
    return np.array(found)


def find_envelope(sound: Audio, chosen: Any) -> Any:
    """Return the mean log spectrum of the chosen frames without its harmonics: the first 30 quefrencies of 1 ms."""
    size, hop, signal = round(0.04 * sound.rate), round(0.01 * sound.rate), sound.samples[:, 0]
    starts = np.flatnonzero(chosen) * hop
    power = np.mean(
        [np.abs(np.fft.rfft(signal[at : at + size] * np.hanning(size), 2048)) ** 2 for at in starts], axis=0
    )
    cepstrum = np.fft.irfft(np.log(power + 1e-9))
    keep = round(0.0016 * sound.rate)
    cepstrum[keep:-keep] = 0
    return np.fft.rfft(cepstrum).real


def measure_soundtracks(folder: Path) -> None:
    """Print length, stretch, curve and seams of soundtracks from 45 seconds of music."""
    print("\n| music | seconds | length error ms | stretch | seams | beat phase error ms, mean (most) | "
          "spectral jump, median (most) | random jump | curve r before | ride | curve r | CPU s |\n|"
          + "---|" * 12)  # fmt: skip
    for name in ("jazz_quartet", "classical_strings", "celesta_orchestra"):
        whole = load(folder, name, 45.0)
        for seconds in (20.0, 75.0):
            begin = process_time()
            piece = soundtrack.cut_piece(whole.samples, whole.rate)
            curve = [(0.0, 0.2), (0.25 * seconds, 0.3), (0.5 * seconds, 0.9), (0.75 * seconds, 0.3), (seconds, 1.0)]
            request = soundtrack.Request(seconds, curve, None, False)
            samples, figures = soundtrack.compose(piece, request, lambda *_: None)
            spent = process_time() - begin
            phases = np.abs([seam["beat_phase_error"] for seam in figures["seams"]] or [0.0]) * 1000
            jumps = np.array([seam["spectral_jump"] for seam in figures["seams"]] or [0.0])
            error = 1000 * abs(len(samples) / whole.rate - seconds)
            before, after = figures["curve_correlation_before_gain"], figures["curve_correlation"]
            print(
                f"| {name} | {seconds:g} | {error:.2f} | {figures['stretch']:.3f} | {len(figures['seams'])} | "
                f"{phases.mean():.0f} ({phases.max():.0f}) | {np.median(jumps):.2f} ({jumps.max():.2f}) | "
                f"{measure_random_jump(piece):.2f} | {before:.2f} | {figures['ride']:g} | {after:.2f} | {spent:.1f} |"
            )


def measure_random_jump(piece: soundtrack.Piece) -> float:
    """Return the median spectral jump between beats taken at random, cut without care."""
    rng, count = np.random.default_rng(0), len(piece.cuts) - 1
    before = soundtrack.measure_levels(piece.samples, piece.rate, piece.cuts[1:], before=True)
    after = soundtrack.measure_levels(piece.samples, piece.rate, piece.cuts[:-1], before=False)
    natural = soundtrack.measure_break(piece.samples, piece.rate, piece.cuts[:-1])
    usual = np.maximum(natural, np.median(natural))
    pairs = rng.integers(0, count, (400, 2))
    return float(np.median([np.abs(after[b] - before[a]).mean() / usual[b] for a, b in pairs]))


if __name__ == "__main__":
    main()
