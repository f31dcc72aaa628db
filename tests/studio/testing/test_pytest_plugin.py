"""The fixtures of pytest, in a project of their own; and what loading them costs a project that does not use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from distributions import write_distribution

ROOT = Path(__file__).parents[3]

TESTS = '''
import numpy as np
import pytest

from studio.api import Context, Image, hookimpl, node
from studio.testing import TestContext


@node("own.paint")
def paint(ctx: Context, *, level: float = 0.5) -> Image:
    """Paint."""
    if level > 1:
        raise ValueError("too bright")
    return Image(np.full((3, 4, 3), level, np.float32))


class Plugin:
    @hookimpl
    def studio_node_types(self):
        return [paint]


@pytest.fixture
def studio_plugins():
    return [("own", Plugin())]


def graph(level):
    node = {"type": "own.paint", "inputs": {"level": level}}
    return {"studio": 1, "nodes": {"a": node}, "outputs": {"o": {"from": "a"}}}


def test_a_graph_runs(studio_run, tmp_path):
    first = studio_run(graph(0.25), output=tmp_path / "out")
    again = studio_run(graph(0.25))
    assert first["o"].width == 4
    assert [file.path.name for file in first.files] == ["o.png"]
    assert again.manifest["cache"] == {"hits": 1, "calls": 1}


def test_the_cache_is_private(studio_run):
    assert studio_run(graph(0.25)).manifest["cache"]["hits"] == 0


def test_a_run_that_fails_may_be_looked_at(studio_run):
    assert studio_run(graph(2.0), check=False).status == "failed"


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception)
def test_a_run_that_fails_fails_the_test(studio_run):
    studio_run(graph(2.0))


def test_first_party_node_types_are_there(studio_app):
    assert studio_app.device.name == "cpu"
    assert "image.new" in studio_app.registry.node_types


def test_a_context_is_given(studio_context):
    assert isinstance(studio_context, TestContext)
    (studio_context.scratch / "a").write_text("b")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project, and an environment that knows the entry points of this checkout."""
    write_distribution(ROOT, tmp_path / "site", groups=("pytest11",))
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def run_pytest(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    paths = [project.parent / "site", ROOT, ROOT / "plugins"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **variables}
    command = [sys.executable, *words, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def test_the_fixtures_run_graphs_with_a_private_cache(project: Path) -> None:
    (project / "test_own.py").write_text(TESTS)

    done = run_pytest(project, "-m", "pytest", "-q")

    assert "5 passed, 1 xfailed" in done.stdout, done.stdout + done.stderr


def test_a_project_that_uses_no_fixture_loads_nothing_of_studio_but_the_plugin(project: Path) -> None:
    (project / "test_other.py").write_text(
        "import sys\n\n\ndef test_nothing_is_loaded():\n"
        "    assert {name for name in sys.modules if name.split('.')[0] == 'studio'} == "
        "{'studio', 'studio.version', 'studio.testing', 'studio.testing.pytest_plugin'}\n"
        "    assert 'numpy' not in sys.modules\n"
    )

    done = run_pytest(project, "-m", "pytest", "-q")

    assert "1 passed" in done.stdout, done.stdout + done.stderr


SETTINGS_TESTS = """
from dataclasses import dataclass

import pytest

from studio.api import PluginSettings, hookimpl


@dataclass(frozen=True)
class OwnSettings(PluginSettings):
    times: int = 1
    size: int = 1


class Plugin:
    @hookimpl
    def studio_settings(self):
        return OwnSettings


@pytest.fixture
def studio_plugins():
    return [("own", Plugin())]


def read(app):
    rows = next(row for row in app.registry.plugins if row.name == "own").settings
    return {row["name"]: row["value"] for row in rows}


def test_a_variable_of_the_developer_does_not_count(studio_app):
    assert read(studio_app) == {"times": 1, "size": 1}


def test_data_of_plugins_are_kept_apart(studio_app, tmp_path):
    from studio.settings import find_data_folder

    studio_app.registry
    assert find_data_folder("own").is_relative_to(tmp_path)


def test_a_variable_of_the_test_counts(monkeypatch, studio_app):
    monkeypatch.setenv("STUDIO_PLUGINS_OWN_SIZE", "7")
    assert read(studio_app) == {"times": 1, "size": 7}


@pytest.fixture
def early(monkeypatch):
    monkeypatch.setenv("STUDIO_PLUGINS_OWN_TIMES", "8")


def test_a_variable_of_an_earlier_fixture_counts(early, studio_app):
    assert read(studio_app) == {"times": 8, "size": 1}
"""


def test_the_fixtures_do_not_see_the_developers_settings_of_plugins(project: Path) -> None:
    (project / "test_settings.py").write_text(SETTINGS_TESTS)

    done = run_pytest(project, "-m", "pytest", "-q", STUDIO_PLUGINS_OWN_TIMES="5")

    assert "4 passed" in done.stdout, done.stdout + done.stderr
