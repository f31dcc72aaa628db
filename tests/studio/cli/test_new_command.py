"""`studio new` writes graphs that run and plugins that install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from distributions import write_distribution

import studio
from studio.api import get_node_type
from studio_image.nodes import NODE_TYPES

ROOT = Path(__file__).parents[3]


def test_a_new_graph_runs_as_it_stands(desk: Any) -> None:
    new = desk.call("new", "graph", "poster.json")
    ran = desk.call("run", "poster.json")

    assert (new.code, new.out.strip()) == (0, "poster.json")
    assert "studio run poster.json" in new.err
    assert ran.code == 0, ran.text
    assert (desk / "out" / "poster.png").is_file() or list((desk / "out").glob("*.png"))


def test_nodes_are_chosen_and_connected(desk: Any) -> None:
    desk.succeed("new", "graph", "a.json", "--node", "image.resize", "--node", "image.caption")

    document = json.loads((desk / "a.json").read_text(encoding="utf-8"))
    assert document["nodes"]["caption"]["inputs"]["image"] == {"from": "resize"}
    assert document["nodes"]["resize"]["inputs"]["image"] == {"from": "gradient"}
    versions = {get_node_type(function).id: get_node_type(function).version for function in NODE_TYPES}
    assert all(node["version"] == versions[node["type"]] for node in document["nodes"].values())
    assert desk.call("run", "a.json").code == 0


def test_an_unknown_node_type_is_refused_with_the_nearest(desk: Any) -> None:
    done = desk.call("new", "graph", "a.json", "--node", "image.resise")

    assert done.code == 2
    assert "image.resize" in done.err
    assert not (desk / "a.json").exists()


def test_a_file_is_overwritten_only_by_force(desk: Any) -> None:
    (desk / "a.json").write_text("precious", encoding="utf-8")

    refused = desk.call("new", "graph", "a.json")

    assert (refused.code, (desk / "a.json").read_text(encoding="utf-8")) == (2, "precious")
    assert "--force" in refused.err
    assert desk.call("new", "graph", "a.json", "--force").code == 0
    assert json.loads((desk / "a.json").read_text(encoding="utf-8"))["studio"] == 1


@pytest.fixture
def plugin(desk: Any) -> Path:
    done = desk.call("new", "plugin", "studio-sparkle")
    assert (done.code, done.out.strip()) == (0, "studio-sparkle")
    assert "pip install" in done.err
    return desk / "studio-sparkle"  # type: ignore[no-any-return]


def test_a_new_plugin_passes_its_own_tests(plugin: Path, tmp_path: Path) -> None:
    write_distribution(plugin, tmp_path / "site")
    write_distribution(ROOT, tmp_path / "site", groups=("pytest11",))
    paths = [plugin, tmp_path / "site", ROOT, ROOT / "plugins"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "tests"], cwd=plugin,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]])
def test_a_new_plugin_is_formatted_and_has_nothing_to_correct(plugin: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "--no-cache", "."],
        cwd=plugin,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_new_plugin_is_strictly_typed(plugin: Path, tmp_path: Path) -> None:
    # mypy does not follow an editable installation; what is installed from a wheel it finds by itself
    search = {"MYPYPATH": str(ROOT)} if Path(studio.__file__).is_relative_to(ROOT / "studio") else {}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "mypy"), "."], cwd=plugin,
        env={**os.environ, **search}, capture_output=True, text=True, timeout=1750, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_plugin_is_found_and_its_graph_runs(desk: Any, plugin: Path) -> None:
    nodes = desk.call_process("nodes", "sparkle.tint_image", "--plugins-dir", plugin)
    ran = desk.call_process("run", plugin / "graphs" / "example.json", "--plugins-dir", plugin)

    assert "Tint an image" in nodes.out, nodes.text
    assert ran.code == 0, ran.text
    assert list((desk / "out").glob("*.png"))


def test_a_new_plugin_names_its_entry_point(plugin: Path) -> None:
    text = (plugin / "pyproject.toml").read_text(encoding="utf-8")

    assert '[project.entry-points.studio]\nstudio-sparkle = "studio_sparkle"' in text
    assert not [path for path in plugin.rglob("*") if path.is_file() and "$" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", ["1st", "a", "Ünder", "class", "two words", "x-y", "image", "studio", "end_", ""])
def test_names_that_cannot_be_are_refused(desk: Any, name: str) -> None:
    done = desk.call("new", "plugin", "folder", "--name", name)

    assert done.code == 2
    assert "E010" in done.err
    assert not (desk / "folder").exists()


def test_a_folder_that_is_not_empty_is_left_alone(desk: Any) -> None:
    (desk / "sparkle").mkdir()
    (desk / "sparkle" / "README.md").write_text("precious", encoding="utf-8")

    assert desk.call("new", "plugin", "sparkle").code == 2
    assert (desk / "sparkle" / "README.md").read_text(encoding="utf-8") == "precious"
    assert os.listdir(desk / "sparkle") == ["README.md"]
