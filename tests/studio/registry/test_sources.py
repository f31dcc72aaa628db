"""Where plugins come from: distributions, a folder, a caller."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from studio.api.builtin import create_builtin_value_types
from studio.errors import UsageError
from studio.registry import load_registry
from studio.registry.sources import find_given, find_in_folder, find_version
from studio.version import VERSION


def test_installed_plugins_are_found_studios_own_first() -> None:
    rows = load_registry().plugins

    own = [
        "studio-audio",
        "studio-diffusion",
        "studio-image",
        "studio-logic",
        "studio-onnx",
        "studio-provenance",
        "studio-scenes",
        "studio-speech",
    ]
    own += ["studio-style", "studio-text", "studio-train", "studio-upscale", "studio-video", "studio-vision"]
    assert [row.name for row in rows[:14]] == own


def test_a_plugins_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="E204"):
        load_registry(tmp_path / "nowhere", discover=False)


PLUGIN = '''
from studio.api import Context, hookimpl, node


@node("{name}.number", code=1)
def number(ctx: Context) -> int:
    """Return a number."""
    return {value}


@hookimpl
def studio_node_types():
    """Return the node type."""
    return [number]
'''


def write_plugin(path: Path, name: str, value: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLUGIN.format(name=name, value=value), encoding="utf-8")
    return path


def find_versions(folder: Path) -> dict[str, str]:
    return {row.name: row.version for row, _ in find_in_folder(folder)}


def test_files_and_packages_of_a_folder_are_plugins_and_nothing_else_in_it(tmp_path: Path) -> None:
    write_plugin(tmp_path / "studio_one.py", "one")
    write_plugin(tmp_path / "studio_two" / "__init__.py", "two")
    write_plugin(tmp_path / "other.py", "other")
    (tmp_path / "studio_notes.txt").write_text("no plugin", encoding="utf-8")
    (tmp_path / "studio_empty").mkdir()

    registry = load_registry(tmp_path, discover=False)

    assert [(row.name, row.status) for row in registry.plugins] == [("studio_one", "ok"), ("studio_two", "ok")]
    assert set(registry.node_types) == {"one.number", "two.number"}
    assert registry.node_types["one.number"].distribution == "studio_one"


def test_an_edit_of_a_local_plugin_changes_its_version_alone(tmp_path: Path) -> None:
    write_plugin(tmp_path / "studio_three.py", "three")
    write_plugin(tmp_path / "studio_four" / "__init__.py", "four")
    before = find_versions(tmp_path)

    write_plugin(tmp_path / "studio_four" / "inner.py", "four", 2)
    after = find_versions(tmp_path)

    assert all(version.startswith("0+local.") for version in before.values())
    assert before["studio_three"] == after["studio_three"]
    assert before["studio_four"] != after["studio_four"]


def test_a_local_plugin_is_imported_when_it_is_loaded_and_once(tmp_path: Path) -> None:
    write_plugin(tmp_path / "studio_five.py", "five")

    ((row, load),) = find_in_folder(tmp_path)
    assert "studio_five" not in sys.modules
    first = load()

    assert load() is first is sys.modules["studio_five"]
    assert row.where == str(tmp_path / "studio_five.py")


def test_a_local_plugin_that_raises_leaves_no_half_imported_module(tmp_path: Path) -> None:
    (tmp_path / "studio_six.py").write_text("raise ValueError('on purpose')", encoding="utf-8")
    ((_, load),) = find_in_folder(tmp_path)

    with pytest.raises(ValueError, match="on purpose"):
        load()

    assert "studio_six" not in sys.modules


@pytest.mark.parametrize("path", ["studio_image.py", "studio_image/__init__.py"])
def test_a_file_with_the_name_of_an_installed_module_is_refused_and_both_are_named(tmp_path: Path, path: str) -> None:
    import studio_image

    write_plugin(tmp_path / path, "photo")

    registry = load_registry(tmp_path, value_types=create_builtin_value_types())
    row = registry.plugins[-1]

    assert row.status == "failed"
    assert "E208 the module 'studio_image' of the plugins folder has the name of an installed module" in row.problem
    assert str(studio_image.__file__) in row.problem
    assert row.where == str(tmp_path / path)
    assert sys.modules["studio_image"] is studio_image
    assert "image.resize" in registry.node_types
    assert "photo.number" not in registry.node_types


def test_a_plugins_folder_that_is_on_the_path_of_python_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plugin(tmp_path / "studio_seven.py", "seven")
    monkeypatch.syspath_prepend(tmp_path)

    assert "seven.number" in load_registry(tmp_path, discover=False).node_types


def test_two_folders_may_have_a_plugin_of_one_name_one_after_the_other(tmp_path: Path) -> None:
    for folder, value in (("a", 1), ("b", 2)):
        write_plugin(tmp_path / folder / "studio_eight.py", "eight", value)

    values = [load_registry(tmp_path / f, discover=False).node_types["eight.number"].function(None) for f in "ab"]

    assert values == [1, 2]


def test_given_plugins_are_taken_as_they_are_and_have_a_local_version() -> None:
    plugin = object()

    ((row, load),) = find_given([("mine", plugin)])

    assert load() is plugin
    assert (row.name, row.distribution, row.version) == ("mine", "given", "0+local")


def test_studios_own_version_is_that_of_its_code(tmp_path: Path) -> None:
    info = tmp_path / "studio-0.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: studio\nVersion: 0.0.1\n", encoding="utf-8")

    assert find_version(importlib.metadata.PathDistribution(info)) == VERSION
