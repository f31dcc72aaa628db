"""A fingerprint names all code and data: for each way a plugin can be given and each file of it, an edit counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from studio.api import Context, File, MediaLimits, hookimpl, node
from studio.api.builtin import create_builtin_value_types
from studio.api.origin import Provider
from studio.app import Studio
from studio.errors import PluginError
from studio.execution.file_reading import FileReader
from studio.execution.fingerprint import Fingerprints
from studio.registry.kept_sources import KeptSources
from studio.registry.plugin_origin import list_digests
from studio.registry.source_tree import locate_tree
from studio.settings import Settings
from tests.studio.registry.given_plugins import (
    EDITS,
    MODULE_EDITS,
    WAYS,
    Ways,
    describe_number,
    open_studio,
    restored_modules,
    run_number,
)

EVERY_FILE = [
    (way, file)
    for way in WAYS
    for file in (EDITS if way.endswith(("package", "editable", "installed")) else MODULE_EDITS)
]


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    """Writes plugins."""
    with restored_modules():
        yield Ways(tmp_path, monkeypatch)


@pytest.mark.parametrize(("way", "file"), EVERY_FILE)
def test_an_edit_of_any_file_changes_the_result_and_runs_nothing_of_another_plugin(
    ways: Ways, tmp_path: Path, way: str, file: str
) -> None:
    edited, other = getattr(ways, way)("one"), getattr(ways, way)("other")
    file = file.format(name=edited.name, id="one")
    with open_studio(tmp_path / "cache", edited, other) as studio:
        before, _ = run_number(studio, "one")
        others, _ = run_number(studio, "other")

    edited.edit(file)
    with open_studio(tmp_path / "cache", edited, other) as studio:
        after = run_number(studio, "one")
        unchanged = run_number(studio, "other")
    with open_studio(tmp_path / "cache", edited, other) as studio:
        again = run_number(studio, "one")

    old, new = map(int, (digits(text) for text in edited.edits[file]))
    assert after == (before + new - old, True)
    assert unchanged == (others, False)
    assert again == (after[0], False)


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(filter(str.isdigit, text))


@pytest.mark.parametrize(("way", "file"), EVERY_FILE)
def test_a_studio_that_stays_open_refuses_code_that_has_changed(
    ways: Ways, tmp_path: Path, way: str, file: str
) -> None:
    edited = getattr(ways, way)("one")
    file = file.format(name=edited.name, id="one")
    with open_studio(tmp_path / "cache", edited) as studio:
        run_number(studio, "one")
        edited.edit(file)
        studio.registry.node_types["one.number"].origin._next_check = 0.0  # type: ignore[union-attr]

        with pytest.raises(PluginError, match=f"E211.*{file}"):
            run_number(studio, "one")


# -- value types -----------------------------------------------------------------------------------


def read_ramp(studio: Studio, path: Path, id: str = "one") -> tuple[int, bool]:
    """Read a file by a plugin's value type; return its height and whether it was read rather than cached."""
    node = {"type": f"{id}.read_ramp", "inputs": {"ramp": {"file": str(path)}}}
    document = {"studio": 1, "nodes": {"n": node}, "outputs": {"o": {"from": "n"}}}
    result = studio.run(document, roots=[path.parent])
    assert not result.errors, result.errors
    return result["o"], not next(r["cached"] for n, r in result.manifest["nodes"].items() if n.startswith("file:"))


@pytest.mark.parametrize("way", [way for way in WAYS if way.endswith(("package", "editable", "installed"))])
def test_a_corrected_reader_of_a_value_type_is_used(ways: Ways, tmp_path: Path, way: str) -> None:
    plugin, other = getattr(ways, way)("one"), getattr(ways, way)("other")
    path = tmp_path / "x.ramp"
    path.write_text("5", encoding="utf-8")
    with open_studio(tmp_path / "cache", plugin, other) as studio:
        before, others = read_ramp(studio, path), read_ramp(studio, path, "other")

    ramps = plugin.folder / "ramps.py"
    ramps.write_text(ramps.read_text(encoding="utf-8").replace("700000", "800000"), encoding="utf-8")
    with open_studio(tmp_path / "cache", plugin, other) as studio:
        after, unchanged = read_ramp(studio, path), read_ramp(studio, path, "other")

    assert (before, after) == ((700005, True), (800005, True))
    assert (others, unchanged) == ((700005, True), (700005, False))


