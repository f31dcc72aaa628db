"""The command line in a folder of its own: in this process where that is enough, in a real one where it matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command led to."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The whole answer of a command that was given `--json`."""
        return json.loads(self.out)

    @property
    def json(self) -> Any:
        """The data in it."""
        return self.answer["data"]

    @property
    def text(self) -> str:
        return self.out + self.err


class Desk:
    """A folder with small pictures, and the command line to use in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def write_graph(self, name: str, document: Mapping[str, Any]) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"studio": 1, **document}), encoding="utf-8")
        return path

    def write_picture(self, name: str, color: str = "red", size: tuple[int, int] = (40, 30)) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, color).save(path)
        return path

    def call(self, *args: str | Path) -> Done:
        """Use the command line in this process."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(arg) for arg in args])
        captured = self._capture.readouterr()
        if "--debug" not in args and os.environ.get("STUDIO_DEBUG") != "1":
            assert "Traceback" not in captured.out + captured.err
        assert "a bug in Studio" not in captured.err, captured.err
        return Done(int(exit_.value.code or 0), captured.out, captured.err)

    def succeed(self, *args: str | Path) -> Done:
        """Use the command line in this process; a failure fails the test, with what was printed."""
        done = self.call(*args)
        assert done.code == 0, done.text
        return done

    def start(self, *args: str | Path, **more: Any) -> subprocess.Popen[str]:
        """Start the command line as a process."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": self.folder}
        return subprocess.Popen([sys.executable, "-c", _SCRIPT, *map(str, args)], **{**streams, **more})

    def call_process(self, *args: str | Path, **more: Any) -> Done:
        """Use the command line in a process of its own."""
        process = self.start(*args, **more)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in (out or "") + (err or "")
        return Done(process.returncode, out or "", err or "")

    def list_modules(self, *args: str | Path) -> set[str]:
        """Return the modules that a command loads, in a process of its own; it must succeed."""
        done = self.call_process(*args, env={**os.environ, "LIST_MODULES": "modules.txt"})
        assert done.code == 0, done.text
        return set((self.folder / "modules.txt").read_text(encoding="utf-8").split())

    def count(self, *args: str | Path) -> tuple[int, int]:
        """Run a graph; return how many calls ran and how many came from the cache."""
        done = self.call("run", *args, "--json")
        assert done.code == 0, done.text
        cache = done.json["cache"]
        return cache["calls"] - cache["hits"], cache["hits"]


_SCRIPT = """
import os, sys
from studio.cli.main import main
sys.argv[0] = "studio"
try:
    main()
finally:
    if "LIST_MODULES" in os.environ:
        open(os.environ["LIST_MODULES"], "w").write("\\n".join(sys.modules))
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A fresh folder to work in, its cache and data its own, and no settings of the machine's."""
    for name in [name for name in os.environ if name.startswith("STUDIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Desk(work, capsys)


@pytest.fixture
def card(desk: Desk) -> Path:
    """A graph without files: a coloured card with words on it, and what they are."""
    return desk.write_graph("card.json", {
        "inputs": {
            "words": {"type": "text", "default": "Hello"},
            "width": {"type": "int", "default": 32, "minimum": 8, "maximum": 64},
        },
        "nodes": {
            "ground": {"type": "image.new", "inputs": {
                "width": {"from": "inputs.width"}, "height": 24, "color": "teal"}},
            "words": {"type": "image.caption", "inputs": {
                "image": {"from": "ground"}, "text": {"from": "inputs.words"}}},
            "loud": {"type": "logic.join_text", "inputs": {"texts": [{"from": "inputs.words"}, "!"], "separator": ""}},
        },
        "outputs": {"picture": {"from": "words"}, "shout": {"from": "loud"}},
    })  # fmt: skip


@pytest.fixture
def poster(desk: Desk) -> Callable[..., Path]:
    """Write the graph of graphs/poster.json, small: a name for each node, and whether keys are turned round."""

    def write(rename: Callable[[str], str] = str, *, reverse: bool = False) -> Path:
        desk.write_picture("media/photo.png", "orange", (48, 40))
        Image.radial_gradient("L").resize((40, 40)).convert("RGB").save(desk / "media/painting.png")
        n = rename
        finish = {
            "inputs": {"picture": {"type": "image"}},
            "nodes": {
                n("tone"): {"type": "image.adjust", "inputs": {"image": {"from": "inputs.picture"}, "contrast": 1.06}},
                n("crisp"): {
                    "type": "image.sharpen",
                    "inputs": {"image": {"from": n("tone")}, "radius": 1.2, "amount": 0.5},
                },
            },
            "outputs": {"picture": {"from": n("crisp")}},
        }
        whole = {
            "inputs": {
                "photo": {"type": "image", "default": {"file": "media/photo.png"}},
                "painting": {"type": "image", "default": {"file": "media/painting.png"}},
                "caption": {"type": "text", "default": "Palace"},
            },
            "nodes": {
                n("frame"): {"type": "image.resize", "inputs": {
                    "image": {"from": "inputs.photo"}, "width": 40, "height": 40}},
                n("paint"): {"type": "style.transfer", "inputs": {
                    "content": {"from": n("frame")}, "style": {"from": "inputs.painting"}, "quality": "draft"}},
                n("finish"): {"type": "graph:parts/finish.json", "inputs": {"picture": {"from": n("paint")}}},
                n("caption"): {"type": "image.caption", "inputs": {
                    "image": {"from": n("finish") + ".picture"}, "text": {"from": "inputs.caption"},
                    "layout": "print"}},
            },
            "outputs": {"poster": {"from": n("caption")}},
        }  # fmt: skip
        turn = _reverse if reverse else (lambda value: value)
        desk.write_graph("parts/finish.json", turn(finish))
        return desk.write_graph("poster.json", turn(whole))

    return write


def _reverse(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reverse(entry) for key, entry in reversed(value.items())}
    return value


STEPPER = '''
"""A plugin with a node that takes long, and says when it has begun."""

import time
from pathlib import Path

from studio.api import Context, hookimpl, node


@node("slow.count")
def count(ctx: Context, number: int, *, steps: int = 1000, deaf: bool = False) -> int:
    """Count slowly.

    Args:
        number: What to return.
        steps: How many steps of ten milliseconds.
        deaf: Whether to report no steps, so that it cannot be cancelled.
    """
    Path("began").touch()
    for done in range(steps):
        if not deaf:
            ctx.step(done, steps)
        time.sleep(0.01)
    return number


@hookimpl
def studio_node_types():
    return [count]
'''


@pytest.fixture
def slow(desk: Desk) -> list[str]:
    """A graph with a node that takes hours, as arguments of `studio run`; its steps and deafness are inputs."""
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_slow.py").write_text(STEPPER, encoding="utf-8")
    graph = desk.write_graph("slow.json", {
        "inputs": {"steps": {"type": "int", "default": 1_000_000}, "deaf": {"type": "bool", "default": False}},
        "nodes": {
            "first": {"type": "image.new", "inputs": {"width": 8, "height": 8}},
            "size": {"type": "image.info", "inputs": {"image": {"from": "first"}}},
            "count": {"type": "slow.count", "inputs": {
                "number": {"from": "size.width"}, "steps": {"from": "inputs.steps"}, "deaf": {"from": "inputs.deaf"}}},
        },
        "outputs": {"number": {"from": "count"}},
    })  # fmt: skip
    return [str(graph), "--plugins-dir", "plugins"]
