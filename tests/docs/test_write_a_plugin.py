"""The code of docs/write_a_plugin.md runs: plugins, test, graphs, commands, and the distribution."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from studio.api.color import ColorEncoding, Primaries, Range
from studio.testing import TestContext

PAGE = (Path(__file__).parents[2] / "docs" / "write_a_plugin.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [line[2:] for kind, _, body in BLOCKS if kind == "console" for line in body.splitlines()]
MAIN = "from studio.cli.main import main; main()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file of the page; blocks of one file follow each other."""
    folder = tmp_path_factory.mktemp("tutorial")
    for _, name, body in BLOCKS:
        if name:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(("\n\n" if path.stat().st_size else "") + body)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder, with a cache of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {"STUDIO_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(folder / "plugins")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def studio(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `studio`."""
    done = run(folder, sys.executable, "-c", MAIN, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_every_block_of_python_belongs_to_a_file() -> None:
    assert all(name for kind, name, _ in BLOCKS if kind in ("python", "json", "toml"))


def test_the_first_plugin_has_about_20_lines_of_code(folder: Path) -> None:
    lines = [
        line for line in (folder / "plugins/studio_tint.py").read_text(encoding="utf-8").splitlines() if line.strip()
    ]

    assert len(lines) <= 24


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(folder: Path, command: str) -> None:
    program, *arguments = shlex.split(command)

    assert program == "studio"
    studio(folder, *arguments)


def test_the_second_run_computes_the_tint_alone(folder: Path) -> None:
    common = ["run", "tinted.json", "--plugins-dir", "plugins", "--cache-dir", "fresh", "--json"]
    studio(folder, *common)

    again = studio(folder, *common, "--set", "amount=0.1")

    nodes = json.loads(again.stdout)["data"]["nodes"]
    assert {name: node["cached"] for name, node in nodes.items()} == {"sky": 1, "tint": 0}


@pytest.mark.parametrize("name", ["test_tint.py", "test_slow.py"])
def test_the_tests_of_the_page_pass(folder: Path, name: str) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly"]

    done = run(folder, sys.executable, "-m", "pytest", *options, name)

    assert done.returncode == 0, done.stdout


def test_the_project_file_names_the_module_and_the_group(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))

    (module,) = project["project"]["entry-points"]["studio"].values()
    assert project["tool"]["setuptools"]["py-modules"] == [module]
    assert (folder / "plugins" / f"{module}.py").is_file()


def test_an_old_graph_is_migrated_and_everything_of_the_second_plugin_runs(folder: Path) -> None:
    only = ["--only", "count", "--only", "negative"]

    done = studio(folder, "run", "old.json", "--plugins-dir", "plugins", "--no-cache", *only, "-o", "old")
    findings = studio(folder, "validate", "old.json", "--plugins-dir", "plugins", "--json")

    assert "negative.png" in done.stdout
    assert not json.loads(findings.stdout)["data"][0]["findings"]


def test_a_palette_that_was_written_carries_its_graph_with_the_versions_of_its_nodes(folder: Path) -> None:
    studio(folder, "run", "old.json", "--plugins-dir", "plugins", "--only", "palette", "-o", "colors")

    again = studio(
        folder, "run", "colors/palette.palette", "--plugins-dir", "plugins", "--only", "palette", "-o", "again"
    )

    assert "again/palette.palette" in again.stdout
    carried = json.loads(json.loads((folder / "again/palette.palette").read_text("utf-8"))["provenance"])
    assert {name: node["version"] for name, node in carried["graph"]["nodes"].items()} == {
        "sky": "2.0", "colors": "1.0", "count": "1.0", "negative": "1.0", "smooth": "1.0"
    }  # fmt: skip


CHECKS = """
import numpy as np
import studio_slow as slow
from studio.api import Image
from studio.testing import check_node_type
picture = Image(np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3))
for report in (
    check_node_type(slow.smooth_image, cancels=True, image=picture, rounds=5),
    check_node_type(slow.count_down, cancels=True, start=3),
    check_node_type(slow.negate_image, image=picture),
    check_node_type(slow.change_exposure, image=picture),
    check_node_type(slow.maybe_use, flag=True, expensive="gold"),
    check_node_type(slow.find_palette, value_types=[slow.PaletteType()], image=picture),
):
    print(report)
"""


def test_every_node_type_of_the_page_keeps_its_promises(folder: Path) -> None:
    done = run(folder, sys.executable, "-c", CHECKS)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" 0 failed") == 6
    assert "batch" in done.stdout
    assert "unkeyed inputs" in done.stdout


@pytest.mark.parametrize(("part", "words"), [("encoding", ColorEncoding), ("primaries", Primaries), ("range", Range)])
def test_the_table_of_color_spaces_has_every_word(part: str, words: object) -> None:
    section = PAGE.partition("\n## Color\n")[2].partition("\n## ")[0]
    cells = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
    found, current = [], ""
    for first, listed, *_ in cells:
        current = first.strip("|` ") or current
        found += re.findall(r'`"([^"]+)"`', listed) if current == part else []

    assert found == list(get_args(words))


def test_the_page_lists_every_argument_of_the_context_for_tests() -> None:
    section = PAGE.partition("### The context of a plain call\n")[2].partition("\n## ")[0]

    names = [one.name for one in fields(TestContext) if not one.name.startswith("_")]

    assert [name for name in names if f"`{name}`" not in section] == []
