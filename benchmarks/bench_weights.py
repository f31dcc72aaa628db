"""What weights of the catalog do here, beside the figures that were measured when they were chosen.

    python benchmarks/bench_weights.py MEDIA --set5 FOLDER [--only NAME ...] [--store FOLDER] [--no-network]

Each model comes by `studio models get NAME` into a private store, which `--store` keeps for the next time. MEDIA holds
audio/ with recordings (speech*.ogg and music) and photos/ with tubingen.jpg, at least 768 x 576 pixels; FOLDER holds
the usual pairs of Set5, as for `bench_upscale.py`. A model that cannot be fetched is one line, and the others run.

A row holds what was measured, the reference and the difference. "at most" and "at least" are bounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_denoise
import bench_speech
import cv2
import numpy as np
import numpy.typing as npt
from bench_upscale import compare, read

from studio.api import Audio, AudioType, Image, MediaLimits
from studio.app import Studio
from studio.settings import load_settings

MUSIC = ("classical_strings", "jazz_quartet")
SPEECH = ("speech_female_1", "speech_male_1")
CROP, BLUR = (192, 576, 256, 768), 19
"""Rows and columns of the photograph that are blurred; pixels of the camera's slanted movement."""
DARK = 0.15


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        measure: What it says.
        value: What was measured.
        reference: What is known or asked; None for nothing.
        bound: "", or "at most" or "at least" where the reference is one.
    """

    measure: str
    value: float
    reference: float | None = None
    bound: str = ""

    def format(self, model: str) -> str:
        """Return the row of the table."""
        if self.reference is None:
            return f"| {model} | {self.measure} | {self.value:.3g} | - | - |"
        wanted = f"{self.bound} {self.reference:.4g}".strip()
        return f"| {model} | {self.measure} | {self.value:.4g} | {wanted} | {self.value - self.reference:+.3g} |"


@dataclass(frozen=True)
class Bench:
    """Where things are.

    Attributes:
        studio: What runs graphs.
        media: The folder of recordings and photographs.
        set5: The folder of pairs, or None.
        fetch: Fetches a model; returns whether it is there.
    """

    studio: Studio
    media: Path
    set5: Path | None
    fetch: Callable[[str], bool]

    def run(self, node_type: str, value: Image | Audio, **inputs: Any) -> tuple[Any, float]:
        """Return the first output of a node type for an image or audio, and the seconds of CPU that it took."""
        kind = "image" if isinstance(value, Image) else "audio"
        node = {"type": node_type, "inputs": {kind: {"from": "inputs.media"}, **inputs}}
        graph = {
            "studio": 1,
            "inputs": {"media": {"type": kind}},
            "nodes": {"node": node},
            "outputs": {"out": {"from": "node.text" if node_type == "speech.to_text" else f"node.{kind}"}},
        }
        begin = time.process_time()
        result = self.studio.run(graph, {"media": value})
        if result.errors:
            raise SystemExit(str(result.errors[0]))
        return result.outputs["out"], time.process_time() - begin

    def say(self, text: str, model: str) -> None:
        """Say a text."""
        self.studio.run({"studio": 1, "nodes": {"say": _say(text, model)}, "outputs": {"out": {"from": "say.audio"}}})

    def hear(self, name: str) -> Audio:
        """Return a recording."""
        return AudioType().read_file(self.media / "audio" / f"{name}.ogg", MediaLimits())


def _say(text: str, model: str) -> dict[str, Any]:
    return {"type": "speech.say", "inputs": {"text": text, "model": model}}


def measure_deepfilternet(bench: Bench) -> Iterator[Row]:
    """Yield SI-SDR of the six mixtures from 5 dB; the references are those of the library of the network's authors."""
    known = (15.9, 10.6, 13.1, 18.3, 12.5, 14.8)
    mixtures = bench_denoise.list_mixtures(bench.media / "audio", MUSIC)
    for (name, speech, mixed), reference in zip(mixtures, known, strict=True):
        found, factor = bench_denoise.clean(bench.studio, mixed, model="local:deepfilternet3", reduction=80)
        yield Row(f"SI-SDR in dB, {name.replace('_1', '')}", bench_denoise.find_ratio(speech, found), reference)
    yield Row("CPU s a second", factor, 0.07, "at most")


