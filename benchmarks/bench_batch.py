"""What batches cost and save, against plain loops over the same node functions.

    python benchmarks/bench_batch.py             everything, in Markdown
    python benchmarks/bench_batch.py --only a    one part: a trivial nodes, b stacked pictures, c equal items,
                                                 d memory, e two workers, f a long batch that is killed

Every ratio is of figures taken by turns in one process and one minute, for other work on the machine can only add to
them. Parts c to e write files and a ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import studio as package
from studio.api import Context, hookimpl, node
from studio.app import Studio
from studio.batch.item import ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.settings import load_settings

PLUGIN = '''"""Node types of the benchmark."""

import hashlib

from studio.api import Context, hookimpl, node


@node("bench.add", code=1)
def add(ctx: Context, a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@node("bench.dig", code=1)
def dig(ctx: Context, a: int, rounds: int = 20000) -> int:
    """Work for some time without letting go of the interpreter."""
    digest = str(a).encode()
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return digest[0]


@hookimpl
def studio_node_types():
    return [add, dig]
'''
CHAIN = {
    "studio": 1,
    "inputs": {"a": {"type": "int"}},
    "nodes": {
        "x": {"type": "bench.add", "inputs": {"a": {"from": "inputs.a"}}},
        "y": {"type": "bench.add", "inputs": {"a": {"from": "x"}, "b": 2}},
        "z": {"type": "bench.add", "inputs": {"a": {"from": "y"}, "b": 3}},
    },
    "outputs": {"number": {"from": "z"}},
}
DIGGING = {
    "studio": 1,
    "inputs": {"a": {"type": "int"}},
    "nodes": {"dig": {"type": "bench.dig", "inputs": {"a": {"from": "inputs.a"}}}},
    "outputs": {"number": {"from": "dig"}},
}
PAINTING = {
    "studio": 1,
    "inputs": {"prompt": {"type": "text"}, "seed": {"type": "int"}},
    "nodes": {
        "paint": {
            "type": "diffusion.text_to_image",
            "inputs": {"prompt": {"from": "inputs.prompt"}, "seed": {"from": "inputs.seed"}},
        }
    },
    "outputs": {"picture": {"from": "paint"}},
}
THINGS = ("an apple", "a rose", "a cat", "a dog", "a fish", "a tree", "a car", "a house")


@node("bench.add", code=1)
def add(ctx: Context, a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


class Plugin:
    """The trivial node type, in this process."""

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return it."""
        return [add]


def open_studio(folder: Path, *, plugin: bool = False) -> Studio:
    """Return a Studio with a fresh cache; with the plugin's file if worker processes must find it."""
    if plugin:
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins/studio_bench.py").write_text(PLUGIN, encoding="utf-8")
        return Studio(load_settings(cache_dir=folder / "cache", plugins_dir=folder / "plugins"))
    return Studio(load_settings(cache_dir=folder / "cache"), plugins=[("bench", Plugin())], discover=False)


