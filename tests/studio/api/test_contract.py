"""The plugin contract: plugins import nothing else, each name is documented, and importing it is cheap."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.api import API_VERSION, CONTRACT_MODULES
from tests.docs.contract import Entry, list_entries

ROOT = Path(__file__).parents[3]
PLUGINS = sorted(path for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file())
ENTRIES = list_entries()


def find_imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and name of every import, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)


def is_of_studio(module: str) -> bool:
    return module == "studio" or module.startswith("studio.")


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_nothing_of_studio_but_the_contract(plugin: Path) -> None:
    allowed = {module: set(importlib.import_module(module).__all__) for module in CONTRACT_MODULES}
    wrong = []

    for path in sorted(plugin.rglob("*.py")):
        for line, module, name in find_imports(ast.parse(path.read_text(encoding="utf-8"))):
            if is_of_studio(module) and name not in allowed.get(module, ()):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {module} {name}")

    assert wrong == []


def test_an_import_beside_the_contract_would_be_found() -> None:
    source = "def f():\n    from studio.api.image_reading import read_image\n    import studio.cache\n"

    found = [(module, name) for _, module, name in find_imports(ast.parse(source)) if is_of_studio(module)]

    assert found == [("studio.api.image_reading", "read_image"), ("studio.cache", "")]


NAMES = {
    tuple(map(int, path.stem.split("."))): path.read_text(encoding="utf-8").splitlines()
    for path in (Path(__file__).parent / "contract_names").iterdir()
}
"""The names of each version of the contract, as it was released."""


def test_the_version_has_two_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+", API_VERSION)


def test_another_set_of_names_is_another_version() -> None:
    """Add a name: raise the second number, and record the names in contract_names. Drop one: raise the first."""
    version = tuple(map(int, API_VERSION.split(".")))

    assert version == max(NAMES)
    assert NAMES[version] == sorted(f"{entry.module}.{entry.name}" for entry in ENTRIES)


@pytest.mark.parametrize(("old", "new"), list(pairwise(sorted(NAMES))))
def test_a_version_keeps_the_names_of_earlier_ones_and_adds_some(old: tuple[int, int], new: tuple[int, int]) -> None:
    gone = set(NAMES[old]) - set(NAMES[new])

    assert new[0] > old[0] if gone else set(NAMES[old]) < set(NAMES[new])


@pytest.mark.parametrize("module", CONTRACT_MODULES)
def test_the_names_of_a_module_are_there_sorted_and_public(module: str) -> None:
    loaded = importlib.import_module(module)

    assert len(set(loaded.__all__)) == len(loaded.__all__)
    assert all(hasattr(loaded, name) and not name.startswith("_") for name in loaded.__all__)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.module}.{entry.name}")
def test_every_name_is_documented(entry: Entry) -> None:
    assert entry.summary.endswith((".", "?")), f"{entry.name}: {entry.text!r}"


def list_callables() -> Iterator[tuple[str, Any, str]]:
    """Yield functions, constructors and methods of the contract, each with the text that documents its arguments.

    What overrides a method of another class of the contract has its arguments documented there.
    """
    for entry in ENTRIES:
        if entry.kind == "function":
            yield entry.name, entry.value, entry.text
        if entry.kind != "class" or issubclass(entry.value, BaseException):
            continue
        if inspect.isfunction(vars(entry.value).get("__init__")) and not is_generated(entry.value):
            yield entry.name, entry.value.__init__, entry.text
        for name, member in vars(entry.value).items():
            function = getattr(member, "__func__", member)
            overrides = any(hasattr(base, name) for base in entry.value.__mro__[1:])
            if not name.startswith("_") and inspect.isfunction(function) and not overrides:
                yield f"{entry.name}.{name}", function, inspect.getdoc(function) or ""


def is_generated(kind: type) -> bool:
    """Say whether a class has no constructor of its own: a dataclass or a protocol."""
    return hasattr(kind, "__dataclass_fields__") or getattr(kind, "_is_protocol", False)


@pytest.mark.parametrize(("name", "function", "text"), [pytest.param(*row, id=row[0]) for row in list_callables()])
def test_every_argument_is_documented(name: str, function: Any, text: str) -> None:
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    undocumented = [p.name for p in parameters if not re.search(rf"\b{p.name}\b", text)]

    assert text, f"{name} has no docstring"
    assert undocumented == []


def list_members() -> Iterator[tuple[str, str]]:
    for entry in ENTRIES:
        if entry.kind == "class":
            for name, member in vars(entry.value).items():
                if not name.startswith("_") and isinstance(member, property):
                    yield f"{entry.name}.{name}", member.__doc__ or ""


@pytest.mark.parametrize(("name", "text"), [pytest.param(*row, id=row[0]) for row in list_members()])
def test_every_property_is_documented(name: str, text: str) -> None:
    assert text.strip()


def list_dataclasses() -> list[Entry]:
    return [entry for entry in ENTRIES if entry.kind == "class" and hasattr(entry.value, "__dataclass_fields__")]


@pytest.mark.parametrize("entry", list_dataclasses(), ids=lambda entry: entry.name)
def test_every_field_of_a_dataclass_is_documented(entry: Entry) -> None:
    own = vars(entry.value).get("__annotations__", {})
    source = inspect.getsource(entry.value)
    fields = [name for name, kind in own.items() if not name.startswith("_") and "ClassVar" not in str(kind)]

    missing = [name for name in fields if len(re.findall(rf"\b{name}\b", source)) < 2]

    assert missing == []


def test_importing_the_contract_loads_no_library_that_decodes_or_computes() -> None:
    heavy = ("numpy", "torch", "PIL", "av", "cv2", "scipy", "soundfile", "networkx", "safetensors")
    code = f"import sys, {', '.join(CONTRACT_MODULES)}\nprint([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
