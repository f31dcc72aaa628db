"""How much cleaner speech becomes: SI-SDR of mixtures with white noise and with music, from 5 dB.

    python benchmarks/bench_denoise.py FOLDER --model local:deepfilternet3

FOLDER holds recordings of speech (speech*.ogg, .wav or .flac) and of music (the others). Each speech of at most ten
seconds is mixed with white noise and with the music that is named. SI-SDR is the scale-invariant signal-to-distortion
ratio of Le Roux et al. (2019), against the speech without the noise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, AudioType, MediaLimits
from studio.app import Studio
from studio.settings import load_settings
from studio_audio.resample import resample

RATE, SECONDS, DECIBELS = 48_000, 10, 5.0
Samples = npt.NDArray[np.float32]


def read_mono(path: Path) -> Samples:
    """Return at most ten seconds of a recording at 48 kHz."""
    audio = AudioType().read_file(path, MediaLimits())
    mono: Samples = resample(audio.samples.mean(axis=1, keepdims=True), audio.rate, RATE)[:, 0]
    return mono[: RATE * SECONDS]


def find_ratio(speech: Samples, found: Samples) -> float:
    """Return the SI-SDR of a signal in decibels."""
    speech, found = speech - speech.mean(), found - found.mean()
    target = (found @ speech) / (speech @ speech) * speech
    return float(10 * np.log10((target @ target) / ((found - target) @ (found - target))))


def mix(speech: Samples, noise: Samples) -> Samples:
    """Return speech with noise at the ratio that all mixtures begin with."""
    noise = np.resize(noise, len(speech))
    level = np.sqrt((speech @ speech) / (noise @ noise)) * 10 ** (-DECIBELS / 20)
    mixed: Samples = (speech + level * noise).astype(np.float32)
    return mixed


def list_mixtures(folder: Path, music: Sequence[str]) -> Iterator[tuple[str, Samples, Samples]]:
    """Yield the name of each mixture, its speech and the mixture."""
    noises = {"white noise": np.random.default_rng(0).standard_normal(RATE * SECONDS).astype(np.float32)}
    noises |= {name: read_mono(next(folder.glob(f"{name}.*"))) for name in music}
    for path in sorted(folder.glob("speech*")):
        speech = read_mono(path)
        for name, noise in noises.items():
            yield f"{path.stem}, {name}", speech, mix(speech, noise)


def clean(studio: Studio, mixed: Samples, **inputs: Any) -> tuple[Samples, float]:
    """Return what audio.denoise makes of a mixture, and the seconds of CPU for each second."""
    node = {"type": "audio.denoise", "inputs": {"audio": {"from": "inputs.mixed"}, **inputs}}
    graph = {
        "studio": 1,
        "inputs": {"mixed": {"type": "audio"}},
        "nodes": {"clean": node},
        "outputs": {"audio": {"from": "clean.audio"}},
    }
    begin = time.process_time()
    result = studio.run(graph, {"mixed": Audio(mixed, RATE)})
    if result.errors:
        raise SystemExit(str(result.errors[0]))
    found: Samples = result.outputs["audio"].samples[:, 0]
    return found, (time.process_time() - begin) / (len(mixed) / RATE)


def main() -> None:
    """Print the table, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True, help="DeepFilterNet 3, as a model reference")
    parser.add_argument("--music", nargs="*", default=["classical_strings", "jazz_quartet"])
    options = parser.parse_args()
    settings = load_settings(device="cpu")
    print("| mixture, SI-SDR in dB | before | spectral gating | network | CPU s a second |\n|---|---|---|---|---|")
    with Studio(settings, on_disk=False) as studio:
        for name, speech, mixed in list_mixtures(options.folder, options.music):
            gated, _ = clean(studio, mixed)
            cleaned, factor = clean(studio, mixed, model=options.model, reduction=80)
            ratios = [find_ratio(speech, each) for each in (mixed, gated, cleaned)]
            print(f"| {name} | {' | '.join(f'{ratio:.1f}' for ratio in ratios)} | {factor:.3f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
