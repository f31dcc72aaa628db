"""Whether another commit and this one do the same: cached results, written files, manifests, speed of the engine.

    python benchmarks/compare_commits.py 3f123f4                  every ready graph
    python benchmarks/compare_commits.py 3f123f4 poster speak     some of them
    python benchmarks/compare_commits.py 3f123f4 --cold           also runs them anew, which takes minutes
    python benchmarks/compare_commits.py 3f123f4 --engine 3       the engine's microseconds, old and new in turn

Both commits are laid out in a temporary folder. The old one fills a cache and then runs every graph from it; the new
one runs from the same cache. Equal means: the nodes that run are those of the old one, files equal byte for byte,
manifests equal but for times, names of runs, versions and places. Files are read once more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "from studio.cli.main import main; main()"
SUMMARY = re.compile(r"\d+ run, \d+ from the cache")
CELL = re.compile(r"^(\d[\d,]*(?:\.\d+)?)")


@dataclass(frozen=True)
class Tree:
    """A commit, laid out in a folder of its own."""

    name: str
    folder: Path

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this tree."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "STUDIO_CONFIG": os.devnull}
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def run_graph(self, graph: str, out: str, cache: Path) -> subprocess.CompletedProcess[str]:
        """Run a ready graph."""
        return self.call("-c", PROGRAM, "run", f"graphs/{graph}.json", "-o", out, "--cache-dir", str(cache))


@dataclass
class Comparison:
    """What was found of one graph."""

    graph: str
    summary: str = ""
    files: int = 0
    differences: list[str] = field(default_factory=list)


def lay_out(commit: str, folder: Path) -> Tree:
    """Unpack a commit, unless that was done already."""
    if folder.exists():
        return Tree(commit, folder)
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    mark_released(folder)
    return Tree(commit, folder)


def mark_released(folder: Path) -> None:
    """Lay a tree out as an installer lays out a release, so that its version names its code in the cache."""
    plugins = [path for path in (folder / "plugins").glob("studio_*") if path.is_dir()]
    for plugin in plugins:
        (folder / plugin.name).symlink_to(plugin)
    info = folder / "studio-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: studio\nVersion: 0.1.0\n", encoding="utf-8")
    points = "".join(f"{plugin.name.replace('_', '-')} = {plugin.name}\n" for plugin in sorted(plugins))
    (info / "entry_points.txt").write_text(f"[studio]\n{points}", encoding="utf-8")


def find_summary(done: subprocess.CompletedProcess[str]) -> str:
    """Return how many nodes ran and how many came from the cache, or the end of what went wrong."""
    match = SUMMARY.search(done.stdout + done.stderr)
    return match[0] if match else done.stderr.strip()[-200:]


def list_ran(folder: Path) -> set[str]:
    """Return the nodes that ran, without those that read files: they count the code that reads, which 0.1.0 did not."""
    with contextlib.suppress(ValueError):
        nodes = read_manifest(folder)["nodes"]
        return {name for name, node in nodes.items() if node["cached"] < node["calls"] and not name.startswith("file:")}
    return set()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the only run that wrote into a folder, without what differs from run to run."""
    (path,) = (folder / ".studio").glob("*.json")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name in ("run", "started", "seconds", "folder", "studio", "models", "machine"):
        manifest.pop(name, None)
    manifest["graph"].pop("path", None)
    for node in manifest["nodes"].values():
        node.pop("seconds", None)
    for output in manifest["outputs"].values():
        for file in output["files"]:
            file["path"] = Path(file["path"]).name
    return manifest