def test_a_node_counts_the_plugin_whose_value_type_it_takes(tmp_path: Path, ways: Ways) -> None:
    owner, user = ways.write_folder_package("one"), ways.write_folder_package("other")
    nodes = user.folder / "nodes.py"
    ramp = "from studio_tried_one.ramps import Ramp"
    nodes.write_text(nodes.read_text(encoding="utf-8").replace("from .ramps import Ramp", ramp), encoding="utf-8")

    def find_part() -> str:
        with open_studio(tmp_path / "cache", owner, user) as studio:
            parts = Fingerprints("cpu", "float32").find_parts(studio.registry.node_types["other.read_ramp"])
            return parts["value type one_ramp"]

    before = find_part()
    owner.edit("algorithm.py")

    assert before.startswith("studio_tried_one 0+local")
    assert before != find_part()


def test_a_node_that_reads_a_file_counts_studios_own_code(tmp_path: Path) -> None:
    origins = [SimpleNamespace(sources=digest, files={}, find_changed=list) for digest in ("a" * 64, "b" * 64)]
    (image,) = (kind for kind in create_builtin_value_types() if kind.name == "image")
    readers = [
        FileReader(File, list, {"image": image}, MediaLimits(), {"image": provider})
        for provider in (
            Provider("studio", "1.0"),
            Provider("studio", "1.1"),
            *(Provider("studio", "1.0", origin) for origin in origins),
        )
    ]

    found = {Fingerprints("cpu", "float32").find(reader.make_node_type("image"), {}) for reader in readers}

    assert len(found) == 4


# -- releases, and code in no file -----------------------------------------------------------------


