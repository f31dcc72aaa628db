"""Films through Studio against the same loop in bare PyAV, and the memory of a film and of one ten times as long.

    python benchmarks/bench_video.py FILE              both tables, in Markdown
    python benchmarks/bench_video.py FILE --rounds 5   more rounds of the first

FILE is any film. Each round decodes it, inverts every frame and codes it as H.264 (crf 18, medium), once in a loop over
PyAV and once as `studio run` of a graph with one mapped node, in the same process and by turns; the ratio of the two
times is what counts, and the median of the rounds is given: of the time that passes, and of the time of the processor,
which other programs disturb less. Memory is the peak of a fresh process for each length.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

from studio.api import Context, Frame, Image, Video, hookimpl, node
from studio.app import InputFile, Studio
from studio.settings import load_settings

FACTOR = 10
GRAPH = {
    "studio": 1,
    "inputs": {"film": {"type": "video"}},
    "nodes": {"invert": {"type": "bench.invert", "inputs": {"image": {"from": "inputs.film"}}}},
    "outputs": {"film": {"from": "invert"}},
}
LONG = {
    "studio": 1,
    "inputs": {"frames": {"type": "int"}},
    "nodes": {
        "make": {"type": "bench.make", "inputs": {"frames": {"from": "inputs.frames"}}},
        "invert": {"type": "bench.invert", "inputs": {"image": {"from": "make"}}},
    },
    "outputs": {"film": {"from": "invert"}},
}


@node("bench.invert")
def invert(ctx: Context, image: Image) -> Image:
    """Turn light to dark.

    Args:
        image: Picture.
    """
    return Image.take(255 - image.to_uint8())


@node("bench.make")
def make(ctx: Context, frames: int) -> Video:
    """Make a film of noise.

    Args:
        frames: How many frames.
    """
    noise = np.random.default_rng(0).integers(0, 256, (8, 360, 640, 3), dtype=np.uint8)

    def create() -> Any:
        return (Frame(Image.take(noise[index % 8].copy()), index / 25) for index in range(frames))

    return Video(create, width=640, height=360, rate=Fraction(25), count=frames)


class Plugin:
    """The two node types."""

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return them."""
        return [invert, make]


def open_studio(folder: Path) -> Studio:
    """Return a Studio with an empty cache."""
    settings = load_settings(cache_dir=folder)
    return Studio(settings, plugins=[("bench", Plugin())], discover=False)


def run_bare(source: Path, target: Path) -> int:
    """Do the same in a loop over PyAV, with one converter for all frames; return the number of frames."""
    count, converter = 0, VideoReformatter()
    with av.open(str(source)) as reader, av.open(str(target), "w", options={"movflags": "+faststart"}) as writer:
        film: Any = reader.streams.video[0]
        film.thread_type = "AUTO"
        stream: Any = writer.add_stream("libx264", rate=film.average_rate, options={"crf": "18", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for frame in reader.decode(film):
            pixels = converter.reformat(frame, format="rgb24").to_ndarray()
            made: Any = av.VideoFrame.from_ndarray(255 - pixels, format="rgb24")
            made = converter.reformat(made, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=1)
            made.pts, made.time_base = count, 1 / film.average_rate
            writer.mux(stream.encode(made))
            count += 1
        writer.mux(stream.encode(None))
    return count


def measure_pace(source: Path, rounds: int) -> None:
    """Print frames a second of both."""
    ratios, rows, shares = [], [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(rounds + 1):
            begin, began = time.perf_counter(), time.process_time()
            frames = run_bare(source, folder / "bare.mp4")
            bare, bare_processor = time.perf_counter() - begin, time.process_time() - began
            with open_studio(folder / f"cache{number}") as studio:
                begin, began = time.perf_counter(), time.process_time()
                result = studio.run(GRAPH, {"film": InputFile(source)}, output=folder / "out")
                ours, processor = time.perf_counter() - begin, time.process_time() - began
            assert result.status == "done", result.errors
            if number:  # the first round warms up
                ratios.append(bare / ours)
                shares.append(bare_processor / processor)
                rows.append((frames / bare, frames / ours))
    print("| film | frames | bare PyAV, frames/s | Studio, frames/s | ratio, median (all) | of the processor |")
    print("|---|---|---|---|---|---|")
    told, share = (
        f"{statistics.median(each):.2f} ({', '.join(f'{one:.2f}' for one in each)})" for each in (ratios, shares)
    )
    paces = [statistics.median(column) for column in zip(*rows, strict=True)]
    print(f"| {source.name} | {frames} | {paces[0]:.1f} | {paces[1]:.1f} | {told} | {share} |")


def measure_memory(frames: int) -> None:
    """Print the lengths and peaks of two fresh processes."""
    peaks = []
    for count in (frames, frames * FACTOR):
        command = [sys.executable, __file__, "-", "--child", str(count)]
        peaks.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print("\n| frames of 640 x 360 | peak, MiB |\n|---|---|")
    for count, peak in zip((frames, frames * FACTOR), peaks, strict=True):
        print(f"| {count} | {peak / 1024:.1f} |")
    print(f"\nratio {peaks[1] / peaks[0]:.3f}")


def run_child(frames: int) -> None:
    """Run the long graph and print the peak of this process in KiB."""
    with tempfile.TemporaryDirectory() as place, open_studio(Path(place) / "cache") as studio:
        result = studio.run(LONG, {"frames": frames}, output=Path(place) / "out")
        assert result.status == "done", result.errors
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--child", type=int)
    given = parser.parse_args()
    if given.child:
        run_child(given.child)
        return
    measure_pace(given.film, given.rounds)
    measure_memory(given.frames)


if __name__ == "__main__":
    main()
