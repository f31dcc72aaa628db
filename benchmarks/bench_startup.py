"""What a command costs that has nothing to compute: processor and wall time of whole processes.

    python benchmarks/bench_startup.py            the table, in Markdown
    python benchmarks/bench_startup.py --first    the first use of what is in the box, beside `import torch`

`studio run` of a fully cached poster, and the commands that only read, are measured against a Python that
does no more than import what such a run needs. The processes take turns, so that a change of the machine's
load meets all of them; each figure is the median of seven. Python keeps the bytecode of all of them in a folder of
the benchmark's own, as it does for an installed package. With `--first` it is the median of three, each with an
empty cache, and `STUDIO_BENCH_PYTHONPATH` names another checkout to take turns with: its folder, ":", its `plugins`.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

REPEATS, FIRST_REPEATS = 7, 3
MOST_PROCESSOR, MOST_WALL = 1.7, 2.0
STUDIO = [sys.executable, "-c", "from studio.cli.main import main; main()"]
IMPORTS = "import numpy, PIL.Image, pydantic, networkx"
GRAPHS = Path(__file__).parents[1] / "graphs"
GRAPH = GRAPHS / "poster.json"
FIRST = ("text_to_image", "sketch_to_image", "enlarge_photo", "speak")


@dataclass
class Command:
    """A command, and the seconds that each of its processes took."""

    name: str
    arguments: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    processor: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def measure(self, environment: Mapping[str, str]) -> None:
        """Run it once."""
        begin, before = perf_counter(), os.times()
        subprocess.run(self.arguments, env={**environment, **self.variables}, check=True, capture_output=True)
        self.wall.append(perf_counter() - begin)
        after = os.times()
        self.processor.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )


def main() -> None:
    """Print the table that was asked for."""
    measure_first() if "--first" in sys.argv[1:] else measure_commands()


def measure_first() -> None:
    """Print what the first run of graphs costs that need nothing but what is in the box."""
    other = os.environ.get("STUDIO_BENCH_PYTHONPATH")
    commands = [Command('python -c "import torch"', [sys.executable, "-c", "import torch"])]
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        for name in FIRST:
            run = [*STUDIO, "run", str(GRAPHS / f"{name}.json"), "-o", f"{folder}/out", "--quiet"]
            commands.append(Command(f"studio run {name}", run))
            if other:
                commands.append(Command(f"the same, {other.partition(':')[0]}", run, {"PYTHONPATH": other}))
        for turn in range(FIRST_REPEATS):
            for number, command in enumerate(commands):
                command.measure({**keep_bytecode(folder), "STUDIO_CACHE_DIR": f"{folder}/cache-{turn}-{number}"})
    show(commands, FIRST_REPEATS)


def measure_commands() -> None:
    """Print what commands cost that have nothing to compute."""
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        run = [*STUDIO, "run", str(GRAPH), "-o", f"{folder}/out", "--quiet"]
        completing = {"_STUDIO_COMPLETE": "bash_complete", "COMP_WORDS": "studio r", "COMP_CWORD": "1"}
        commands = [
            Command(f'python -c "{IMPORTS}"', [sys.executable, "-c", IMPORTS]),
            Command("studio run, fully cached", run),
            Command("studio --help", [*STUDIO, "--help"]),
            Command("completion of studio r", STUDIO, completing),
            Command("studio nodes", [*STUDIO, "nodes"]),
            Command("studio validate", [*STUDIO, "validate", str(GRAPH)]),
            Command("studio explain, fully cached", [*STUDIO, "explain", str(GRAPH)]),
        ]
        environment = {**keep_bytecode(folder), "STUDIO_CACHE_DIR": f"{folder}/cache"}
        print("Filling the cache ...", file=sys.stderr)
        for command in commands:
            subprocess.run(command.arguments, env={**environment, **command.variables}, check=True, capture_output=True)
        for _ in range(REPEATS):
            for command in commands:
                command.measure(environment)
    show(commands, REPEATS)


def keep_bytecode(folder: str) -> dict[str, str]:
    """Return the environment of processes that keep bytecode, whatever this one does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}


def show(commands: Sequence[Command], repeats: int) -> None:
    """Print the medians, and how many times the first command's they are."""
    processor = statistics.median(commands[0].processor)
    wall = statistics.median(commands[0].wall)
    print("| command | processor, ms | times the first | wall, ms | times the first | aim |")
    print("|---|---|---|---|---|---|")
    for command in commands:
        own_processor, own_wall = statistics.median(command.processor), statistics.median(command.wall)
        aim = (
            f"at most {MOST_PROCESSOR:g} and {MOST_WALL:g} times" if command.name.endswith("run, fully cached") else ""
        )
        print(
            f"| `{command.name}` | {own_processor * 1e3:.0f} | {own_processor / processor:.2f} "
            f"| {own_wall * 1e3:.0f} | {own_wall / wall:.2f} | {aim} |"
        )
    print(f"\nPython {platform.python_version()}, {platform.machine()}; median of {repeats}, interleaved.")


if __name__ == "__main__":
    main()
