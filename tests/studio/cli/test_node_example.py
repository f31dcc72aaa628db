"""`studio nodes` shows the example of a node type, and prints it alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from studio.api import Context, get_node_type, node
from studio.cli.node_description import describe_node_type, render_node_type
from studio.cli.node_example import find_example

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

MOON = '''\
from studio.api import Context, File, hookimpl, node

@node("moon.rise")
def rise(ctx: Context, file: File) -> int:
    """Rise.

    Args:
        file: Any file.
    """
    return file.size

@hookimpl
def studio_node_types():
    """Return it."""
    return [rise]
'''


def test_the_example_alone_is_a_graph_that_runs(desk: Desk) -> None:
    printed = desk.call("nodes", "image.draw_text", "--example")
    desk.write_graph("example.json", json.loads(printed.out))

    done = desk.call("run", desk / "example.json", "-o", desk / "out")

    assert (printed.code, printed.err, done.code) == (0, "", 0)
    assert list((desk / "out").glob("*.png"))


def test_a_node_type_is_shown_with_its_example_and_how_to_run_it(desk: Desk) -> None:
    shown = desk.call("nodes", "image.draw_text")
    alone = desk.call("nodes", "image.draw_text", "--example")

    head, _, example = shown.out.partition("\nexample  studio nodes image.draw_text --example | studio run -\n")
    assert "\noutputs\n" in head
    assert [line.removeprefix("  ") for line in example.splitlines()] == alone.out.splitlines()


def test_json_carries_the_example(desk: Desk) -> None:
    row = desk.call("nodes", "image.draw_text", "--json").json

    assert row["example"] == json.loads(desk.call("nodes", "image.draw_text", "--example").out)


def test_an_example_that_reads_files_is_run_from_its_own_file(desk: Desk) -> None:
    (desk / "plugins/examples/media").mkdir(parents=True)
    (desk / "plugins/studio_moon.py").write_text(MOON, encoding="utf-8")
    (desk / "plugins/examples/media/moon.txt").write_text("moon", encoding="utf-8")
    nodes = {"rise": {"type": "moon.rise", "inputs": {"file": {"file": "media/moon.txt"}}}}
    path = desk.write_graph("plugins/examples/moon.rise.json", {"nodes": nodes, "outputs": {"size": {"from": "rise"}}})
    plugins = ("--plugins-dir", desk / "plugins")

    printed = desk.call("nodes", "moon.rise", "--example", *plugins)

    assert f"studio run {path}" in printed.err
    assert f"example  studio run {path}" in desk.call("nodes", "moon.rise", *plugins).out
    assert desk.call("run", path, "-o", desk / "out", *plugins).code == 0


def test_a_node_type_without_an_example_says_so(desk: Desk) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_moon.py").write_text(MOON, encoding="utf-8")

    done = desk.call("nodes", "moon.rise", "--example", "--plugins-dir", desk / "plugins")

    assert done.code == 2
    assert "E006 the node type 'moon.rise' has no example" in done.err
    assert "studio new graph first.json --node moon.rise" in done.err


def test_the_example_of_no_one_node_type_is_a_usage_error(desk: Desk) -> None:
    assert "--example takes one node type" in desk.call("nodes", "--example").err
    assert "--example takes one node type" in desk.call("nodes", "image", "--example").err
    assert "did you mean 'image.blur'" in desk.call("nodes", "image.blu", "--example").err


def test_an_example_that_is_no_graph_is_left_out_of_listings(desk: Desk) -> None:
    @node("moon.set", example={"studio": 1, "nodes": 3})
    def set_moon(ctx: Context) -> str:
        """Set."""
        return "down"

    declared = get_node_type(set_moon)

    assert find_example(declared) is None
    assert "--example" not in render_node_type(describe_node_type(declared))
