"""Commands that plugins add: found by name, and a plugin that fails does not take the others with it."""

from __future__ import annotations

from typing import Any

import click
import pluggy
import pytest

from studio.api import Hooks, hookimpl
from studio.api.hooks import PROJECT
from studio.cli import plugin_commands
from studio.cli.plugin_commands import find_commands


class Commanding:
    """A plugin with commands of these names."""

    def __init__(self, *names: str) -> None:
        self._names = names

    @hookimpl
    def studio_commands(self) -> list[click.Command]:
        """Return them."""
        return [click.Command(name) for name in self._names]


class Failing:
    """A plugin whose hook raises."""

    @hookimpl
    def studio_commands(self) -> list[click.Command]:
        """Raise."""
        raise ValueError("on purpose")


def install(monkeypatch: pytest.MonkeyPatch, **plugins: Any) -> None:
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    for name, plugin in plugins.items():
        host.register(plugin, name=name)
    monkeypatch.setattr(plugin_commands, "load_plugins", lambda: host)


def test_commands_of_all_plugins_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, first=Commanding("sing", "dance"), second=Commanding("paint"))

    assert set(find_commands(set())) == {"sing", "dance", "paint"}


def test_a_command_of_a_name_that_studio_has_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, first=Commanding("run", "sing"))

    assert set(find_commands({"run"})) == {"sing"}


def test_a_plugin_whose_hook_raises_is_a_warning_and_the_others_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, bad=Failing(), good=Commanding("sing"))

    assert set(find_commands(set())) == {"sing"}
    assert capsys.readouterr().err == "warning: plugin 'bad': studio_commands raised on purpose\n"
