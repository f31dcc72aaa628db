"""Batches in a folder of their own: with fakes in this process, and with a plugin from a file in worker processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes import FakePlugin, Probe

from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import Group, list_rows
from studio.batch.spec import create_spec
from studio.settings import Settings

TROUBLE = '''"""Node types that work, and that make trouble."""

import ctypes
import os
import signal
import time
from typing import Annotated

import numpy as np

from studio.api import Context, Image, Unkeyed, hookimpl, node


@node("work.double", code=1)
def double(ctx: Context, a: int, *, log: Annotated[str, Unkeyed] = "") -> int:
    """Double a number, and say so in a file."""
    if log:
        with open(log, "a") as file:
            file.write(f"{a}\\n")
    return a * 2


@node("work.paint", code=1)
def paint(ctx: Context, seed: int, side: int = 24, pause: Annotated[float, Unkeyed] = 0.0) -> Image:
    """Make a picture of noise."""
    time.sleep(pause)
    return Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


@node("work.write_text", code=1)
def write_text(ctx: Context, number: int, length: int) -> str:
    """Make a text of so many characters."""
    return f"{number} " + "x" * length


class Mute(Exception):
    """Its text cannot be made."""

    def __str__(self):
        raise RuntimeError("no text")


@node("work.trouble", code=1)
def trouble(ctx: Context, a: int, kind: str = "") -> int:
    """Do what the kind says."""
    if kind == "raise":
        raise ValueError("this one is bad")
    if kind == "letters":
        raise ValueError("this one is \\ud800 bad \\udce9")
    if kind == "mute":
        raise Mute
    if kind == "exit":
        os._exit(7)
    if kind == "leave":
        os._exit(0)
    if kind == "segfault":
        ctypes.string_at(0)  # a signal that is sent may reach another thread, and this one goes on meanwhile
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "memory":
        raise MemoryError("too much")
    if kind == "disk":
        raise OSError(28, "No space left on device")
    if kind == "hang":
        time.sleep(600)
    return a + 1


@hookimpl
def studio_node_types():
    return [double, paint, write_text, trouble]
'''


def graph_of(
    nodes: Mapping[str, Any], inputs: Mapping[str, Any], outputs: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """Return a graph document; outputs are named by the node that makes them."""
    made = {name: {"from": source} for name, source in outputs.items()}
    return {"studio": 1, "inputs": dict(inputs), "nodes": dict(nodes), "outputs": made, **more}


def from_input(name: str) -> dict[str, str]:
    """Return an edge from a graph's input."""
    return {"from": f"inputs.{name}"}


ADDING = graph_of(
    {"sum": {"type": "fake.add", "inputs": {"a": from_input("a")}}}, {"a": {"type": "int"}}, {"sum": "sum"}
)
TROUBLED = graph_of(
    {"work": {"type": "work.trouble", "inputs": {"a": from_input("a"), "kind": from_input("kind")}}},
    {"a": {"type": "int"}, "kind": {"type": "text", "default": ""}},
    {"number": "work"},
)


@pytest.fixture
def probe() -> Probe:
    """What the fakes of this test report to."""
    return Probe()


@pytest.fixture
def studio(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes."""
    settings = Settings(cache_dir=tmp_path / "cache", workers=2)
    with Studio(settings, plugins=[("fakes", FakePlugin(probe))], discover=False) as made:
        yield made


@pytest.fixture
def working(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with the plugin that worker processes can load."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "studio_work.py").write_text(TROUBLE, encoding="utf-8")
    settings = Settings(cache_dir=tmp_path / "cache", plugins_dir=folder, device="cpu")
    with Studio(settings) as made:
        yield made


Make = Callable[..., Batch]


@pytest.fixture
def make(studio: Studio) -> Make:
    """Make a batch of the fakes: `make(graph, rows or groups, folder, **spec)`."""

    def made(
        graph: Mapping[str, Any], items: Sequence[Any], folder: Path | None = None, given: Any = None, **spec: Any
    ) -> Batch:
        groups: list[Group] = list(items) if items and callable(items[0]) else [list_rows(items)]
        return Batch(studio, create_spec(studio.load(graph), folder, **spec), groups, given=given)

    return made


def write_csv(path: Path, *lines: str) -> Path:
    """Write lines to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def start_batch(folder: Path, *args: str | Path) -> subprocess.Popen[str]:
    """Start `studio batch` in a process of its own."""
    code = f"import sys; sys.path[:0] = {[p for p in sys.path if p]!r}; from studio.cli.main import main; main()"
    command = [sys.executable, "-c", code, "batch", *map(str, args)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, text=True, **streams)  # type: ignore[call-overload,no-any-return]
