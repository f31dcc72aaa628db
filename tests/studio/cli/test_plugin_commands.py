"""Commands that plugins add: found by name, and a plugin that fails does not take the others with it."""

from __future__ import annotations

import importlib.metadata
from types import SimpleNamespace
from typing import Any

import click
import pytest

from studio.api import hookimpl
from studio.cli.plugin_commands import find_commands
from studio.errors import PluginError, StudioError
from tests.studio.registry.test_load import Point


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

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @hookimpl
    def studio_commands(self) -> list[click.Command]:
        """Raise."""
        raise self._error


def install(monkeypatch: pytest.MonkeyPatch, **plugins: Any) -> None:
    points = [Point(name, plugin) for name, plugin in plugins.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    monkeypatch.setenv("STUDIO_CONFIG", "")


def test_commands_of_all_plugins_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, first=Commanding("sing", "dance"), second=Commanding("paint"))

    assert set(find_commands(set())) == {"sing", "dance", "paint"}


def test_a_command_of_a_name_that_studio_has_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, first=Commanding("run", "sing"))

    assert set(find_commands({"run"})) == {"sing"}
    assert "plugin 'first': its command 'run' is left out, because Studio has one" in capsys.readouterr().err


def test_a_command_that_two_plugins_have_is_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, first=Commanding("sing", "dance"), second=Commanding("sing"))

    commands = find_commands(set())

    assert set(commands) == {"sing", "dance"}
    with pytest.raises(PluginError, match="E203 two plugins have a command named 'sing': first and second"):
        commands["sing"].main(["--loud", "low"], standalone_mode=False)


@pytest.mark.parametrize("error", [SystemExit(3), KeyError("x")])
def test_a_hook_that_raises_anything_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    install(monkeypatch, bad=Failing(error), good=Commanding("sing"))

    assert set(find_commands(set())) == {"sing"}
    assert "plugin 'bad': studio_commands" in capsys.readouterr().err


def test_what_is_not_a_command_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, bad=SimpleNamespace(studio_commands=hookimpl(lambda: [3])), good=Commanding("sing"))

    assert set(find_commands(set())) == {"sing"}
    assert "3 is not a click.Command" in capsys.readouterr().err


def test_a_plugin_whose_hook_raises_is_a_warning_and_the_others_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, bad=Failing(ValueError("on purpose")), good=Commanding("sing"))

    assert set(find_commands(set())) == {"sing"}
    assert "warning: plugin 'bad': studio_commands raised ValueError: on purpose (" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [click.Command, click.Group])
def test_a_command_that_raises_is_an_error_that_names_it_and_its_plugin(
    monkeypatch: pytest.MonkeyPatch, kind: type[click.Command]
) -> None:
    def fail() -> None:
        raise KeyError("no voice")

    command: Any = kind("sing", callback=fail, **({"invoke_without_command": True} if kind is click.Group else {}))
    install(monkeypatch, choir=SimpleNamespace(studio_commands=hookimpl(lambda: [command])))

    with pytest.raises(PluginError, match="E212 plugin 'choir': command 'sing' raised KeyError: 'no voice'"):
        find_commands(set())["sing"].main([], standalone_mode=False)


@pytest.mark.parametrize("error", [click.ClickException("say what"), StudioError("CHOIR1", "too late")])
def test_what_a_command_raises_on_purpose_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> None:
        raise error

    command = click.Command("sing", callback=fail)
    install(monkeypatch, choir=SimpleNamespace(studio_commands=hookimpl(lambda: [command])))

    with pytest.raises(type(error)):
        find_commands(set())["sing"].main([], standalone_mode=False)
