"""`write_plugin`: the files of a plugin, and the names that it may have."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from studio.cli.plugin_template import check_plugin_name, guess_plugin_name, write_plugin
from studio.errors import UsageError
from studio.testing.wheel import build_wheel, find_wheel_problems
from studio.version import VERSION


def test_every_file_is_complete_and_named_after_the_plugin(tmp_path: Path) -> None:
    write_plugin(tmp_path, "two_words")

    files = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.*")
             if path.is_file()}  # fmt: skip
    assert set(files) == {
        "pyproject.toml", "README.md", "studio_two_words/__init__.py", "studio_two_words/nodes.py",
        "studio_two_words/tint.py", "studio_two_words/py.typed", "tests/test_nodes.py", "tests/test_plugin.py",
        "studio_two_words/examples/two_words.tint_image.json", "graphs/example.json",
    }  # fmt: skip
    assert not [name for name, text in files.items() if "$" in text]
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)


def test_its_wheel_has_weights_and_subpackages_and_no_compiled_files(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write_plugin(project, "two_words")
    package = project / "studio_two_words"
    for name in ("weights/net.safetensors", "weights/deep/table.json", "networks/__init__.py", "networks/unet.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("", "utf-8")
    (package / "networks" / "__pycache__").mkdir()
    (package / "networks" / "__pycache__" / "unet.cpython-311.pyc").write_bytes(b"")

    wheel = build_wheel(project, tmp_path / "dist")

    assert find_wheel_problems(wheel, package, "studio_two_words") == []
    names = ZipFile(wheel).namelist()
    assert "studio_two_words/weights/deep/table.json" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_its_readme_says_which_commands_to_type_after_an_edit(tmp_path: Path) -> None:
    write_plugin(tmp_path, "two_words")

    text = (tmp_path / "README.md").read_text("utf-8")

    for words in ("pip install -e '.[test]'", "python -m pytest", "studio run graphs/example.json -o out",
                  "studio plugins check two_words --wheel dist/studio_two_words-"):  # fmt: skip
        assert words in text
    assert all(node["version"] == "1.0" for node in json.loads(
        (tmp_path / "graphs/example.json").read_text("utf-8"))["nodes"].values())  # fmt: skip


def test_its_metadata_names_the_entry_point_and_its_graph_requires_it(tmp_path: Path) -> None:
    write_plugin(tmp_path, "two_words")

    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    graph = json.loads((tmp_path / "graphs/example.json").read_text("utf-8"))
    assert project["name"] == "studio-two-words"
    assert project["entry-points"]["studio"] == {"studio-two-words": "studio_two_words"}
    assert graph["nodes"]["tint"]["type"] == "two_words.tint_image"
    assert graph["requires"] == {"studio-two-words": ">=0.1"}
    assert project["dependencies"][0] == f"studio>={'.'.join(VERSION.split('.')[:2])}"


def test_its_tests_need_all_that_the_kit_uses(tmp_path: Path) -> None:
    write_plugin(tmp_path, "glow")

    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["test"][0].startswith("studio[testing]>=")


def test_names_of_studios_own_plugins_are_taken() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]

    for name in (*project["entry-points"]["studio"], "check"):
        with pytest.raises(UsageError, match="is taken"):
            check_plugin_name(guess_plugin_name(Path(name)))


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_plugin(tmp_path / "file", "glow")

    assert caught.value.code == "E013"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("studio-glow", "glow"),
        ("studio_glow", "glow"),
        ("glow", "glow"),
        ("Soft-Glow", "soft_glow"),
        ("my-studio", "my_studio"),
    ],
)
def test_the_name_of_a_plugin_is_guessed_from_its_folder(folder: str, name: str) -> None:
    assert guess_plugin_name(Path("/x") / folder) == name


@pytest.mark.parametrize("name", ["ab", "a1_b", "a" * 31])
def test_a_name_of_small_letters_digits_and_underscores_is_valid(name: str) -> None:
    check_plugin_name(name)


@pytest.mark.parametrize(("name", "message"), [
    ("a", "invalid"), ("a" * 32, "invalid"), ("1a", "invalid"), ("a-b", "invalid"), ("Ab", "invalid"),
    ("ab_", "invalid"), ("class", "invalid"), ("image", "taken"), ("graph", "taken"),
])  # fmt: skip
def test_other_names_and_those_of_studio_itself_are_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        check_plugin_name(name)

    assert caught.value.code == "E010"
