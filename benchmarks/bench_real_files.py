"""Media files of this machine through loading, saving and probing, held against FFmpeg, libsndfile and Pillow.

    python benchmarks/bench_real_files.py FOLDER...                 prints a table, and every difference
    python benchmarks/bench_real_files.py FOLDER... --files 400     more files of each kind

FOLDER is searched for images, audio and videos: site-packages, the test data of packages, a folder of your own. Of
equal files one is taken. None is kept. A short file of every encoder that PyAV has here is checked too. The reference
for videos and audio is ffprobe where it is installed, otherwise the FFmpeg in PyAV, which decodes all frames; for
images it is Pillow. A file that the reference refuses is counted apart.
Exit status 1 if anything differs, 2 if the folders have no media.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image

from studio.api import AudioType, ImageType, MediaError, MediaLimits, VideoType

KINDS = {
    "video": "mp4 mov mkv webm avi mpg mpeg ts gif apng webp ogv flv wmv asf m4v 3g2 rm",
    "audio": "wav flac ogg oga opus spx mp3 m4a aac aif aiff aifc au caf wma ape wv tta ac3 mka",
    "image": "png jpg jpeg tif tiff bmp webp avif",
}
LARGEST = 30_000_000
LIMITS = MediaLimits()
SAVED = {"video": ("mkv", VideoType()), "audio": ("flac", AudioType()), "image": ("png", ImageType())}


@dataclass(frozen=True)
class Facts:
    """What a file shows: size in pixels or channels and rate, frames, and seconds."""

    size: tuple[int, ...]
    frames: int
    seconds: float


def collect(folders: list[Path], kind: str, most: int) -> list[Path]:
    """Return files of a kind, one of each content, in the order of their names."""
    endings, seen, found = KINDS[kind].split(), set[str](), list[Path]()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower()[1:] not in endings or not path.is_file() or not 0 < path.stat().st_size <= LARGEST:
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest not in seen and len(found) < most:
                seen.add(digest)
                found.append(path)
    return found


def write_encoded(folder: Path) -> dict[str, list[Path]]:
    """Write a second with every encoder, in the first container that takes it; return the files of each kind."""
    made: dict[str, list[Path]] = {"video": [], "audio": []}
    for name in sorted(av.codecs_available):
        for extension in ("mkv", "mov", "nut", "avi", "ogg"):
            path = folder / f"{name}.{extension}"
            try:
                kind = av.Codec(name, "w").type
                if kind in made:
                    _WRITE[kind](path, name)
                    made[kind].append(path)
                break
            except (av.error.FFmpegError, ValueError, TypeError):
                path.unlink(missing_ok=True)
    return made


def _write_frames(path: Path, name: str) -> None:
    formats = av.Codec(name, "w").video_formats or []
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(name, rate=25, options={"strict": "-2"})
        stream.width, stream.height = 176, 144
        stream.pix_fmt = formats[0].name if formats else "yuv420p"
        for index in range(25):
            pixels = np.full((144, 176, 3), 40 + 6 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_samples(path: Path, name: str) -> None:
    codec = av.Codec(name, "w")
    rate = 48_000 if not codec.audio_rates or 48_000 in codec.audio_rates else codec.audio_rates[0]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(name, rate=rate, options={"strict": "-2"})
        stream.layout = "stereo"
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=rate)
        tone = (8000 * np.sin(np.arange(rate) * 2 * np.pi * 300 / rate)).astype(np.int16).repeat(2)
        size = stream.codec_context.frame_size or 1024
        for start in range(0, rate, size):
            part = tone[2 * start : 2 * (start + size)].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
            frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))


_WRITE = {"video": _write_frames, "audio": _write_samples}


def measure_image(path: Path) -> Facts:
    """Return what Pillow says."""
    with PIL.Image.open(path) as picture:
        picture.load()
        turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        return Facts(picture.size[::-1] if turned else picture.size, 1, 0.0)


def measure_stream(path: Path, kind: str) -> Facts:
    """Return what FFmpeg decodes of the stream that players take: frames or samples, and seconds."""
    with av.open(str(path), metadata_errors="replace") as container:
        stream: Any = container.streams.best(kind)
        if stream is None:
            raise ValueError("no stream")
        rate, channels = getattr(stream, "rate", 0), getattr(stream, "channels", 0)
        size = (stream.width, stream.height) if kind == "video" else (channels, rate)
        start = end = None
        count, samples = 0, 0
        for frame in _decode(container, stream):
            count += 1
            samples += getattr(frame, "samples", 0)
            if frame.pts is not None:
                start = frame.time if start is None else start
                end = frame.time + float((frame.duration or 0) * (frame.time_base or 0))
        if not count:
            raise ValueError("no frame")
        seconds = (end - start) if start is not None and end is not None else 0.0
        return Facts(size, count if kind == "video" else samples, seconds if kind == "video" else samples / rate)


def _decode(container: Any, stream: Any) -> Iterator[Any]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def count_with_ffprobe(path: Path, kind: str) -> int | None:
    """Return how many frames ffprobe decodes of the stream with the most; None without ffprobe."""
    if not shutil.which("ffprobe"):
        return None
    command = ["ffprobe", "-v", "quiet", "-count_frames", "-select_streams", kind[0], "-of", "json"]
    done = subprocess.run([*command, "-show_streams", str(path)], capture_output=True, text=True, check=False)
    streams = json.loads(done.stdout or "{}").get("streams", [])
    return max((int(each.get("nb_read_frames", 0)) for each in streams), default=None)


def measure_ours(value: Any, kind: str) -> Facts:
    """Return the same facts of what Studio read."""
    if kind == "image":
        return Facts((value.width, value.height), 1, 0.0)
    if kind == "audio":
        return Facts((value.channels, value.rate), value.frames, value.duration)
    count = sum(1 for _ in value.frames())
    return Facts((value.width, value.height), count, value.duration)


def compare(kind: str, expected: Facts, seen: Facts, step: str) -> list[str]:
    """Say how two differ beyond what codecs add, such as padding."""
    found = []
    if seen.size != expected.size:
        found.append(f"{step}: size {seen.size}, not {expected.size}")
    if kind == "video" and seen.frames != expected.frames:
        found.append(f"{step}: {seen.frames} frames, not {expected.frames}")
    step_seconds = expected.seconds / max(1, expected.frames)
    slack = 0.06 if kind == "audio" else max(0.02, 1.1 * step_seconds)
    if kind != "image" and expected.frames > 1 and abs(seen.seconds - expected.seconds) > slack:
        found.append(f"{step}: {seen.seconds:.3f} s, not {expected.seconds:.3f}")
    return found


def check_file(path: Path, kind: str, folder: Path) -> tuple[str, list[str]]:
    """Return how a file fared in a word, and what differs or is said of it."""
    reference: Callable[[Path], Facts] = measure_image if kind == "image" else lambda each: measure_stream(each, kind)
    extension, value_type = SAVED[kind]
    try:
        expected = reference(path)
    except Exception as error:  # whatever the reference raises for a file that it does not read
        try:
            value_type.read_file(path, LIMITS)
        except MediaError:
            return "refused by both", []
        return "read, refused by the reference", [f"{type(error).__name__}: {error}"]
    try:
        value = value_type.read_file(path, LIMITS)
        doubts = [f"warned: {doubt}" for doubt in value_type.find_doubts(path, LIMITS)]
        seen = measure_ours(value, kind)
        found = compare(kind, expected, seen, "read")
        saved = folder / f"a.{extension}"
        saved.unlink(missing_ok=True)
        if kind == "audio" and not value.frames:
            return "empty", doubts
        value_type.write_file(value, saved, None)
        again = reference(saved)
        padded = tuple(side + side % 2 for side in seen.size) if kind == "video" else seen.size
        found += compare(kind, Facts(padded, seen.frames, seen.seconds), again, "saved")
        counted = count_with_ffprobe(path, kind) if kind == "video" else None
        if counted is not None and counted != seen.frames:
            found.append(f"ffprobe: {counted} frames, not {seen.frames}")
    except MediaError as error:
        return "refused", [f"{error.code} {error.message}"]
    if found and any(word in doubt for doubt in doubts for word in ("became square", "timestamps jump")):
        return "converted, with a warning", found + doubts
    return ("differs" if found else "same"), found + doubts


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--files", type=int, default=120, help="most files of each kind")
    given = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    lines = []
    with tempfile.TemporaryDirectory() as place:
        made = write_encoded(Path(place))
        named = {kind: collect(given.folders, kind, given.files) for kind in KINDS}
        groups = {**named, "video of an encoder": made["video"], "audio of an encoder": made["audio"]}
        for group, paths in groups.items():
            counts[group], kind = Counter(), group.split()[0]
            for path in paths:
                if kind == "image" and path.suffix == ".webp":
                    continue  # read as videos
                outcome, notes = check_file(path, kind, Path(place))
                counts[group][outcome] += 1
                if notes:
                    lines.append(f"- {outcome}: {path}: {'; '.join(notes)}")
    outcomes = sorted({outcome for each in counts.values() for outcome in each})
    if not any(named.values()):
        print("no media in these folders: name the site-packages or the test data of packages, or a folder of your own")
        sys.exit(2)
    print(f"| kind | files | {' | '.join(outcomes)} |")
    print("|---|---|" + "---|" * len(outcomes))
    for kind, each in counts.items():
        print(f"| {kind} | {sum(each.values())} | {' | '.join(str(each[outcome]) for outcome in outcomes)} |")
    print("", *lines, sep="\n")
    sys.exit(any(each["differs"] or each["refused"] for each in counts.values()))


if __name__ == "__main__":
    main()