def time_it(work: Callable[[], object]) -> float:
    """Return the wall time of a piece of work."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def exhaust(items: Iterator[Any]) -> int:
    """Go through results; all must be well."""
    count = 0
    for item in items:
        assert item.error is None, item.error
        count += 1
    return count


def measure_overhead(count: int = 2000, repeats: int = 3) -> list[str]:
    """(a) Three trivial nodes per item: values handed back, and with a ledger and files."""
    from studio.testing import TestContext

    context = TestContext()
    rows = [{"a": 10 * number} for number in range(count)]

    def loop() -> None:
        for row in rows:
            add(context, add(context, add(context, row["a"]), 2), 3)

    loops, values, files = [], [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder, open_studio(Path(folder)) as studio:
            loops.append(time_it(loop))
            values.append(time_it(lambda studio=studio: exhaust(package.batch(CHAIN, rows, studio=studio))))
            out = Path(folder) / "out"
            made = rows[: count // 4]
            files.append(
                4 * time_it(lambda s=studio, o=out, m=made: exhaust(package.batch(CHAIN, m, o, studio=s, workers=0)))
            )
    plain, held, written = (1e3 * min(seconds) / count for seconds in (loops, values, files))
    return [
        f"(a) {count} items of three trivial nodes, milliseconds per item, best of {repeats}: plain loop {plain:.4f}; "
        f"batch {held:.2f}, so {held - plain:.2f} of overhead; with a ledger and a synced file each {written:.2f}",
    ]


def measure_stacks(count: int = 16, repeats: int = 3) -> list[str]:
    """(b) Pictures of the small model, stacked over items, against a loop over the node function."""
    from studio.testing import TestContext

    ratios = []
    with tempfile.TemporaryDirectory() as folder, Studio(load_settings(cache_dir=Path(folder) / "cache")) as studio:
        paint = studio.registry.node_types["diffusion.text_to_image"]
        context = TestContext(
            device=studio.device.name,
            dtype=studio.device.dtype,
            open_model=lambda model: studio.models.open(model, studio.device, lambda *_: None),
        )
        exhaust(package.batch(PAINTING, [{"prompt": "warm", "seed": 0}], studio=studio, cache="off"))
        loops, batches = [], []
        for repeat in range(repeats):
            rows = [{"prompt": THINGS[n % len(THINGS)], "seed": 100 * repeat + n} for n in range(count)]
            loops.append(time_it(lambda rows=rows: [paint.function(context, **row) for row in rows]))
            batches.append(
                time_it(lambda rows=rows: exhaust(package.batch(PAINTING, rows, studio=studio, cache="off", window=16)))
            )
            ratios.append(loops[-1] / batches[-1])
        device = studio.device.name
    return [
        f"(b) {count} pictures of builtin:mini on {device}: loop {count / min(loops):.2f} a second, batch "
        f"{count / min(batches):.2f}; ratio {min(loops) / min(batches):.2f} of the best, "
        f"{statistics.median(ratios):.2f} at the median of {repeats} turns",
    ]


def measure_equal(count: int = 10_000) -> list[str]:
    """(c) Items half of which are equal: how often their node ran."""
    with tempfile.TemporaryDirectory() as folder, open_studio(Path(folder)) as studio:
        rows = [{"a": 10 * (number // 2)} for number in range(count)]
        calls = ran = 0
        begin = time.perf_counter()
        for item in package.batch(CHAIN, rows, studio=studio):
            calls, ran = calls + item.calls, ran + item.calls - item.cached
        seconds = time.perf_counter() - begin
    return [f"(c) {count} items, half of them equal: {ran} of {calls} calls ran ({ran / calls:.1%}), {seconds:.1f} s"]


def measure_memory() -> list[str]:
    """(d) Peak memory of a process that does 100 items and of one that does 10,000."""
    peaks = {}
    for count in (100, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--peak", str(count), folder]
            peaks[count] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    few, many = (peaks[count]["bytes"] for count in (100, 10_000))
    return [
        f"(d) peak memory with a ledger and files: {few / 2**20:.1f} MiB at 100 items, {many / 2**20:.1f} MiB at "
        f"10,000; ratio {many / few:.3f}"
    ]


def measure_long(count: int = 100_000) -> list[str]:
    """(f) A long batch: killed in the middle and gone on, how much memory it takes, and whether anything is lost."""
    with tempfile.TemporaryDirectory() as name:
        folder, begin = Path(name), time.perf_counter()
        command = [sys.executable, __file__, "--peak", str(count), name]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as first:
            while (done := _count_done(folder / "out")) < count * 2 // 5 and first.poll() is None:
                time.sleep(0.5)
            first.kill()
        killed = time.perf_counter() - begin
        peak = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["bytes"]
        seconds = time.perf_counter() - begin
        with Ledger(folder / "out") as ledger:
            summary, attempts = ledger.summary(), sum(row.attempts for row in ledger.items())
        files = sum(1 for entry in os.scandir(folder / "out") if entry.is_file())
    return [
        f"(f) {count} items, killed at {done} after {killed:.0f} s, gone on: {summary.counts[ItemState.DONE]} done in "
        f"{seconds:.0f} s, {attempts} results counted, {files} files, peak {peak / 2**20:.1f} MiB"
    ]


def _count_done(folder: Path) -> int:
    if not (folder / LEDGER_NAME).is_file():
        return 0
    with Ledger(folder) as ledger:
        return ledger.summary().counts[ItemState.DONE]


def show_peak(count: int, folder: Path) -> None:
    """Do items with a ledger and files in this process, and print its peak memory."""
    with open_studio(folder) as studio:
        rows = ({"a": n} for n in range(count))
        assert exhaust(package.batch(CHAIN, rows, folder / "out", studio=studio, workers=0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"bytes": peak}))


def measure_workers(count: int = 240) -> list[str]:
    """(e) One worker process and two, on work that holds the interpreter."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(2):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder, open_studio(Path(folder), plugin=True) as studio:
                rows = [{"a": number + 1000 * turn} for number in range(count)]
                seconds[workers].append(_time_from_first(studio, rows, Path(folder) / "out", workers))
    one, two = min(seconds[1]), min(seconds[2])
    return [
        f"(e) {count} items that hold the interpreter, from the first result on: one worker {one:.1f} s, "
        f"two {two:.1f} s; ratio {one / two:.2f} on {os.cpu_count()} cores"
    ]


def _time_from_first(studio: Studio, rows: list[dict[str, int]], out: Path, workers: int) -> float:
    begin = None
    for _ in package.batch(DIGGING, rows, out, studio=studio, workers=workers, window=8):
        begin = begin or time.perf_counter()
    return time.perf_counter() - (begin or 0.0)


PARTS = {
    "a": measure_overhead,
    "b": measure_stacks,
    "c": measure_equal,
    "d": measure_memory,
    "e": measure_workers,
    "f": measure_long,
}


def main() -> None:
    """Print the figures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        show_peak(int(options.peak[0]), Path(options.peak[1]))
        return
    print(f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    for part in options.only or sorted(PARTS):
        print("\n".join(f"- {line}" for line in PARTS[part]()), flush=True)


if __name__ == "__main__":
    main()