def test_a_release_is_named_by_its_version_alone(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.put_release("one")
    with open_studio(tmp_path / "cache", plugin) as studio:
        node_type = studio.registry.node_types["one.number"]

    assert node_type.origin is None
    assert Fingerprints("cpu", "float32").find_parts(node_type)["plugin"] == "studio-tried-one 1.0"
    assert "sources" not in Fingerprints("cpu", "float32").find_parts(node_type)


CONSOLE = '''
from studio.api import Context, hookimpl, node

TABLE = {{"a": {value}}}

def find(name):
    return TABLE[name]

@node("typed.number")
def number(ctx: Context) -> int:
    """Return a number."""
    return find("a") + {more}

@hookimpl
def studio_node_types():
    return [number]
'''


def run_typed(cache: Path, source: str) -> tuple[int, bool]:
    """Run a plugin that was typed into a console."""
    module = ModuleType("typed")
    exec(compile(source, "<stdin>", "exec"), vars(module))  # noqa: S102
    with Studio(Settings(cache_dir=cache, device="cpu"), plugins=[("typed", module)], discover=False) as studio:
        return run_number(studio, "typed")


def test_what_is_typed_into_a_console_is_named_by_its_code_and_what_it_refers_to(tmp_path: Path) -> None:
    first = run_typed(tmp_path / "cache", CONSOLE.format(value=1, more=10))
    again = run_typed(tmp_path / "cache", CONSOLE.format(value=1, more=10))
    other_table = run_typed(tmp_path / "cache", CONSOLE.format(value=2, more=10))
    other_code = run_typed(tmp_path / "cache", CONSOLE.format(value=2, more=20))

    assert [first, again, other_table, other_code] == [(11, True), (11, False), (12, True), (22, True)]


def test_code_that_refers_to_what_cannot_be_named_runs_each_time(tmp_path: Path) -> None:
    source = CONSOLE.format(value=1, more=10).replace(
        "TABLE = {", "import threading\nLOCK = threading.Lock()\nTABLE = {"
    )
    source = source.replace("return TABLE[name]", "with LOCK: return TABLE[name]")

    assert [run_typed(tmp_path / "cache", source)[1] for _ in range(2)] == [True, True]


def test_a_function_counts_with_the_numbers_it_was_made_with(tmp_path: Path) -> None:
    def make(amount: int) -> Any:
        @node("made.number")
        def number(ctx: Context) -> int:
            """Return a number."""
            return amount

        return SimpleNamespace(studio_node_types=hookimpl(lambda: [number]))

    def run(amount: int) -> tuple[int, bool]:
        settings = Settings(cache_dir=tmp_path / "cache", device="cpu")
        with Studio(settings, plugins=[("made", make(amount))], discover=False) as studio:
            return run_number(studio, "made")

    assert [run(1), run(1), run(2)] == [(1, True), (1, False), (2, True)]


# -- edits at a bad moment -------------------------------------------------------------------------


def test_a_result_that_was_computed_while_a_file_changed_is_not_kept(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_folder_file("one")
    source = plugin.folder / f"{plugin.name}.py"
    edit = '    Path(__file__).with_name("one.one").write_text("300")\n    import time; time.sleep(0.06)\n    third ='
    source.write_text(source.read_text(encoding="utf-8").replace("    third =", edit, 1), encoding="utf-8")
    with open_studio(tmp_path / "cache", plugin) as studio:
        result = studio.run(describe_number("one"))
        fingerprint = result.manifest["nodes"]["n"]["fingerprints"][0]

        assert result["o"] == 7050400
        assert "its result is not kept: one.one changed while it ran" in result.manifest["nodes"]["n"]["warnings"]
        assert studio.cache.find(fingerprint) is None


def test_an_object_whose_file_changed_after_its_import_is_refused(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_given_object("one")
    given = plugin.give()
    plugin.edit(f"{plugin.name}.py")
    settings = Settings(cache_dir=tmp_path / "cache", device="cpu")

    with Studio(settings, discover=False, **given) as studio:
        (row,) = studio.registry.plugins

    assert row.status == "failed"
    assert "E211" in row.problem


def test_the_compiled_form_of_an_edited_module_is_not_taken_for_current(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    plugin = ways.write_editable("one")
    with open_studio(tmp_path / "cache", plugin) as studio:
        before, _ = run_number(studio, "one")
    path = plugin.folder / "algorithm.py"
    seconds = path.stat().st_mtime_ns // 10**9

    plugin.edit("algorithm.py")
    os.utime(path, ns=(seconds * 10**9 + 999_999_000, seconds * 10**9 + 999_999_000))
    with open_studio(tmp_path / "cache", plugin) as studio:
        assert run_number(studio, "one") == (before + 10, True)


def test_files_that_have_not_changed_are_not_read_again(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_folder_package("one")
    for path in plugin.folder.rglob("*"):
        os.utime(path, (1, 1))
    kept = KeptSources(tmp_path / "kept")
    tree = locate_tree(str(plugin.folder))
    reader = kept.open_reader("x")
    files = tree.collect(reader)
    aged = {file.path: replace(file, settled=True) for file in files.values()}
    reader.known = aged
    kept.keep("x", reader)

    again = kept.open_reader("x")
    found = tree.collect(again)

    assert not again.fresh
    assert list_digests(found) == list_digests(files)


# -- what explain says -----------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "file"), [("write_folder_package", "data/lut.json"), ("write_folder_file", None)])
def test_explain_names_the_file_that_changed(ways: Ways, tmp_path: Path, way: str, file: str | None) -> None:
    plugin = getattr(ways, way)("one")
    file = file or f"{plugin.name}.py"
    with open_studio(tmp_path / "cache", plugin) as studio:
        run_number(studio, "one")
    plugin.edit(file)

    with open_studio(tmp_path / "cache", plugin) as studio:
        (row,) = studio.explain(studio.load(describe_number("one")))

    shown = file if way == "write_folder_file" else f"{plugin.name}/{file}"
    assert (row.standing, row.reason) == ("miss", f"source changed: {shown}")
    assert list(row.changed) == [f"source {shown}"]


def test_explain_shows_short_inputs_as_they_are_and_long_ones_by_digest(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_folder_package("one")

    def explain(number: int) -> Mapping[str, tuple[str, str]]:
        document = describe_number("one", a=number)
        with open_studio(tmp_path / "cache", plugin) as studio:
            (row,) = studio.explain(studio.load(document))
            studio.run(document)
        return row.changed

    explain(8)
    changed = explain(5)
    long = explain(10**80)

    assert changed == {"input a": ("5", "8")}
    assert all(len(digest) == 64 for digest in long["input a"])