def measure_silero(bench: Bench) -> Iterator[Row]:
    """Yield how exactly speech is found between two seconds of noise, and the time that takes."""
    speech = bench.hear(SPEECH[0])
    mono = speech.samples.mean(axis=1)
    noise = np.random.default_rng(0).standard_normal(2 * speech.rate).astype(np.float32) * np.float32(0.01)
    whole = np.concatenate([noise, mono, noise])
    bench.run("audio.trim_silence", Audio(whole, speech.rate), model="local:silero-vad")
    found, seconds = bench.run("audio.trim_silence", Audio(whole[1:], speech.rate), model="local:silero-vad")
    yield Row("seconds off the length of speech in noise", abs(found.duration - speech.duration), 0.6, "at most")
    yield Row("CPU s a second", seconds / (len(whole) / speech.rate), 0.02, "at most")


def measure_kokoro(bench: Bench) -> Iterator[Row]:
    """Yield the real-time factor, and how many words Whisper misses of 20 sentences."""
    bench.say("Once before, so that the voice is loaded.", "local:kokoro")
    begin = time.process_time()
    said, _ = bench_speech.say_all(bench.studio, model="local:kokoro")
    seconds = (time.process_time() - begin) / sum(one.duration for one in said)
    yield Row("CPU s a second, 20 sentences", seconds, 0.5, "at most")
    if bench.fetch("whisper-base"):
        yield Row("word error rate by Whisper base", _count_errors(bench, said), 0.031)


def measure_whisper(bench: Bench) -> Iterator[Row]:
    """Yield how many words of espeak-ng and of two human readers are missed, and the time that takes."""
    said, _ = bench_speech.say_all(bench.studio, speed=0.86)
    yield Row("word error rate, espeak-ng", _count_errors(bench, said), 0.312)
    errors = words = 0
    begin = time.process_time()
    for name in SPEECH:
        text, _ = bench.run("speech.to_text", bench.hear(name), model="local:whisper-base", language="en")
        wanted = bench_speech.normalize(bench_speech.RECORDED[name])
        errors += bench_speech.count_errors(wanted, bench_speech.normalize(bench_speech.spell_numbers(text)))
        words += len(wanted)
    seconds = sum(bench.hear(name).duration for name in SPEECH)
    yield Row("word error rate, two human readers", errors / words)
    yield Row("CPU s a second", (time.process_time() - begin) / seconds, 0.43)


def _count_errors(bench: Bench, said: Sequence[Audio]) -> float:
    judge = bench_speech.judge_with(bench.studio, "local:whisper-base")
    result = bench_speech.score(judge, said, bench_speech.SENTENCES)
    return result.errors / result.words


def measure_enlarging(name: str, scale: int, reference: float) -> Callable[[Bench], Iterator[Row]]:
    """Return what yields PSNR on Y of Set5, antialiased bicubic."""

    def measure(bench: Bench) -> Iterator[Row]:
        found = []
        assert bench.set5 is not None
        for path in sorted((bench.set5 / f"x{scale}").glob("*_LR.png")):
            whole = read(path.with_name(path.name.replace("_LR", "_HR")))
            small = Image(read(path))
            made, _ = bench.run("upscale.image", small, model=f"local:{name}", scale=scale)
            pixels = made.to_uint8()
            found.append(compare(pixels[: whole.shape[0], : whole.shape[1]], whole, scale)[0])
        yield Row(f"PSNR in dB, Set5 x{scale}", float(np.mean(found)), reference)

    return measure


