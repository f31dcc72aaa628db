"""A plugin that fails is a row with its reason, its place and a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from studio.api import ValueType, hookimpl
from studio.registry import PluginRow, load_registry
from studio.testing.subject import GivenPlugin
from studio.version import VERSION
from tests.studio.registry.conftest import count, load


class Raising:
    """A plugin whose hook raises."""

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        """Raise."""
        raise KeyError("gone")


class Leaving:
    """A plugin whose hook ends the program."""

    @hookimpl
    def studio_value_types(self) -> Iterable[ValueType[Any]]:
        """Leave."""
        raise SystemExit(1)


class Odd:
    """A plugin whose hook raises what is no exception."""

    @hookimpl
    def studio_value_types(self) -> Iterable[ValueType[Any]]:
        """Raise."""
        raise GeneratorExit("odd")


@pytest.mark.parametrize(
    ("plugin", "message"),
    [(Raising(), "KeyError: 'gone'"), (Leaving(), "SystemExit: 1"), (Odd(), "GeneratorExit: odd")],
)
def test_a_hook_that_raises_is_a_row_with_its_line(plugin: Any, message: str) -> None:
    _, rows = load(plugin, GivenPlugin([count]))

    assert [row.status for row in rows] == ["failed", "ok"]
    assert message in rows[0].problem
    assert "test_failure.py:" in rows[0].where


def test_a_file_that_imports_its_neighbor_is_told_to_become_a_package(tmp_path: Path) -> None:
    (tmp_path / "neighbor.py").write_text("SIZE = 3\n", encoding="utf-8")
    (tmp_path / "studio_paint.py").write_text("from neighbor import SIZE\n", encoding="utf-8")

    rows = load_registry(tmp_path, discover=False).plugins

    (problem,) = [row.problem for row in rows if "paint" in row.name]
    assert "put both into a folder 'studio_paint' with the plugin as __init__.py, and import .neighbor" in problem


def load_file(folder: Path, text: str) -> PluginRow:
    """Load a plugin from a file; return its row."""
    name = f"studio_{folder.name}"
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (row,) = load_registry(folder, discover=False).plugins
    assert row.status == "failed"
    return row


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    row = load_file(tmp_path, "x = 1\ny = (\n")

    assert "SyntaxError" in row.problem
    assert row.where.endswith(".py:2")


def test_a_file_with_null_bytes_is_named(tmp_path: Path) -> None:
    row = load_file(tmp_path, "\0")

    assert "null bytes" in row.problem
    assert row.where.endswith(".py")


def test_a_missing_module_is_named_with_what_to_install(tmp_path: Path) -> None:
    row = load_file(tmp_path, "import numpy\nimport nowhere_to_be_found.deep\n")

    assert "install 'nowhere_to_be_found' into this environment" in row.problem
    assert row.where.endswith(".py:2")


def test_a_plugin_that_ends_the_program_is_to_be_reported_to_its_authors(tmp_path: Path) -> None:
    row = load_file(tmp_path, "raise SystemExit(3)")

    assert "ends the program while it is loaded; report it to its authors" in row.problem


class Asking:
    """A plugin whose hook takes an argument that there is not."""

    @hookimpl
    def studio_event(self, event: Any, mood: str) -> None:
        """Never called."""


def test_a_hook_with_an_unknown_argument_is_named_with_those_that_it_takes() -> None:
    _, rows = load(Asking())

    assert rows[0].problem == "E205 hook studio_event has no argument 'mood' (it takes event)"
    assert "test_failure.py:" in rows[0].where


@pytest.mark.parametrize("line", [
    "from studio.api import Hologram", "import studio.api\nstudio.api.Hologram", "import studio.api.holograms",
    "from studio.api.holograms import Hologram", "from studio.testing import check_hologram",
])  # fmt: skip
def test_a_name_that_the_contract_lacks_needs_perhaps_a_newer_studio(tmp_path: Path, line: str) -> None:
    row = load_file(tmp_path, line)

    assert "a newer Studio may have studio." in row.problem
    assert f"this is Studio {VERSION}" in row.problem
    assert "report it" not in row.problem
