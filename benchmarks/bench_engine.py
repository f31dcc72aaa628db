"""What the engine itself costs: microseconds per node of chains and fans of trivial nodes.

    python benchmarks/bench_engine.py            the table, in Markdown
    python benchmarks/bench_engine.py --quick    up to 1,000 nodes
    python benchmarks/bench_engine.py --cpu      processor time of all threads: what to look at on a busy machine

Every figure is the best of several repeats, for other work on the machine can only add to it. A plain loop that
calls the same functions in the same order is measured beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import Context, hookimpl, node
from studio.app import Studio
from studio.execution.plan import Plan
from studio.graph import parse_graph
from studio.settings import load_settings

SIZES = (10, 100, 1_000, 10_000)
PHASES = ("plan", "memory cold", "memory cached", "disk cold", "disk cached")
AIMS = {"memory cold": 150.0, "memory cached": 60.0}
EXPONENT_AIM = 1.05
SECONDS_PER_FIGURE = 3.5
MOST_REPEATS = 7


@node("bench.add")
def add(ctx: Context, a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


class Plugin:
    """The one node type of this benchmark."""

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return it."""
        return [add]


# -- what is measured ---------------------------------------------------------------------------------------


def build_chain(size: int) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": {"type": "bench.add", "inputs": {"a": 0}}}
    for index in range(1, size):
        nodes[f"n{index}"] = {"type": "bench.add", "inputs": {"a": {"from": f"n{index - 1}"}}}
    return {"studio": 1, "nodes": nodes, "outputs": {"end": {"from": f"n{size - 1}"}}}


def build_fan(size: int) -> dict[str, Any]:
    """Return a graph in which all nodes but the first take what the first made, and every one is an output."""
    nodes: dict[str, Any] = {"n0": {"type": "bench.add", "inputs": {"a": 0}}}
    for index in range(1, size):
        nodes[f"n{index}"] = {"type": "bench.add", "inputs": {"a": {"from": "n0"}, "b": index}}
    outputs = {f"o{index}": {"from": f"n{index}"} for index in range(1, size)}
    return {"studio": 1, "nodes": nodes, "outputs": outputs}


def loop_chain(ctx: Any, size: int) -> int:
    """Do what the chain does in a plain loop."""
    value = add(ctx, 0)
    for _ in range(1, size):
        value = add(ctx, value)
    return value


def loop_fan(ctx: Any, size: int) -> int:
    """Do what the fan does in a plain loop."""
    first = value = add(ctx, 0)
    for index in range(1, size):
        value = add(ctx, first, index)
    return value


SHAPES = {"chain": (build_chain, loop_chain), "fan": (build_fan, loop_fan)}


@dataclass
class Row:
    """The best seconds of each phase for one graph, by one clock."""

    shape: str
    size: int
    clock: Callable[[], float]
    loop: float = math.inf
    seconds: dict[str, float] = field(default_factory=dict)

    def keep(self, phase: str, seconds: float) -> None:
        """Keep the time if it is the best so far."""
        self.seconds[phase] = min(seconds, self.seconds.get(phase, math.inf))


# -- measuring ----------------------------------------------------------------------------------------------


@contextmanager
def open_studio(folder: Path, on_disk: bool) -> Iterator[Studio]:
    """Open a Studio whose parts are ready, so that a figure holds the run alone."""
    settings = load_settings(cache_dir=folder, device="cpu")
    with Studio(settings, plugins=[("bench", Plugin())], discover=False, on_disk=on_disk) as studio:
        assert studio.executor is not None
        yield studio


def run_plan(row: Row, studio: Studio, plan: Plan, expected: int, cached: bool) -> float:
    """Run a plan, check what it made, and return how long it took."""
    gc.collect()
    begin = row.clock()
    outcome = studio.executor.execute(plan)
    seconds = row.clock() - begin
    assert outcome.status == "done", outcome.errors
    assert outcome.load(list(outcome.results.values())[-1]) == expected
    assert all(record.cached == int(cached) for record in outcome.records.values())
    return seconds


