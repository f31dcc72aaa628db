"""Plugins in distributions of their own: one that works, installed with pip, and broken ones beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parents[1] / "third_party"
BROKEN = sorted(path.name for path in SOURCES.glob("broken-*"))
GRAPH = {
    "studio": 1,
    "inputs": {"name": {"type": "text", "default": "Ada"}},
    "nodes": {
        "greet": {"type": "hello.greet", "inputs": {"name": {"from": "inputs.name"}}},
        "write": {"type": "hello.write", "inputs": {"greeting": {"from": "greet"}}},
    },
    "outputs": {"greeting": {"from": "greet"}, "line": {"from": "write"}},
    "requires": {"studio-hello": ">=1.2"},
}
PICTURE = {
    "studio": 1,
    "nodes": {"new": {"type": "image.new", "inputs": {"width": 4, "height": 4}}, "blur": {"type": "image.blur",
              "inputs": {"image": {"from": "new"}}}},
    "outputs": {"picture": {"from": "blur"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with studio-hello in it, put there by pip without a network."""
    folder = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(SOURCES / "studio-hello", tmp_path_factory.mktemp("source") / "studio-hello")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
               "--disable-pip-version-check", "--target", str(folder), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def add_distribution(name: str, folder: Path) -> None:
    """Put a distribution of one module into a folder as pip would, in no time."""
    project = tomllib.loads((SOURCES / name / "pyproject.toml").read_text(encoding="utf-8"))
    for module in project["tool"]["setuptools"]["py-modules"]:
        shutil.copy(SOURCES / name / f"{module}.py", folder)
    info = folder / f"{name.replace('-', '_')}-{project['project']['version']}.dist-info"
    info.mkdir()
    version = project["project"]["version"]
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    points = "".join(f"{key} = {value}\n" for key, value in project["project"]["entry-points"]["studio"].items())
    (info / "entry_points.txt").write_text(f"[studio]\n{points}", encoding="utf-8")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all the broken distributions in it."""
    folder = tmp_path_factory.mktemp("broken")
    for name in BROKEN:
        add_distribution(name, folder)
    return folder


class Machine:
    """Runs `studio` in a process of its own, with folders of installed distributions."""

    def __init__(self, folder: Path, installed: Sequence[Path]) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
        self.environment["PYTHONPATH"] = os.pathsep.join(map(str, installed))
        self.environment["STUDIO_CACHE_DIR"] = str(folder / "cache")

    def studio(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        command = [sys.executable, "-c", "from studio.cli.main import main; main()", *arguments]
        return subprocess.run(command, cwd=self.folder, env=self.environment | environment, capture_output=True,
                              text=True, check=False)  # fmt: skip

    def list_plugins(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the rows of `studio plugins` by name; two of one name are an error."""
        done = self.studio("plugins", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)["data"]
        assert len({row["name"] for row in rows}) == len(rows)
        return {row["name"]: row for row in rows}

    def write(self, name: str, content: Any) -> str:
        """Write a graph, or text, into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return name


@pytest.fixture
def good(tmp_path: Path, hello: Path) -> Machine:
    """A machine with studio-hello."""
    return Machine(tmp_path, [hello])


@pytest.fixture
def mixed(tmp_path: Path, hello: Path, broken: Path) -> Machine:
    """A machine with studio-hello and every broken plugin."""
    return Machine(tmp_path, [hello, broken])


# -- one that works --------------------------------------------------------------------------------


def test_an_installed_plugin_is_listed_with_its_distribution(good: Machine) -> None:
    row = good.list_plugins()["hello"]

    assert (row["distribution"], row["version"], row["status"]) == ("studio-hello", "1.2.3", "ok")
    assert row["node_types"] == ["hello.greet", "hello.write"]


def test_its_node_types_are_described(good: Machine) -> None:
    done = good.studio("nodes", "hello.greet")

    assert done.returncode == 0
    assert "Greet somebody." in done.stdout
    assert "Who is greeted." in done.stdout
    assert "studio-hello 1.2.3" in done.stdout


def test_its_command_runs_and_shows_in_the_help(good: Machine) -> None:
    assert good.studio("hello-command", "Ada").stdout == "Hello, Ada!\n"
    assert "hello-command" in good.studio("--help").stdout


def test_a_graph_runs_with_its_node_types_its_value_type_and_its_observer(good: Machine) -> None:
    done = good.studio("run", good.write("graph.json", GRAPH), "-o", "out", STUDIO_HELLO_LOG="events.txt")

    assert done.returncode == 0, done.stderr
    assert (good.folder / "out" / "greeting.txt").read_text(encoding="utf-8") == "Hello, Ada!\n"
    events = (good.folder / "events.txt").read_text(encoding="utf-8").split()
    assert events[0] == "RunStarted"
    assert events[-1] == "RunFinished"
    assert events.count("NodeFinished") == 2


def test_its_values_come_from_the_cache_in_another_process(good: Machine) -> None:
    graph = good.write("graph.json", GRAPH)
    good.studio("run", graph)

    again = good.studio("run", graph, "--json")

    assert json.loads(again.stdout)["data"]["cache"] == {"hits": 2, "calls": 2}


# -- broken ones -----------------------------------------------------------------------------------

REASONS = {
    "broken-clash": ("broken_clash.py:12", "'image.blur'", "rename"),
    "broken-exit": ("broken_exit.py:5", "SystemExit: 3", "report it"),
    "broken-hook-argument": ("broken_hook_argument.py:6", "no argument 'run'", "it takes event"),
    "broken-hook-name": ("broken_hook_name.py:6", "'studio_node_typs'", "did you mean 'studio_node_types'?"),
    "broken-import": ("broken_import.py:3", "a_library_that_nobody_installed", "install"),
    "broken-none": ("broken_none.py:6", "studio_node_types returned None", "return a list"),
    "broken-signature": ("broken_signature.py:10", "input 'text' has no annotation; input 'volume'", "docs/"),
    "broken-unmarked": ("broken_unmarked.py:4", "not marked as a hook", "@hookimpl"),
}


def test_each_broken_plugin_is_one_row_with_place_reason_and_hint(mixed: Machine) -> None:
    rows = mixed.list_plugins()

    assert {name for name, row in rows.items() if row["status"] == "failed"} == set(REASONS)
    for name, (place, reason, hint) in REASONS.items():
        assert rows[name]["where"].endswith(place), rows[name]
        assert reason in rows[name]["problem"]
        assert hint in rows[name]["problem"]
        assert "\n" not in rows[name]["problem"]


def test_the_text_of_studio_plugins_has_one_line_for_each(mixed: Machine) -> None:
    done = mixed.studio("plugins")

    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    for name, (place, _, _) in REASONS.items():
        assert [place in line for line in lines if line.startswith(f"{name} ")] == [True]


def test_a_clash_names_both_plugins(mixed: Machine) -> None:
    problem = mixed.list_plugins()["broken-clash"]["problem"]

    assert "filters.py:" in problem
    assert "broken-clash" in problem


def test_the_others_are_listed_beside_broken_ones(mixed: Machine) -> None:
    done = mixed.studio("nodes")

    assert done.returncode == 0, done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"hello.greet", "image.blur", "logic.switch", "style.transfer"} <= listed
    assert "broken.fine" not in listed


def test_commands_work_beside_broken_ones(mixed: Machine) -> None:
    done = mixed.studio("hello-command")

    assert (done.returncode, done.stdout) == (0, "Hello, world!\n"), done.stderr


def test_graphs_run_beside_broken_ones_and_an_observer_that_raises_is_told_once(mixed: Machine) -> None:
    done = mixed.studio("run", mixed.write("graph.json", GRAPH), "-o", "out", STUDIO_HELLO_LOG="events.txt")

    assert done.returncode == 0, done.stderr
    assert (mixed.folder / "out" / "greeting.txt").is_file()
    assert done.stderr.count("broken-observer") == 1
    assert "cannot cope with RunStarted" in done.stderr
    assert "RunFinished" in (mixed.folder / "events.txt").read_text(encoding="utf-8")


def test_first_party_node_types_stay_what_they_are(mixed: Machine) -> None:
    done = mixed.studio("run", mixed.write("graph.json", PICTURE), "--json")

    assert json.loads(done.stdout)["data"]["nodes"]["blur"]["plugin"].startswith("studio ")


def test_a_graph_that_needs_a_broken_plugin_is_told_why(mixed: Machine) -> None:
    graph = {"studio": 1, "nodes": {"a": {"type": "broken_import.go"}}, "outputs": {"x": {"from": "a"}}}

    done = mixed.studio("validate", mixed.write("graph.json", graph))

    assert done.returncode == 2
    assert "E123" in done.stdout
    assert "a_library_that_nobody_installed" in done.stdout


# -- a folder of plugins ---------------------------------------------------------------------------

SINGLE = '''"""A plugin in one file."""

from studio.api import Context, find_node_types, hookimpl, node
import sys


@node("single.double")
def double(ctx: Context, number: int) -> int:
    """Double a number.

    Args:
        number: The number.
    """
    return 2 * number


@hookimpl
def studio_node_types():
    """Return the node types."""
    return find_node_types(sys.modules[__name__])
'''


@pytest.fixture
def plain(tmp_path: Path) -> Machine:
    """A machine with a folder of plugins: a file, a package, a broken file, and what is no plugin."""
    machine = Machine(tmp_path, [])
    machine.write("plugins/studio_single.py", SINGLE)
    shutil.copytree(SOURCES / "studio-hello" / "studio_hello", tmp_path / "plugins" / "studio_hello")
    machine.write("plugins/studio_syntax.py", "def broken(:\n")
    machine.write("plugins/notes.txt", "no plugin")
    machine.write("plugins/helper.py", "raise RuntimeError('nobody imports this')")
    return machine


def test_a_folder_may_hold_files_and_packages(plain: Machine) -> None:
    rows = plain.list_plugins("--plugins-dir", "plugins")

    assert rows["studio_single"]["node_types"] == ["single.double"]
    assert rows["studio_hello"]["node_types"] == ["hello.greet", "hello.write"]
    assert "helper" not in rows


def test_a_file_with_a_syntax_error_is_a_row_with_its_line(plain: Machine) -> None:
    row = plain.list_plugins("--plugins-dir", "plugins")["studio_syntax"]

    assert row["status"] == "failed"
    assert row["where"].endswith("studio_syntax.py:1")
    assert "SyntaxError" in row["problem"]


def test_graphs_run_with_plugins_of_a_folder(plain: Machine) -> None:
    graph = {
        "studio": 1,
        "nodes": {"two": {"type": "single.double", "inputs": {"number": 1}},
                  "hi": {"type": "hello.greet", "inputs": {"name": "Bob"}}},
        "outputs": {"number": {"from": "two"}, "greeting": {"from": "hi"}},
    }  # fmt: skip

    done = plain.studio("run", plain.write("graph.json", graph), "--plugins-dir", "plugins", "-o", "out")

    assert done.returncode == 0, done.stderr
    assert (plain.folder / "out" / "greeting.txt").read_text(encoding="utf-8") == "Hello, Bob!\n"


def test_a_plugins_folder_that_is_not_there_is_told(plain: Machine) -> None:
    done = plain.studio("plugins", "--plugins-dir", "nowhere")

    assert done.returncode != 0
    assert "E204" in done.stderr
    assert "Traceback" not in done.stderr