def find_differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Yield the places where two JSON documents differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from find_differences(old.get(name), new.get(name), f"{where}/{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from find_differences(one, other, f"{where}/{index}")
    elif old != new:
        yield f"{where}: {str(old)[:60]} / {str(new)[:60]}"


def compare_files(old: Path, new: Path) -> tuple[int, list[str]]:
    """Return how many files there are, and those that differ."""
    names = {
        path.relative_to(folder)
        for folder in (old, new)
        for path in folder.rglob("*")
        if path.is_file() and ".studio" not in path.parts
    }
    unequal = [
        f"file {name}"
        for name in sorted(names)
        if not ((old / name).is_file() and (new / name).is_file())
        or (old / name).read_bytes() != (new / name).read_bytes()
    ]
    return len(names), unequal


def compare_graph(graph: str, old: Tree, new: Tree, place: Path, *, cold: bool) -> Comparison:
    """Run one graph with both trees."""
    found, cache, ran = Comparison(graph), place / "caches" / graph, place / "ran" / graph
    if not ran.exists():
        first = old.run_graph(graph, f"out-first/{graph}", cache)
        if first.returncode:
            found.differences.append(f"the old commit failed: {first.stderr.strip()[-200:]}")
            return found
        ran.parent.mkdir(exist_ok=True)
        ran.write_text(find_summary(old.run_graph(graph, f"out-cached/{graph}", cache)), encoding="utf-8")
    before = ran.read_text(encoding="utf-8")
    new.run_graph(graph, f"out-read/{graph}", cache)
    if again := list_ran(new.folder / "out-read" / graph) - list_ran(old.folder / "out-cached" / graph):
        found.differences.append(f"made again: {', '.join(sorted(again))}")
        return found
    found.summary = find_summary(new.run_graph(graph, f"out-cached/{graph}", cache))
    if found.summary != before:  # nodes that write files of their own run each time
        found.differences.append(f"not from the cache: {found.summary}, old: {before}")
        return found
    folders = [tree.folder / "out-cached" / graph for tree in (old, new)]
    found.files, unequal = compare_files(*folders)
    found.differences += unequal + list(find_differences(*(read_manifest(folder) for folder in folders)))
    if cold:
        new.run_graph(graph, f"out-first/{graph}", place / "caches-new" / graph)
        folders = [tree.folder / "out-first" / graph for tree in (old, new)]
        found.differences += [f"cold: {line}" for line in compare_files(*folders)[1]]
        manifests = [read_manifest(folder) for folder in folders]
        found.differences += [f"cold: {line}" for line in find_differences(*manifests)]
    return found


def read_engine_table(text: str) -> dict[tuple[str, int], float]:
    """Return the microseconds of `bench_engine.py`'s table, by row and column."""
    cells: dict[tuple[str, int], float] = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if parts[0].startswith(("chain of", "fan of")):
            for column, part in enumerate(parts[2:], 2):
                match = CELL.match(part)
                if match:
                    cells[parts[0], column] = float(match[1].replace(",", ""))
    return cells


def compare_engines(old: Tree, new: Tree, turns: int) -> None:
    """Print the engine's times of both, each the best of its turns."""
    best: dict[str, dict[tuple[str, int], float]] = {old.name: {}, new.name: {}}
    for _ in range(turns):
        for tree in (old, new):
            table = read_engine_table(tree.call("benchmarks/bench_engine.py", "--quick", "--cpu").stdout)
            for cell, value in table.items():
                best[tree.name][cell] = min(value, best[tree.name].get(cell, value))
    columns = ("plan", "memory, cold", "memory, cached", "disk, cold", "disk, cached")
    print(f"\n| microseconds a node, new / old | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    ratios = []
    for row in dict.fromkeys(row for row, _ in best[old.name]):
        cells = []
        for column in range(2, 2 + len(columns)):
            before, after = best[old.name][row, column], best[new.name][row, column]
            ratios.append(after / before)
            cells.append(f"{after:g} / {before:g} = {after / before:.2f}")
        print(f"| {row} | {' | '.join(cells)} |")
    print(f"\nmedian ratio {sorted(ratios)[len(ratios) // 2]:.3f}, largest {max(ratios):.2f}")


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, and return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="the commit to compare with")
    parser.add_argument("graphs", nargs="*", help="names of ready graphs; all if none is given")
    parser.add_argument("--new", default="HEAD", help="the other commit")
    parser.add_argument("--cold", action="store_true", help="also run each graph anew")
    parser.add_argument("--engine", type=int, default=0, metavar="TURNS", help="compare only the engine's speed")
    parser.add_argument("--place", type=Path, help="a folder that keeps what the old commit made, for the next time")
    given = parser.parse_intermixed_args(words)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="studio-compare-") as name:
        place = given.place or Path(name)
        shutil.rmtree(place / "new", ignore_errors=True)
        old, new = lay_out(given.old, place / "old"), lay_out(given.new, place / "new")
        if given.engine:
            compare_engines(old, new, given.engine)
            return 0
        graphs = given.graphs or sorted(path.stem for path in (old.folder / "graphs").glob("*.json"))
        print("| graph | new commit | files | differences |\n|---|---|---|---|", flush=True)
        for graph in graphs:
            found = compare_graph(graph, old, new, place, cold=given.cold)
            failed += bool(found.differences)
            shown = "; ".join(found.differences[:6]) or "none"
            print(f"| {graph} | {found.summary} | {found.files} | {shown} |", flush=True)
    print(f"\n{len(graphs) - failed} of {len(graphs)} graphs are the same")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
