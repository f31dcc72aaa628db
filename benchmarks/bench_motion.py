"""Measures `video.interpolate`, `video.denoise` and `video.deflicker` on films of your own.

    python benchmarks/bench_motion.py FILM [FILM ...]

Prints Markdown: PSNR of held-out middle frames beside repeating, mixing and FFmpeg's minterpolate, PSNR of noised
films beside a frame-wise filter, and flicker beside frame by frame. Processor milliseconds are for one frame.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import cv2
import numpy as np

from studio.api import Image, Video
from studio_video.cuts import mark_cuts
from studio_video.deflicker import measure_flicker, reduce_flicker
from studio_video.denoise import reduce_noise
from studio_video.flow import make_grid, measure_flow, project_flow, to_grey, warp
from studio_video.interpolate import Between

Frames = list[Any]


def load(path: str, most_width: int, count: int) -> Frames:
    """Return the first frames of a film, 8 bits, no wider than that."""
    frames: Frames = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            array = frame.to_ndarray(format="rgb24")
            if array.shape[1] > most_width:
                size = most_width, round(array.shape[0] * most_width / array.shape[1] / 2) * 2
                array = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
            frames.append(array)
            if len(frames) == count:
                break
    return frames


def to_film(frames: Frames) -> Video:
    """Return a film of arrays."""
    return Video.from_images([Image(frame) for frame in frames], Fraction(25))


def psnr(made: Any, truth: Any, where: Any = None) -> float:
    """Return the PSNR in dB."""
    error = (made.astype(np.float64) - truth) ** 2
    return float(10 * np.log10(255**2 / max(float((error if where is None else error[where]).mean()), 1e-9)))


def plain_warp(before: Any, after: Any) -> Any:
    """Return the middle by the plain symmetric warp of both frames, without weights."""
    first, second = to_grey(Image(before)), to_grey(Image(after))
    grid = make_grid(*first.shape)
    forth = project_flow(measure_flow(first, second), 0.5, grid)
    back = project_flow(measure_flow(second, first), 0.5, grid)
    both = warp(before, -0.5 * forth, grid).astype(np.float32) + warp(after, -0.5 * back, grid)
    return np.rint(both / 2)


def minterpolate(frames: Frames) -> dict[int, Any]:
    """Return the middles that FFmpeg makes, by the index of the frame that they stand for."""
    height, width = frames[0].shape[:2]
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format="rgb24", time_base=Fraction(1, 10))
    options = "fps=10:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"
    pad = graph.add("format", "yuv444p")
    made = graph.add("minterpolate", options)
    end = graph.add("buffersink")
    source.link_to(pad)
    pad.link_to(made)
    made.link_to(end)
    graph.configure()
    found: dict[int, Any] = {}

    def pull() -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            found[round(float(frame.pts * frame.time_base) * 10)] = frame.to_ndarray(format="rgb24")

    for index, array in enumerate(frames[::2]):
        frame = av.VideoFrame.from_ndarray(array, format="rgb24")
        frame.pts, frame.time_base = 2 * index, Fraction(1, 10)
        graph.push(frame)
        pull()
    graph.push(None)
    pull()
    return found


def clock() -> float:
    """Return processor seconds."""
    times = os.times()
    return times.user + times.system


def interpolation_rows(name: str, frames: Frames) -> None:
    """Print the rows of one film."""
    cuts = [index for index, (_, is_cut) in enumerate(mark_cuts(to_film(frames).frames())) if is_cut]
    pairs = [i for i in range(0, len(frames) - 2, 2) if not any(i < cut <= i + 2 for cut in cuts)]
    begin = clock()
    theirs = minterpolate(frames)
    their_time = (clock() - begin) / max(1, len(frames) // 2)
    ways: dict[str, Callable[[Any, Any, int], Any]] = {
        "repeat": lambda a, b, i: a,
        "blend": lambda a, b, i: np.rint((a.astype(np.float32) + b) / 2),
        "FFmpeg minterpolate": lambda a, b, i: theirs.get(i + 1, a),
        "plain symmetric warp": lambda a, b, i: plain_warp(a, b),
        "`video.interpolate`": lambda a, b, i: Between(Image(a), Image(b)).make(0.5).to_uint8(),
    }
    for title, way in ways.items():
        whole, moving = [], []
        begin = clock()
        for index in pairs:
            before, truth, after = frames[index : index + 3]
            made = way(before, after, index)
            moved = cv2.dilate((np.abs(before.astype(int) - after).max(2) > 12).astype(np.uint8), np.ones((5, 5))) > 0
            whole.append(psnr(made, truth))
            if moved.sum() > 50:
                moving.append(psnr(made, truth, moved))
        each = their_time if "minter" in title else (clock() - begin) / len(pairs)
        cost = "0" if title == "repeat" else f"{1000 * each:.0f}"
        print(f"| {name}, {len(pairs)} frames | {title} | {np.mean(whole):.2f} | {np.mean(moving):.2f} | {cost} |")
    sys.stdout.flush()


def noise_rows(name: str, frames: Frames) -> None:
    """Print the rows of one film."""
    draw = np.random.default_rng(0)
    for level in (10, 25):
        noisy = [np.clip(np.rint(f + draw.normal(0, level, f.shape)), 0, 255).astype(np.uint8) for f in frames]
        begin = clock()
        alone = [cv2.merge([cv2.fastNlMeansDenoising(c, None, level, 5, 15) for c in cv2.split(f)]) for f in noisy]
        middle = clock()
        film = reduce_noise(to_film(noisy), noise=0, radius=2, spatial=1.0, step=lambda *_: None)
        made = [frame.image.to_uint8() for frame in film.frames()]
        end = clock()
        scores = [np.mean([psnr(a, b) for a, b in zip(way, frames, strict=True)]) for way in (noisy, alone, made)]
        costs = [1000 * seconds / len(frames) for seconds in (middle - begin, end - middle)]
        print(f"| {name} | {level} | {scores[0]:.2f} | {scores[1]:.2f} | {scores[2]:.2f} | "
              f"{costs[0]:.0f} | {costs[1]:.0f} |", flush=True)  # fmt: skip


def flicker_rows(name: str, frames: Frames) -> None:
    """Print the rows of one film."""
    draw = np.random.default_rng(0)

    def tint(frame: Any) -> Any:
        return np.clip(frame * draw.uniform(0.85, 1.15, 3), 0, 255).astype(np.uint8)

    def posterize(frame: Any) -> Any:
        offset = int(draw.integers(0, 40))
        return np.clip((frame.astype(int) + offset) // 40 * 40, 0, 255).astype(np.uint8)

    guide = to_film(frames)
    own = measure_flicker(guide, guide)
    for title, way in (("another tint each frame", tint), ("other levels each frame", posterize)):
        spoiled = to_film([way(frame) for frame in frames])
        begin = clock()
        made = [f.image.to_uint8() for f in reduce_flicker(spoiled, guide, strength=1.0, step=lambda *_: None).frames()]
        cost = 1000 * (clock() - begin) / len(frames)
        before, after = measure_flicker(spoiled, guide), measure_flicker(to_film(made), guide)
        print(f"| {name} | {title} | {own:.2f} | {before:.2f} | {after:.2f} | {after / before:.2f} | {cost:.0f} |",
              flush=True)  # fmt: skip


def main() -> None:
    """Measure all films."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("films", nargs="+")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--frames", type=int, default=120)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    films = {Path(path).stem: load(path, given.width, given.frames) for path in given.films}
    sizes = ", ".join(f"{name} {f[0].shape[1]} x {f[0].shape[0]}" for name, f in films.items())
    begin = time.monotonic()
    print(f"{sizes}; Python {platform.python_version()}, OpenCV {cv2.__version__}\n")
    print("| film | way | PSNR, dB | where it moves, dB | processor, ms |\n|---|---|---|---|---|")
    for name, frames in films.items():
        interpolation_rows(name, frames)
    print("\n| film | noise of 255 | noisy, dB | frame-wise, dB | `video.denoise`, dB | frame-wise, ms | ours, ms |")
    print("|---|---|---|---|---|---|---|")
    for name, frames in films.items():
        noise_rows(name, frames[:24])
    print("\n| film | spoiled by | film itself | frame by frame | `video.deflicker` | ratio | processor, ms |")
    print("|---|---|---|---|---|---|---|")
    for name, frames in films.items():
        flicker_rows(name, frames[:48])
    print(f"\nTook {time.monotonic() - begin:.0f} s.")


if __name__ == "__main__":
    main()
