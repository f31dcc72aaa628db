"""`studio draw` writes what is asked for, coloured by the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image

from studio.cli.draw_command import find_standings
from studio.execution.explain import Explanation


def test_mermaid_goes_to_the_terminal(desk: Any, card: Path) -> None:
    done = desk.call("draw", card)

    assert done.code == 0
    assert done.out.startswith("---\ntitle: ")
    assert "miss 2" in done.out


def test_nodes_are_coloured_by_what_the_cache_has(desk: Any, card: Path) -> None:
    desk.succeed("run", card)

    assert "hit 3" in desk.call("draw", card).out
    assert "miss" in desk.call("draw", card, "--set", "words=Other").out
    assert "legend" not in desk.call("draw", card, "--no-cache-colors").out


def test_the_extension_says_what_to_write(desk: Any, card: Path) -> None:
    for name in ("card.svg", "card.png", "card.mmd"):
        done = desk.call("draw", card, "-o", name)
        assert (done.code, done.out.strip()) == (0, name)

    ElementTree.parse(desk / "card.svg")
    with Image.open(desk / "card.png") as picture:
        assert picture.format == "PNG"
    assert "flowchart LR" in (desk / "card.mmd").read_text(encoding="utf-8")


def test_the_format_may_be_said(desk: Any, card: Path) -> None:
    ElementTree.fromstring(desk.call("draw", card, "--format", "svg").out)
    assert desk.call("draw", card, "-o", "card.txt", "--format", "mermaid").code == 0


def test_an_unknown_extension_and_a_missing_folder_are_refused(desk: Any, card: Path) -> None:
    assert "E021" in desk.call("draw", card, "-o", "card.gif").err
    assert "E013" in desk.call("draw", card, "-o", "none/card.svg").err
    assert desk.call("draw", card, "-o", "card.gif").code == 2


def test_a_graph_with_errors_is_drawn_and_its_findings_are_shown(desk: Any) -> None:
    path = desk.write_graph("bad.json", {"nodes": {"a": {"type": "image.resise"}}, "outputs": {"o": {"from": "a"}}})

    done = desk.call("draw", path)

    assert done.code == 0
    assert "error 1" in done.out
    assert "E103" in done.err


def test_what_is_no_graph_is_refused(desk: Any) -> None:
    (desk / "none.json").write_text("{", encoding="utf-8")

    done = desk.call("draw", desk / "none.json")

    assert (done.code, done.out) == (2, "")
    assert "E100" in done.err


def test_without_values_for_its_inputs_a_graph_is_drawn_plain(desk: Any) -> None:
    path = desk.write_graph("needs.json", {
        "inputs": {"picture": {"type": "image"}},
        "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"from": "inputs.picture"}}}},
        "outputs": {"o": {"from": "a"}},
    })  # fmt: skip
    desk.write_picture("p.png")

    plain, colored = desk.call("draw", path), desk.call("draw", path, "--set", "picture=@p.png")

    assert plain.code == 0
    assert "'picture' has no value" in plain.err
    assert "legend" not in plain.out
    assert "legend" in colored.out


def test_a_graph_in_a_graph_takes_the_standing_that_matters_most() -> None:
    rows = [Explanation(node, "t", standing) for node, standing in (
        ("file:a.png:image", "miss"), ("outer/x", "hit"), ("outer/y", "unknown"), ("a", "hit"), ("b", "skipped"),
        ("c/x", "hit"), ("c/y/z", "always runs"), ("c/w", "unknown"))]  # type: ignore[arg-type]  # fmt: skip

    assert find_standings(rows) == {"outer": "unknown", "a": "hit", "b": "skipped", "c": "always runs"}
