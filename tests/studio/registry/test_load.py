"""`load_registry`: each plugin is registered whole or not at all, and the others still work."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import click
import pytest

from studio.api import hookimpl
from studio.registry import load_commands, load_registry
from studio.testing.subject import GivenPlugin
from tests.studio.registry.conftest import NoteType, count, count_again, make_note


class Invalid:
    """A plugin that provides nothing that is valid, and observes events."""

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return what is not a node type."""
        return [3]

    @hookimpl
    def studio_event(self, event: Any) -> None:
        """Never called."""


def test_a_failed_plugin_is_not_registered_so_that_none_of_its_hooks_is_called() -> None:
    registry = load_registry(plugins=[("bad", Invalid())], discover=False)

    assert registry.plugins[0].status == "failed"
    assert registry.host.hook.studio_event.get_hookimpls() == []
    assert registry.node_types == {}


def test_given_plugins_are_loaded_in_order_and_the_first_keeps_a_name() -> None:
    plugins = [("a", GivenPlugin([count])), ("b", GivenPlugin([count_again])), ("c", GivenPlugin([make_note]))]

    registry = load_registry(plugins=plugins, value_types=[NoteType()], discover=False)

    assert [row.status for row in registry.plugins] == ["ok", "failed", "ok"]
    assert registry.node_types["test.count"].distribution == "a"
    assert registry.distributions == {"a": "0+local", "c": "0+local"}


def test_nothing_is_looked_for_where_discovery_is_off() -> None:
    assert load_registry(discover=False).plugins == []


class Point:
    """An entry point of a plugin in memory."""

    dist = None
    module = "nowhere"
    extras = ()

    def __init__(self, name: str, plugin: Any) -> None:
        self.name = name
        self._plugin = plugin

    def load(self) -> Any:
        """Return the plugin, or raise what it is."""
        if isinstance(self._plugin, BaseException):
            raise self._plugin
        return self._plugin


class Commanding:
    """A plugin with a command."""

    @hookimpl
    def studio_commands(self) -> list[click.Command]:
        """Return a command."""
        return [click.Command("sing")]


@pytest.mark.parametrize("error", [ImportError("no"), SystemExit(1)])
def test_the_hooks_of_plugins_are_found_without_those_that_fail(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    points = [Point("bad", error), Point("good", Commanding())]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)

    found = dict(load_commands())

    assert [command.name for command in found["good"]()] == ["sing"]


class Counted:
    """A plugin that counts how often its hooks are called."""

    calls = 0

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return a node type, and count."""
        self.calls += 1
        return [count]


@pytest.mark.parametrize("name", ["tint", "studio-tint", "studio_tint"])
def test_a_disabled_plugin_is_a_row_and_none_of_its_hooks_is_called(name: str) -> None:
    plugin = Counted()

    registry = load_registry(plugins=[("studio-tint", plugin)], discover=False, disabled=[name])

    assert (registry.plugins[0].status, plugin.calls) == ("disabled", 0)
    assert registry.node_types == {}


def test_a_disabled_plugin_has_no_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Point("choir", Commanding())])

    assert list(load_commands(["choir"])) == []


def test_a_row_says_how_long_the_import_took(tmp_path: Path) -> None:
    (tmp_path / "studio_sleepy.py").write_text("import time\ntime.sleep(0.02)\n", encoding="utf-8")

    (row,) = load_registry(tmp_path, discover=False).plugins

    assert 0.02 <= row.import_seconds < 10


def test_two_plugins_of_one_name_fail_the_second_and_name_both() -> None:
    plugins = [("tint", GivenPlugin([count])), ("tint", GivenPlugin([]))]

    rows = load_registry(plugins=plugins, discover=False).plugins

    assert [row.status for row in rows] == ["ok", "failed"]
    assert "E203 two plugins are named 'tint'" in rows[1].problem


def test_a_module_that_is_given_is_not_looked_for_among_the_installed_plugins() -> None:
    import studio_logic

    registry = load_registry(plugins=[("mine", studio_logic)])

    rows = [row for row in registry.plugins if "logic.choose" in row.node_types]
    assert [(row.name, row.status) for row in rows] == [("mine", "ok")]
