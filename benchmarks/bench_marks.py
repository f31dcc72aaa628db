"""What marks survive: a table of changes over images, audio and videos, and how often unmarked files are called marked.

    python benchmarks/bench_marks.py photo.jpg drawings/*.png song.ogg clip.mp4

Each file is marked, changed and searched. A change is survived if all 64 bits are right. Each folder has a table of its
own; `draw_mark_media.py` makes folders of photographs, composites, flat drawings, audio and videos. With `--resume
FILE` what was measured of images is kept there, and a run that was stopped resumes.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import PIL.Image
import soundfile
import soxr

from studio.api import Audio, Image, MediaError, Video
from studio_provenance import audio_mark, image_mark, image_search, video_mark

KEY, OTHER_KEY, PAYLOAD = b"key of the benchmark", b"another key, unused", 0x0123456789ABCDEF
RNG = np.random.default_rng(0)
FRAMES, SECONDS = 48, 20


def compress(pixels: Any, quality: int = 50) -> Any:
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(file).convert("RGB"))


def resize(pixels: Any, factor: float) -> Any:
    size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
    return np.asarray(PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.LANCZOS))


def crop(pixels: Any, share: float = 0.7) -> Any:
    height, width = (int(length * share) for length in pixels.shape[:2])
    top, left = RNG.integers(0, pixels.shape[0] - height + 1), RNG.integers(0, pixels.shape[1] - width + 1)
    return pixels[top : top + height, left : left + width]


def shade(pixels: Any, gamma: float) -> Any:
    return np.rint(255 * (pixels / 255) ** gamma).astype(np.uint8)


IMAGE_CHANGES: dict[str, Callable[[Any], Any]] = {
    "none": lambda p: p,
    "JPEG 50": compress,
    "half size": lambda p: resize(p, 0.5),
    "crop to 70 % of each side": crop,
    "blur 1": lambda p: cv2.GaussianBlur(p, (0, 0), 1),
    "noise 5": lambda p: np.clip(p + RNG.normal(0, 5, p.shape), 0, 255).round().astype(np.uint8),
    "gamma 1.1": lambda p: shade(p, 1.1),
    "gamma 1/1.1": lambda p: shade(p, 1 / 1.1),
    "half size, JPEG 75": lambda p: compress(resize(p, 0.5), 75),
    "crop, 3/4 size, JPEG 50": lambda p: compress(resize(crop(p), 0.75)),
}


def measure_image(path: Path) -> dict[str, Any]:
    """Return what marking, changing and searching one image gave, as plain JSON."""
    global RNG
    RNG = np.random.default_rng(zlib.crc32(path.name.encode()))  # the same changes whatever was measured before
    plain = np.asarray(PIL.Image.open(path).convert("RGB"))
    start = time.process_time()
    try:
        marked = image_mark.mark_image(Image(plain), KEY, PAYLOAD).to_uint8()
    except MediaError:
        return {"refused": True}
    marking = (time.process_time() - start) / (plain.size / 3e6)
    error = 10 * np.log10(255**2 / np.mean((marked.astype(float) - plain) ** 2))
    start = time.process_time()
    found = [image_search.find_in_image(Image(pixels), key) for pixels, key in ((plain, KEY), (marked, OTHER_KEY))]
    searching = (time.process_time() - start) / 2 / (plain.size / 3e6)
    kept = {
        name: image_search.find_in_image(Image(change(marked)), KEY).payload == PAYLOAD
        for name, change in IMAGE_CHANGES.items()
    }
    return {
        "psnr": float(error),
        "seconds": [marking, searching],
        "highest": max(float(one.z) for one in found),
        "wrong": sum(one.is_found for one in found),
        "kept": kept,
    }


def measure_images(paths: list[Path], known: dict[str, Any], keep: Callable[[str, Any], None]) -> None:
    rows = []
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        if name not in known:
            keep(name, measure_image(path))
        rows.append(known[name])
    held = [row for row in rows if "refused" not in row]
    count, errors = len(held), [row["psnr"] for row in held]
    seconds = [sum(row["seconds"][part] for row in held) / count for part in (0, 1)]
    wrong, highest = sum(row["wrong"] for row in held), max(row["highest"] for row in held)
    print(f"\n{count} images ({len(rows) - count} refused), PSNR {min(errors):.1f} to {max(errors):.1f} dB")
    print(f"processor seconds a megapixel: mark {seconds[0]:.2f}, search without a mark {seconds[1]:.2f}")
    print(f"unmarked and of another key: {wrong} of {2 * count} found, agreement {highest:.2f} at most")
    print_table({name: sum(row["kept"][name] for row in held) for name in IMAGE_CHANGES}, count)


def measure_audio(paths: list[Path]) -> None:
    survived: dict[str, int] = defaultdict(int)
    highest, wrong, count, levels = 0.0, 0, 0, []
    for path in paths:
        samples, rate = soundfile.read(
            path, always_2d=True, dtype="float32", frames=SECONDS * soundfile.info(path).samplerate
        )
        samples, rate = soxr.resample(samples, rate, 44_100), 44_100
        marked = audio_mark.mark_audio(Audio(samples, rate), KEY, PAYLOAD).samples
        levels.append(10 * np.log10(np.mean(samples**2) / np.mean((marked - samples) ** 2)))
        found = [audio_mark.find_in_audio(Audio(s, rate), k) for s, k in ((samples, KEY), (marked, OTHER_KEY))]
        highest, wrong = max(highest, *(one.z for one in found)), wrong + sum(one.is_found for one in found)
        changes = {
            "none": (marked, rate),
            "MP3 96 kb/s": (convert_to_mp3(marked, rate), rate),
            "44.1 to 48 to 32 kHz": (soxr.resample(soxr.resample(marked, rate, 48_000), 48_000, 32_000), 32_000),
            "cut to 70 %": (marked[int(0.17 * len(marked)) : int(0.87 * len(marked))], rate),
            "first 3 seconds": (marked[: 3 * rate], rate),
            "level 0.3, 16 bits": (np.rint(marked * 0.3 * 32_767) / 32_767, rate),
        }
        for name, (changed, changed_rate) in changes.items():
            survived[name] += audio_mark.find_in_audio(Audio(changed, changed_rate), KEY).payload == PAYLOAD
        count += 1
    print(f"\n{count} sounds, {min(levels):.0f} to {max(levels):.0f} dB over their marks")
    print(f"unmarked and of another key: {wrong} of {2 * count} found, agreement {highest:.2f} at most")
    print_table(survived, count)


def convert_to_mp3(samples: Any, rate: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path, layout = f"{folder}/a.mp3", "stereo" if samples.shape[1] == 2 else "mono"
        with av.open(path, "w") as file:
            stream = file.add_stream("libmp3lame", rate=rate, layout=layout, bit_rate=96_000)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", layout)
            frame.sample_rate = rate
            file.mux([*stream.encode(frame), *stream.encode(None)])
        with av.open(path) as file:
            return np.concatenate([f.to_ndarray() for f in file.decode(audio=0)], axis=1).T


def measure_videos(paths: list[Path]) -> None:
    survived: dict[str, int] = defaultdict(int)
    wrong, highest = 0, 0.0
    for path in paths:
        plain = read_video(path, 1280, 720)
        marked = Video.from_images([f.image for f in video_mark.mark_video(plain, KEY, PAYLOAD).frames()], 24)
        found = video_mark.find_in_video(plain, KEY)
        wrong, highest = wrong + found.is_found, max(highest, found.z)
        for name, rate, factor in (("H.264 1 Mb/s", 1_000_000, 1.0), ("H.264 0.5 Mb/s, half size", 500_000, 0.5)):
            with tempfile.TemporaryDirectory() as folder:
                coded = convert_to_h264(marked, Path(folder, "a.mp4"), rate, factor)
                survived[name] += video_mark.find_in_video(coded, KEY).payload == PAYLOAD
    print(
        f"\n{len(paths)} videos, 1280 x 720, {FRAMES} frames; unmarked: {wrong} found, agreement {highest:.2f} at most"
    )
    print_table(survived, len(paths))


def read_video(path: Path, width: int, height: int) -> Video:
    images: list[Image] = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            images.append(Image(frame.reformat(width, height, "rgb24").to_ndarray()))
            if len(images) == FRAMES:
                break
    return Video.from_images(images, 24)


def convert_to_h264(video: Video, path: Path, bit_rate: int, factor: float) -> Video:
    width, height = round(video.width * factor) // 2 * 2, round(video.height * factor) // 2 * 2
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=24, width=width, height=height, pix_fmt="yuv420p", bit_rate=bit_rate)
        for frame in video.frames():
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image.to_uint8(), "rgb24")))
        file.mux(stream.encode(None))
    return read_video(path, width, height)


def print_table(survived: dict[str, int], count: int) -> None:
    for name, number in survived.items():
        print(f"  {name:28} {number:4} of {count}")


def main() -> None:
    """Measure the files that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--resume", type=Path, help="file of what was measured of images")
    given = parser.parse_args()
    known: dict[str, Any] = {}
    if given.resume is not None and given.resume.exists():
        known = dict(json.loads(line) for line in given.resume.read_text(encoding="utf-8").splitlines())

    def keep(name: str, row: Any) -> None:
        known[name] = row
        if given.resume is not None:
            with given.resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, row]) + "\n")

    kinds: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in given.paths:
        extension = path.suffix.lower()
        kind = "audio" if extension in (".ogg", ".wav", ".flac") else "videos" if extension == ".mp4" else "images"
        kinds[path.parent, kind].append(path)
    for (folder, kind), paths in kinds.items():
        print(f"\n{folder.name}:", end="", flush=True)
        if kind == "images":
            measure_images(paths, known, keep)
        else:
            {"audio": measure_audio, "videos": measure_videos}[kind](paths)


if __name__ == "__main__":
    main()
