"""Studio's own warnings are a line each; those of libraries stay as they are; `--quiet` shows errors only."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from studio.cli.answer import Answer
from studio.cli.warning_display import show_warnings
from studio.errors import StudioWarning
from tests.studio.cli.conftest import Desk

OBSERVER = """
import sys
from studio.api import Context, find_node_types, hookimpl, node


@node("seen.log")
def log(ctx: Context) -> str:
    \"\"\"Log a line.\"\"\"
    ctx.log("it is dark")
    return "."


@hookimpl
def studio_event(event):
    raise ValueError("no luck")


@hookimpl
def studio_node_types():
    return find_node_types(sys.modules[__name__])
"""


@pytest.fixture
def seen(desk: Desk) -> tuple[str, ...]:
    """The arguments that run a graph whose node warns, with an observer that fails."""
    (desk.folder / "plugins").mkdir()
    (desk.folder / "plugins" / "studio_seen.py").write_text(OBSERVER)
    desk.write_graph("seen.json", {"nodes": {"a": {"type": "seen.log"}}, "outputs": {"o": {"from": "a"}}})
    return ("run", "seen.json", "--plugins-dir", "plugins")


def test_an_observer_that_fails_is_a_warning_with_the_name_of_its_plugin(desk: Desk, seen: tuple[str, ...]) -> None:
    done = desk.call(*seen)

    (line,) = [line for line in done.err.splitlines() if "studio_event" in line]
    assert line.startswith("warning: plugin 'studio_seen': studio_event raised ValueError: no luck (")
    assert line.endswith("; it is not called again")
    assert "warning: node 'a': it is dark" in done.err
    assert "RuntimeWarning" not in done.err


def test_quiet_shows_neither(desk: Desk, seen: tuple[str, ...]) -> None:
    done = desk.call(*seen, "-q")

    assert (done.code, done.out, done.err) == (0, "", "")


def test_settings_of_an_unknown_plugin_are_one_warning_and_stop_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, seen: tuple[str, ...]
) -> None:
    (desk.folder / "config.toml").write_text("[plugins.seem]\nx = 1\n")
    monkeypatch.setenv("STUDIO_CONFIG", "config.toml")

    done = desk.call(*seen)

    assert done.code == 0
    expected = "warning: config.toml: [plugins.seem] is of a plugin that is not installed; did you mean [plugins.seen]?"
    assert [line for line in done.err.splitlines() if "seem" in line] == [expected]


def test_each_warning_is_shown_once_and_others_are_left_to_python(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught, show_warnings(Answer()):
        warnings.simplefilter("always", UserWarning)
        warnings.warn("of Studio", StudioWarning, stacklevel=1)
        warnings.warn("of Studio", StudioWarning, stacklevel=1)
        warnings.warn("of a library", UserWarning, stacklevel=1)

    assert capsys.readouterr().err == "warning: of Studio\n"
    assert [str(one.message) for one in caught] == ["of a library"]


def test_a_file_of_a_disabled_plugin_names_it(desk: Desk, tmp_path: Path) -> None:
    (desk.folder / "colors.palette").write_text("{}")

    done = desk.call("run", "colors.palette")

    assert done.code == 2
    assert "E134 no installed plugin reads '.palette' files" in done.err
    assert "E101" not in done.err