def measure_deblurring(bench: Bench) -> Iterator[Row]:
    """Yield PSNR of a photograph with motion blur, before and after.

    The reference is of 384 x 512 pixels and a blur that left 18.3 dB; which photograph it was is not recorded, so the
    gain is what is comparable.
    """
    whole = _read_photo(bench)
    kernel = np.zeros((BLUR, BLUR), np.float32)
    cv2.line(kernel, (0, BLUR // 2 + BLUR // 6), (BLUR - 1, BLUR // 2 - BLUR // 6), 1.0)
    blurred = cv2.filter2D(whole.astype(np.float32), -1, kernel / kernel.sum()).round().astype(np.uint8)
    yield from _restore(bench, whole, blurred, "deblur", (18.3, 22.2))


def measure_lighting(bench: Bench) -> Iterator[Row]:
    """Yield PSNR of a photograph that is dark and noisy, before and after."""
    whole = _read_photo(bench)
    light = (whole / 255.0) ** 2.2 * DARK
    dark = np.clip(light, 0, 1) ** (1 / 2.2) * 255 + np.random.default_rng(0).normal(0, 4, whole.shape)
    yield from _restore(bench, whole, np.clip(dark, 0, 255).round().astype(np.uint8), "low_light", None)


def _restore(bench: Bench, whole: Any, harmed: Any, kind: str, known: tuple[float, float] | None) -> Iterator[Row]:
    before = _find_psnr(harmed, whole)
    made, seconds = bench.run(
        "upscale.restore", Image(harmed), kind=kind, model=f"local:maxim-{kind.replace('_', '-')}"
    )
    after = _find_psnr(made.to_uint8(), whole)
    yield Row("PSNR in dB before", before, known[0] if known else None)
    yield Row("PSNR in dB after", after, known[1] if known else None)
    yield Row("gain in dB", after - before, known[1] - known[0] if known else None)
    yield Row("CPU s for 384 x 512", seconds, 31.0)


def _find_psnr(made: npt.NDArray[np.uint8], whole: npt.NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / np.mean((made.astype(np.float64) - whole) ** 2)))


def _read_photo(bench: Bench) -> npt.NDArray[np.uint8]:
    top, bottom, left, right = CROP
    photo: npt.NDArray[np.uint8] = read(bench.media / "photos" / "tubingen.jpg")[top:bottom, left:right]
    return photo


MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "deepfilternet3": measure_deepfilternet,
    "silero-vad": measure_silero,
    "kokoro": measure_kokoro,
    "whisper-base": measure_whisper,
    "span": measure_enlarging("span", 4, 32.20),
    "span-x2": measure_enlarging("span-x2", 2, 38.07),
    "real-esrgan-x4plus": measure_enlarging("real-esrgan-x4plus", 4, 26.64),
    "maxim-deblur": measure_deblurring,
    "maxim-low-light": measure_lighting,
}
"""What is measured, by the model's name in the catalog."""
PAIRS = ("span", "span-x2", "real-esrgan-x4plus")


def create_fetcher(*, network: bool) -> Callable[[str], bool]:
    """Return what fetches a model by the command that people use, and says why where it cannot."""
    known: dict[str, bool] = {}

    def fetch(name: str) -> bool:
        if name not in known:
            known[name] = _is_there(name) or (network and _get(name))
            if not known[name] and not network:
                print(f"skipped: {name}: not in the store, and --no-network is given", flush=True)
        return known[name]

    return fetch


def _is_there(name: str) -> bool:
    return _call("models", "verify", f"local:{name}").returncode == 0


def _get(name: str) -> bool:
    done = _call("models", "get", name, "--yes")
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        print(f"skipped: {name}: {said[0].strip()}", flush=True)
    return done.returncode == 0


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "studio", *words], capture_output=True, text=True, check=False)


def main() -> None:
    """Print the table, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--set5", type=Path, help="folder of the pairs of Set5")
    parser.add_argument("--only", nargs="*", choices=list(MEASURES), default=list(MEASURES), help="names of models")
    parser.add_argument("--store", type=Path, help="folder of the models; without it a temporary one")
    parser.add_argument("--no-network", action="store_true", help="use what the store has, and fetch nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-weights-") as name:
        store = (options.store or Path(name)).absolute()
        for part in ("models", "cache", "data", "hub"):  # the commands that fetch read them too
            os.environ[f"STUDIO_{part.upper()}_DIR"] = str(store / part)
        fetch = create_fetcher(network=not options.no_network)
        print("| weights | measure | value | reference | difference |\n|---|---|---|---|---|", flush=True)
        with Studio(load_settings(device="cpu"), on_disk=False) as studio:
            measure(Bench(studio, options.media, options.set5, fetch), options.only)


def measure(bench: Bench, names: Sequence[str]) -> None:
    """Print the rows of some models."""
    for name in names:
        if name in PAIRS and bench.set5 is None:
            print(f"skipped: {name}: needs --set5", flush=True)
        elif bench.fetch(name):
            for row in MEASURES[name](bench):
                print(row.format(name), flush=True)


if __name__ == "__main__":
    sys.exit(main())
