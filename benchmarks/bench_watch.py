"""How long `studio run --watch` takes from a save to the new file, in a pseudo-terminal.

    python benchmarks/bench_watch.py            the table, in Markdown

The caption of graphs/poster.json is saved, and then the code of a plugin. A save ends when the file is there and the
run is over, its manifest written too. Processor time is that of the whole process for one save, its waiting included.
"""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

SAVES = 9
PATIENCE_SECONDS = 180
GRAPHS = Path(__file__).parents[1] / "graphs"
STUDIO = [sys.executable, "-c", "from studio.cli.main import main; main()"]
PLUGIN = '''
from studio.api import Context, hookimpl, node


@node("shout.add")
def add(ctx: Context, text: str) -> str:
    """Add marks.

    Args:
        text: Any text.
    """
    return text + "MARKS"


@hookimpl
def studio_node_types():
    return [add]
'''
SHOUT = {
    "studio": 1,
    "nodes": {"shout": {"type": "shout.add", "inputs": {"text": "hello"}}},
    "outputs": {"shout": {"from": "shout"}},
}


def main() -> None:
    """Print the table."""
    print("| saved | median ms | fastest ms | processor ms |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        folder = Path(name)
        shutil.copytree(GRAPHS, folder / "graphs")
        poster = folder / "graphs/poster.json"
        text = poster.read_text(encoding="utf-8")
        caption = json.loads(text)["inputs"]["caption"]["default"]
        measure("the caption of the poster", folder, poster, poster, lambda n: text.replace(caption, f"number {n}"))
        plugin, graph = folder / "plugins/studio_shout.py", folder / "shout.json"
        plugin.write_text(PLUGIN, encoding="utf-8")
        graph.write_text(json.dumps(SHOUT), encoding="utf-8")
        measure("the code of a plugin", folder, graph, plugin, lambda n: PLUGIN.replace("MARKS", f"!{n}"))


def measure(name: str, folder: Path, graph: Path, saved: Path, make: Callable[[int], str]) -> None:
    """Save a file some times, and print a row."""
    (folder / "plugins").mkdir(exist_ok=True)
    master, slave = pty.openpty()
    command = [
        *STUDIO,
        "run",
        str(graph),
        "-o",
        str(folder / "out"),
        "--plugins-dir",
        str(folder / "plugins"),
        "--watch",
    ]
    environment = os.environ | {"STUDIO_CACHE_DIR": str(folder / "cache")}
    # In this session, as Linux schedules each session for itself: on a busy machine a new one would lose the priority
    # that this one was given.
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, process_group=0)
    os.close(slave)
    try:
        figures = measure_saves(master, process.pid, saved, make)
        print(f"| {name} | {' | '.join(f'{1000 * seconds:.0f}' for seconds in figures)} |", flush=True)
    except TimeoutError as error:
        print(f"| {name} | none in {PATIENCE_SECONDS} s | | |\n\n{error}", flush=True)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def measure_saves(terminal: int, pid: int, saved: Path, make: Callable[[int], str]) -> tuple[float, float, float]:
    """Save a file some times; return the median, the shortest and the processor seconds."""
    wait_for(terminal, b"Ctrl-C ends")
    wall, processor = [], []
    for number in range(SAVES):
        sleep(0.3)
        used, begin = read_processor_seconds(pid), perf_counter()
        temporary = saved.with_name("unsaved~")
        temporary.write_text(make(number), encoding="utf-8")
        temporary.replace(saved)
        wait_for(terminal, b"from the cache")
        wall.append(perf_counter() - begin)
        processor.append(read_processor_seconds(pid) - used)
    return statistics.median(wall), min(wall), statistics.median(processor)


def wait_for(terminal: int, text: bytes) -> None:
    """Read what is shown until a text comes.

    Raises:
        TimeoutError: It does not come, or the process ends; with what was shown.
    """
    shown, end = b"", perf_counter() + PATIENCE_SECONDS
    while text not in shown:
        left = max(0.0, end - perf_counter())
        part = _read(terminal) if select.select([terminal], [], [], left)[0] else b""
        if not part:
            raise TimeoutError(shown.decode(errors="replace"))
        shown += part


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # what Linux says once the process has ended
        return b""


def read_processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
