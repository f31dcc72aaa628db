"""`studio explain`: hit or miss for each node, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def test_before_the_first_run_nothing_is_there(desk: Desk, card: Path) -> None:
    done = desk.call("explain", card)

    assert done.code == 0
    assert "hit" not in done.out
    assert {line.split()[0] for line in done.out.splitlines() if line[0] != " "} == {"ground", "words", "loud"}


def test_after_a_run_everything_is_a_hit(desk: Desk, card: Path) -> None:
    desk.count(card)

    rows = desk.call("explain", card, "--json").json

    assert [row["standing"] for row in rows] == ["hit", "hit", "hit"]


def test_a_miss_says_which_input_differs(desk: Desk, card: Path) -> None:
    desk.count(card)

    done = desk.call("explain", card, "--set", "width=40")
    rows = {row["node"]: row for row in desk.call("explain", card, "--set", "width=40", "--json").json}

    assert rows["ground"]["standing"] == "miss"
    assert ["width" in name for name in rows["ground"]["changed"]] == [True]
    assert rows["loud"]["standing"] == "hit"
    assert "width" in done.out


def test_explaining_runs_nothing_and_keeps_nothing(desk: Desk, card: Path) -> None:
    desk.succeed("explain", card)

    assert desk.count(card) == (3, 0)


def test_explaining_never_loads_torch(desk: Desk, card: Path) -> None:
    desk.count(card)

    assert not {"torch", "cv2"} & desk.list_modules("explain", card)


def test_a_wrong_graph_is_shown_with_its_findings(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {"nodes": {"a": {"type": "nope.nope"}}, "outputs": {"a": {"from": "a"}}})

    done = desk.call("explain", graph)

    assert done.code == 2
    assert "E103" in done.err


def test_an_unknown_input_is_refused(desk: Desk, card: Path) -> None:
    assert "unknown input 'colour'" in desk.call("explain", card, "--set", "colour=red").err
