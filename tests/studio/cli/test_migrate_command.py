"""`studio migrate` rewrites graphs for what is installed, and leaves all others as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

PLUGIN = '''
import sys
from studio.api import Context, Migration, find_node_types, hookimpl, node


@node("dots.draw", version="2.0", migrations={1: Migration(inputs={"n": "count"}, outputs={"dots": "text"})},
      replaces="dots.paint")
def draw(ctx: Context, *, count: int = 1) -> str:
    """Draw dots."""
    return "." * count


@hookimpl
def studio_node_types():
    return find_node_types(sys.modules[__name__])
'''
OLD = {
    "nodes": {"a": {"type": "dots.paint", "version": "1.0", "inputs": {"n": 3}}},
    "outputs": {"o": {"from": "a.dots"}},
}
NEW = {
    "studio": 1,
    "nodes": {"a": {"type": "dots.draw", "version": "2.0", "inputs": {"count": 3}}},
    "outputs": {"o": {"from": "a.text"}},
}


@pytest.fixture
def plugins(desk: Desk) -> list[str]:
    (desk / "plugins").mkdir()
    (desk / "plugins" / "studio_dots.py").write_text(PLUGIN, encoding="utf-8")
    return ["--plugins-dir", "plugins"]


def test_a_graph_is_rewritten_for_what_is_installed(desk: Desk, plugins: list[str]) -> None:
    desk.write_graph("old.json", OLD)

    done = desk.call("migrate", "old.json", *plugins)

    assert done.code == 0, done.err
    assert done.out == "old.json: a: dots.paint 1.0 -> dots.draw 2.0; inputs n -> count\n"
    assert json.loads((desk / "old.json").read_text(encoding="utf-8")) == NEW
    assert desk.call("migrate", "old.json", *plugins).out == "old.json: nothing to change\n"


def test_another_file_is_written_with_an_option(desk: Desk, plugins: list[str]) -> None:
    old = desk.write_graph("old.json", OLD).read_text(encoding="utf-8")

    assert desk.call("migrate", "old.json", "-o", "new.json", *plugins).code == 0

    assert json.loads((desk / "new.json").read_text(encoding="utf-8")) == NEW
    assert (desk / "old.json").read_text(encoding="utf-8") == old


def test_a_dry_run_writes_nothing(desk: Desk, plugins: list[str]) -> None:
    old = desk.write_graph("old.json", OLD).read_text(encoding="utf-8")

    done = desk.call("migrate", "old.json", "--dry-run", *plugins)

    assert "dots.paint 1.0 -> dots.draw 2.0" in done.out
    assert (desk / "old.json").read_text(encoding="utf-8") == old


def test_a_graph_that_is_up_to_date_keeps_its_layout(desk: Desk, plugins: list[str]) -> None:
    (desk / "new.json").write_text(json.dumps(NEW, indent=7), encoding="utf-8")

    desk.succeed("migrate", "new.json", *plugins)

    assert (desk / "new.json").read_text(encoding="utf-8") == json.dumps(NEW, indent=7)


def test_of_several_graphs_none_is_written_if_one_has_errors(desk: Desk, plugins: list[str]) -> None:
    old = desk.write_graph("old.json", OLD).read_text(encoding="utf-8")
    desk.write_graph("bad.json", {"nodes": {"a": {"type": "dots.dance"}}, "outputs": {"o": {"from": "a"}}})

    done = desk.call("migrate", "old.json", "bad.json", *plugins)

    assert done.code == 2
    assert "E103" in done.err
    assert (desk / "old.json").read_text(encoding="utf-8") == old


def test_one_file_is_not_named_for_several_graphs(desk: Desk) -> None:
    done = desk.call("migrate", "a.json", "b.json", "-o", "c.json")

    assert done.code == 2
    assert "E022" in done.err


LAYOUT = """{
    "studio" : 1,
    "requires": {"studio-dots": ">=0.1,<9"},
    "nodes": {"a":   {"type": "dots.paint", "version": "1.0", "inputs": {"n": 3.0}}},

    "outputs": {"o": {"from": "a.dots"}}
}
"""


@pytest.fixture
def released(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plugin as a distribution that is installed."""
    info = desk.folder / "site" / "studio_dots-2.1.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: studio-dots\nVersion: 2.1.3\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[studio]\ndots = studio_dots\n", encoding="utf-8")
    (info.parent / "studio_dots.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(info.parent))


@pytest.mark.usefixtures("released")
def test_the_rest_of_a_file_stays_as_it_is_written(desk: Desk) -> None:
    (desk / "old.json").write_text(LAYOUT, encoding="utf-8")

    done = desk.succeed("migrate", "old.json")

    assert (desk / "old.json").read_text(encoding="utf-8") == LAYOUT.replace(">=0.1,<9", ">=2.1,<9").replace(
        '"dots.paint", "version": "1.0"', '"dots.draw", "version": "2.0"'
    ).replace('"n": 3.0', '"count": 3.0').replace("a.dots", "a.text")
    assert done.out.splitlines()[1] == "old.json: requires: studio-dots >=0.1,<9 -> studio-dots >=2.1,<9"


@pytest.mark.usefixtures("released")
def test_requires_gets_the_version_that_has_the_new_names(desk: Desk) -> None:
    desk.write_graph("old.json", OLD)
    desk.write_graph("new.json", NEW)

    desk.succeed("migrate", "old.json", "new.json")

    assert json.loads((desk / "old.json").read_text(encoding="utf-8"))["requires"] == {"studio-dots": ">=2.1"}
    assert "requires" not in json.loads((desk / "new.json").read_text(encoding="utf-8"))