def measure_loop(row: Row) -> None:
    """Measure the plain loop."""
    loop = SHAPES[row.shape][1]
    for _ in range(max(5, 20_000 // row.size)):
        begin = row.clock()
        loop(None, row.size)
        row.loop = min(row.loop, row.clock() - begin)


def measure(shape: str, size: int, clock: Callable[[], float]) -> Row:
    """Measure all phases for one graph."""
    row = Row(shape, size, clock)
    measure_loop(row)
    text = json.dumps(SHAPES[shape][0](size))
    expected = SHAPES[shape][1](None, size)
    for on_disk in (False, True):
        deadline = time.perf_counter() + SECONDS_PER_FIGURE
        for _ in range(MOST_REPEATS):
            with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
                measure_once(row, text, expected, Path(folder), on_disk)
            if time.perf_counter() > deadline:
                break
    return row


def measure_once(row: Row, text: str, expected: int, folder: Path, on_disk: bool) -> None:
    """Measure planning, a cold and a cached run once; from the disk tier the cached run has a fresh Studio."""
    tier = "disk" if on_disk else "memory"
    with open_studio(folder, on_disk) as studio:
        gc.collect()
        begin = row.clock()
        plan = studio.plan(parse_graph(text))
        row.keep("plan", row.clock() - begin)
        row.keep(f"{tier} cold", run_plan(row, studio, plan, expected, cached=False))
        if not on_disk:
            row.keep("memory cached", run_plan(row, studio, plan, expected, cached=True))
    if on_disk:
        with open_studio(folder, on_disk) as studio:
            row.keep("disk cached", run_plan(row, studio, studio.plan(parse_graph(text)), expected, cached=True))


# -- showing ------------------------------------------------------------------------------------------------


def find_exponent(points: Sequence[tuple[int, float]]) -> float:
    """Return the slope of log time against log size, by least squares."""
    logs = [(math.log(size), math.log(seconds)) for size, seconds in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def show_row(row: Row) -> str:
    """Return the line of one graph: microseconds per node, and how many plain calls that is."""
    loop = row.loop / row.size * 1e6
    cells = [f"{row.shape} of {row.size:,}", f"{loop:.2f}"]
    for phase in PHASES:
        cost = row.seconds[phase] / row.size * 1e6
        cells.append(f"{cost:.0f} (x{cost / loop:,.0f})")
    return "| " + " | ".join(cells) + " |"


def show_exponents(shape: str, rows: Sequence[Row]) -> str:
    """Return the line of a shape's growth exponents."""
    cells = [f"{shape}: exponent", ""]
    cells += [f"{find_exponent([(r.size, r.seconds[phase]) for r in rows if r.size >= 100]):.3f}" for phase in PHASES]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure what the engine costs per node.")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 nodes only")
    parser.add_argument("--cpu", action="store_true", help="measure processor time, not wall time")
    chosen = parser.parse_args()
    sizes = SIZES[:-1] if chosen.quick else SIZES
    clock, kind = (time.process_time, "processor") if chosen.cpu else (time.perf_counter, "wall")
    begin = time.perf_counter()
    print(f"Microseconds of {kind} time per node, best of several; in brackets how many plain calls that is.\n")
    print("| graph | plain loop | parse, validate, plan | memory, cold | memory, cached | disk, cold | disk, cached |")
    print("|---|---|---|---|---|---|---|")
    exponents = []
    for shape in SHAPES:
        rows = []
        for size in sizes:
            rows.append(measure(shape, size, clock))
            print(show_row(rows[-1]), flush=True)
        exponents.append(show_exponents(shape, rows))
    aims = [f"under {AIMS[phase]:.0f}, exponent at most {EXPONENT_AIM}" if phase in AIMS else "" for phase in PHASES]
    print("\n".join(exponents))
    print(f"| aim | | {' | '.join(aims)} |")
    system = f"Python {platform.python_version()}, {platform.machine()}"
    print(f"\n{system}; exponents from 100 to {sizes[-1]:,} nodes; took {time.perf_counter() - begin:.0f} s.")


if __name__ == "__main__":
    main()
