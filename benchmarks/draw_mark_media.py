"""Gathers media to measure marks with: photographs, drawings, composites of cut-outs and photographs, audio, videos.

    python benchmarks/draw_mark_media.py OUT --cutouts ART --media MEDIA

`bench_marks.py` prints a table for each folder that this writes: OUT/photos, OUT/pages, OUT/composites, OUT/flat,
OUT/audio, OUT/videos. The choice is random with a fixed seed, so that the same folders give the same media.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import skimage.data
import sklearn.datasets
import soundfile

SMALLEST = 256  # pixels of the shorter side
COMPOSITES, FLAT, SECTIONS, SECONDS = 80, 42, 3, 20
SIDES = (512, 640, 768)
NO_PICTURES = ("motorcycle_disp", "lfw_subset", "microaneurysms", "multipage", "chessboard", "phantom", "no_time")
"""Of skimage's data: numbers, and pictures too small for a mark."""
ROOT = Path(__file__).resolve().parent.parent


def list_photos(media: Path) -> Iterator[Path]:
    folders = [Path(skimage.data.__file__).parent, Path(sklearn.datasets.__file__).parent / "images"]
    folders += [media / "photos", media / "paintings", ROOT / "graphs" / "media"]
    for folder in folders:
        for path in sorted(folder.glob("*")):
            if path.suffix in (".png", ".jpg") and not path.name.startswith(NO_PICTURES):
                yield path


def load(path: Path) -> PIL.Image.Image:
    return PIL.Image.open(path).convert("RGB")


def is_large(image: PIL.Image.Image) -> bool:
    return min(image.size) >= SMALLEST


def cut(image: PIL.Image.Image, side: int, dice: random.Random) -> PIL.Image.Image:
    """Return a square part of an image, as large as it can be, of `side` pixels."""
    part = min(image.size)
    left, top = dice.randint(0, image.width - part), dice.randint(0, image.height - part)
    return image.crop((left, top, left + part, top + part)).resize((side, side), PIL.Image.Resampling.LANCZOS)


def compose(background: PIL.Image.Image, cutouts: list[Path], dice: random.Random) -> PIL.Image.Image:
    result = background.copy()
    for path in cutouts:
        art = PIL.Image.open(path).convert("RGBA")
        size = round(result.width * dice.uniform(0.25, 0.6))
        art = art.resize((size, size), PIL.Image.Resampling.LANCZOS)
        place = dice.randint(0, result.width - size), dice.randint(0, result.height - size)
        result.paste(art, place, art)
    return result


def write_images(out: Path, cutouts: list[Path], media: Path) -> None:
    dice = random.Random(0)
    for folder in ("photos", "pages", "composites", "flat"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    photos = [image for image in map(load, list_photos(media)) if is_large(image)]
    photos += [PIL.Image.fromarray(frame) for frame in read_frames(sorted((media / "video").glob("*.mp4")))]
    for index, image in enumerate(photos):
        image.save(out / "photos" / f"{index:03}.png")
    pages = sorted((ROOT / "docs" / "pictures").glob("*.[jp][pn]g"))
    for index, image in enumerate(image for image in map(load, pages) if is_large(image)):
        image.save(out / "pages" / f"{index:03}.png")
    for index in range(COMPOSITES):
        background = cut(dice.choice(photos), dice.choice(SIDES), dice)
        compose(background, dice.sample(cutouts, dice.randint(1, 3)), dice).save(out / "composites" / f"{index:03}.png")
    for index in range(FLAT):
        side = dice.choice(SIDES)
        plain = PIL.Image.new("RGB", (side, side), "white" if index % 2 else f"hsl({dice.randint(0, 359)},60%,70%)")
        compose(plain, dice.sample(cutouts, 1), dice).save(out / "flat" / f"{index:03}.png")


def read_frames(paths: list[Path], spacing: int = 50) -> Iterator[Any]:
    for path in paths:
        with av.open(str(path)) as file:
            for index, frame in enumerate(file.decode(video=0)):
                if index % spacing == 0:
                    yield frame.to_ndarray(format="rgb24")


def write_audio(out: Path, media: Path) -> None:
    """Write sections of recordings that do not overlap, as far as each is long enough."""
    (out / "audio").mkdir(parents=True, exist_ok=True)
    for path in sorted((media / "audio").glob("*.ogg")):
        samples, rate = soundfile.read(path, always_2d=True, dtype="float32")
        length = min(SECONDS * rate, max(len(samples) // SECTIONS, 4 * rate))
        for number in range(min(SECTIONS, len(samples) // length)):
            part = samples[number * length : (number + 1) * length]
            soundfile.write(out / "audio" / f"{path.stem}_{number}.wav", part, rate)


def write_videos(out: Path, media: Path) -> None:
    """Write sections of clips that do not overlap, and one that pans over a still picture."""
    (out / "videos").mkdir(parents=True, exist_ok=True)
    for path, starts in zip(sorted((media / "video").glob("*.mp4")), ((0, 66), (0, 125)), strict=False):
        with av.open(str(path)) as file:
            frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        for start in starts:
            write_video(out / "videos" / f"{path.stem}_{start}.mp4", frames[start : start + 50])
    still = np.asarray(PIL.Image.open(ROOT / "graphs" / "media" / "starry_night.jpg").convert("RGB"))
    height, width = (int(length * 0.7) // 2 * 2 for length in still.shape[:2])
    pan = [still[step : step + height, 2 * step : 2 * step + width] for step in range(50)]
    write_video(out / "videos" / "pan.mp4", pan)


def write_video(path: Path, frames: list[Any]) -> None:
    with av.open(str(path), "w") as file:
        height, width = frames[0].shape[:2]
        options = {"crf": "12"}
        stream = file.add_stream("libx264", rate=25, width=width, height=height, pix_fmt="yuv420p", options=options)
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        file.mux(stream.encode(None))


def main() -> None:
    """Write the media."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cutouts", type=Path, required=True, help="folder of images with transparency")
    parser.add_argument("--media", type=Path, required=True, help="folder with photos/, paintings/, audio/ and video/")
    given = parser.parse_args()
    write_images(given.out, sorted(given.cutouts.glob("*.[pw]*")), given.media)
    write_audio(given.out, given.media)
    write_videos(given.out, given.media)


if __name__ == "__main__":
    main()
