"""`studio plugins check`: the checks of the kit, for a plugin that is installed or in a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

PLUGIN = '''"""A plugin."""
import itertools
from studio.api import Context, hookimpl, node

_NUMBERS = itertools.count()


@node("counting.double")
def double(ctx: Context, number: int = 2) -> int:
    """Double a number.

    Args:
        number: Number to double.
    """
    return 2 * number{more}


@hookimpl
def studio_node_types():
    """Return the node types."""
    return [double]
'''


@pytest.fixture
def check(desk: Desk) -> list[str]:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_counting.py").write_text(PLUGIN.format(more=""), encoding="utf-8")
    return ["plugins", "check", "counting", "--plugins-dir", "plugins"]


def test_a_good_plugin_passes_and_what_was_not_checked_is_listed(desk: Desk, check: list[str]) -> None:
    done = desk.call(*check)
    (report,) = desk.call(*check, "--json").json

    assert done.code == 0, done.text
    assert done.out.startswith("plugin 'studio_counting': ")
    assert " 0 failed" in done.out.splitlines()[0]
    assert "skipped  metadata: no installed distribution" in done.out
    assert report["subject"] == "plugin 'studio_counting'"
    assert {one["status"] for one in report["checks"]} == {"passed", "skipped"}


def test_a_plugin_whose_results_change_by_themselves_fails(desk: Desk, check: list[str]) -> None:
    (desk / "plugins/studio_counting.py").write_text(PLUGIN.format(more=" + next(_NUMBERS)"), encoding="utf-8")

    done = desk.call_process(*check)

    assert done.code == 1
    assert "failed   counting.double: " in done.out


def test_a_plugin_that_does_not_load_fails_with_the_reason(desk: Desk, check: list[str]) -> None:
    (desk / "plugins/studio_counting.py").write_text("1 / 0", encoding="utf-8")

    done = desk.call_process(*check)

    assert done.code == 1
    assert "failed   loading: it failed to load: ZeroDivisionError" in done.out


def test_an_unknown_plugin_is_refused_with_the_nearest_name(desk: Desk) -> None:
    done = desk.call("plugins", "check", "logik")

    assert done.code == 2
    assert "did you mean 'logic'?" in done.err


def test_an_object_that_an_entry_point_names_is_checked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    site = desk / "site"
    (site / "tally-1.0.dist-info").mkdir(parents=True)
    (site / "tally-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: tally\nVersion: 1.0\n")
    (site / "tally-1.0.dist-info/entry_points.txt").write_text("[studio]\ntally = tally:PLUGIN\n")
    head, _, hook = PLUGIN.format(more="").replace("counting.", "tally.").partition("@hookimpl")
    method = ("@hookimpl" + hook).replace("types():", "types(self):").rstrip().replace("\n", "\n    ")
    (site / "tally.py").write_text(f'{head}class Tally:\n    """Hooks."""\n\n    {method}\n\n\nPLUGIN = Tally()\n')
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)

    done = desk.call_process("plugins", "check", "tally")

    assert done.code == 0, done.text
    assert done.out.startswith("plugin 'Tally': ")
    assert "skipped  metadata: it is an object" in done.out
