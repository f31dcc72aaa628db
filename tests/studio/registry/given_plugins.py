"""Small plugins, written to disk in every way that a plugin can be given, whose result every file of theirs changes."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from studio.app import Studio
from studio.settings import Settings

PACKAGE = {
    "__init__.py": """
from studio.api import hookimpl
from .nodes import number, read_ramp
from .ramps import RampType

FIRST = 1
number.first = lambda: FIRST

@hookimpl
def studio_node_types():
    return [number, read_ramp]

@hookimpl
def studio_value_types():
    return [RampType()]
""",
    "nodes.py": '''
import json
from pathlib import Path

from studio.api import Context, node
from .algorithm import find_second
from .ramps import Ramp

HERE = Path(__file__).parent
AT_IMPORT = json.loads((HERE / "early.json").read_text())

@node("{id}.number")
def number(ctx: Context, a: int = 0) -> int:
    """Return a number."""
    from .inner.lazy import FOURTH
    third = json.loads((HERE / "data" / "lut.json").read_text())
    return a + number.first() + find_second() + third + FOURTH + AT_IMPORT + 50000

@node("{id}.read_ramp")
def read_ramp(ctx: Context, ramp: Ramp) -> int:
    """Return a height."""
    return ramp.height
''',
    "algorithm.py": """
def find_second():
    return 10
""",
    "ramps.py": """
from typing import ClassVar

from studio.api import Packed, ValueType

class Ramp:
    studio_type: ClassVar[str] = "{id}_ramp"

    def __init__(self, height):
        self.height = height

class RampType(ValueType[Ramp]):
    name = "{id}_ramp"
    python = Ramp
    extensions = ("ramp",)

    def pack(self, value):
        return Packed({{"height": value.height}})

    def unpack(self, packed):
        return Ramp(packed.header["height"])

    def read_file(self, path, limits):
        return Ramp(int(path.read_text()) + 700000)
""",
    "inner/__init__.py": "",
    "inner/lazy.py": "FOURTH = 1000\n",
    "data/lut.json": "100",
    "early.json": "7000000",
}
"""A package; the sum of its node tells which files it was made from."""
EDITS = {
    "__init__.py": ("FIRST = 1", "FIRST = 2"),
    "nodes.py": ("50000", "60000"),
    "algorithm.py": ("10", "20"),
    "inner/lazy.py": ("1000", "2000"),
    "data/lut.json": ("100", "200"),
    "early.json": ("7000000", "8000000"),
}
"""Edits of the same length, so that neither size nor whole seconds show them."""

MODULE = {
    "{name}.py": '''
import json
from pathlib import Path

from studio.api import Context, hookimpl, node

HERE = Path(__file__).parent
AT_IMPORT = json.loads(Path(__file__).with_suffix(".early").read_text())

@node("{id}.number")
def number(ctx: Context, a: int = 0) -> int:
    """Return a number."""
    third = sum(json.loads((HERE / f"{{kind}}.{id}").read_text()) for kind in ("one", "two"))
    return a + third + AT_IMPORT + 50000

@hookimpl
def studio_node_types():
    return [number]
''',
    "one.{id}": "100",
    "two.{id}": "100",
    "{name}.early": "7000000",
}
"""A module with data beside it."""
MODULE_EDITS = {
    "{name}.py": ("50000", "60000"),
    "one.{id}": ("100", "200"),
    "two.{id}": ("100", "200"),
    "{name}.early": ("7000000", "8000000"),
}


@dataclass
class Written:
    """A plugin on disk.

    Attributes:
        folder: The folder that its files are in.
        id: First part of its node types' ids.
        name: Name of its module.
        edits: By file: a text in it, and another of the same length.
        give: Returns the arguments of a Studio that has it.
    """

    folder: Path
    id: str
    name: str
    edits: Mapping[str, tuple[str, str]]
    give: Callable[[], dict[str, Any]] = field(default=dict)

    def edit(self, file: str) -> None:
        """Change a file."""
        path = self.folder / file
        old, new = self.edits[file]
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def write_files(folder: Path, files: Mapping[str, str], name: str, id: str) -> None:
    """Write the files of a plugin."""
    for file, text in files.items():
        path = folder / file.format(name=name, id=id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(name=name, id=id) if file.endswith(".py") else text)


def write_distribution(site: Path, name: str, *, url: Mapping[str, Any] | None, record: str = "") -> None:
    """Write what an installer leaves of a distribution with one plugin of its name."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[studio]\n{name} = {name}\n")
    (info / "RECORD").write_text(record)
    if url is not None:
        (info / "direct_url.json").write_text(json.dumps(url))


def import_file(path: Path, name: str) -> ModuleType:
    """Import a file as a script would that names it; compiled code of the same second is not taken for current."""
    Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def restored_modules() -> Iterator[None]:
    """Forget modules that are imported within the block."""
    known = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - known:
            if name.startswith(("studio_tried", "tried")):
                del sys.modules[name]


class Ways:
    """The ways a plugin can be given; each writes one of a name and returns it.

    Args:
        root: An empty folder.
        monkeypatch: Changes the import path.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._patch = monkeypatch

    def _add_path(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if str(folder) not in sys.path:
            self._patch.syspath_prepend(str(folder))
        importlib.invalidate_caches()

    def _write_package(self, folder: Path, name: str, id: str) -> Written:
        write_files(folder / name, PACKAGE, name, id)
        return Written(folder / name, id, name, EDITS)

    def write_editable(self, id: str) -> Written:
        """A package that is installed editable (PEP 610)."""
        written = self._write_package(self.root / "source" / id, f"studio_tried_{id}", id)
        write_distribution(self.root / "site", written.name, url={"url": "file:///x", "dir_info": {"editable": True}})
        self._add_path(self.root / "site")
        self._add_path(self.root / "source" / id)
        return written

    def write_installed(self, id: str) -> Written:
        """A package that was installed from a folder, and whose installed files change."""
        written = self._write_package(self.root / "site", f"studio_tried_{id}", id)
        record = "".join(f"{written.name}/{file},,\n" for file in PACKAGE)
        write_distribution(self.root / "site", written.name, url={"url": "file:///x", "dir_info": {}}, record=record)
        self._add_path(self.root / "site")
        return written

    def put_release(self, id: str) -> Written:
        """A package that was installed from an index; its author gives every edit a version of its own."""
        written = self._write_package(self.root / "site", f"studio_tried_{id}", id)
        write_distribution(self.root / "site", written.name, url=None)
        self._add_path(self.root / "site")
        return written

    def write_folder_package(self, id: str) -> Written:
        """A package in a plugins folder."""
        written = self._write_package(self.root / "plugins", f"studio_tried_{id}", id)
        written.give = lambda: {"plugins_dir": self.root / "plugins"}
        return written

    def _write_module(self, folder: Path, name: str, id: str) -> Written:
        write_files(folder, MODULE, name, id)
        edits = {file.format(name=name, id=id): edit for file, edit in MODULE_EDITS.items()}
        return Written(folder, id, name, edits)

    def write_folder_file(self, id: str) -> Written:
        """A module in a plugins folder."""
        written = self._write_module(self.root / "plugins", f"studio_tried_{id}", id)
        written.give = lambda: {"plugins_dir": self.root / "plugins"}
        return written

    def write_given_package(self, id: str) -> Written:
        """A package that a program imports and gives."""
        self._add_path(self.root / "mine")
        written = self._write_package(self.root / "mine", f"tried_{id}", id)
        written.give = lambda: {"plugins": [(id, importlib.import_module(written.name))]}
        return written

    def write_given_module(self, id: str) -> Written:
        """A module that a program imports by its file and gives."""
        written = self._write_module(self.root / "mine", f"tried_{id}", id)
        modules: list[ModuleType] = []

        def give() -> dict[str, Any]:
            modules[:] = modules or [import_file(written.folder / f"{written.name}.py", written.name)]
            return {"plugins": [(id, modules[0])]}

        written.give = give
        return written

    def write_given_object(self, id: str) -> Written:
        """An object of a module that a program imports anew after each edit."""
        written = self._write_module(self.root / "mine", f"tried_{id}", id)

        def give() -> dict[str, Any]:
            module = import_file(written.folder / f"{written.name}.py", written.name)

            class Plugin:
                studio_node_types = staticmethod(module.studio_node_types)

            return {"plugins": [(id, Plugin())]}

        written.give = give
        return written


WAYS = sorted(name for name in vars(Ways) if name.startswith("write_"))


def open_studio(cache: Path, *plugins: Written) -> Studio:
    """Open a Studio that has these plugins."""
    given: dict[str, Any] = {"plugins": []}
    for plugin in plugins:
        for name, value in plugin.give().items():
            given[name] = [*given["plugins"], *value] if name == "plugins" else value
    settings = Settings(cache_dir=cache, device="cpu", plugins_dir=given.get("plugins_dir"))
    discover = not any(plugin.give() for plugin in plugins)
    return Studio(settings, plugins=given["plugins"], discover=discover)


def describe_number(id: str, **inputs: Any) -> dict[str, Any]:
    """Return a graph of a plugin's node."""
    node = {"type": f"{id}.number", "inputs": inputs}
    return {"studio": 1, "nodes": {"n": node}, "outputs": {"o": {"from": "n"}}}


def run_number(studio: Studio, id: str) -> tuple[int, bool]:
    """Run a plugin's node; return its result and whether it ran rather than was in the cache."""
    problems = [f"{row.problem} {row.where}" for row in studio.registry.plugins if row.status != "ok"]
    assert not problems, problems
    result = studio.run(describe_number(id))
    assert not result.errors, result.errors
    return result["o"], not result.manifest["nodes"]["n"]["cached"]
