"""Progress on a terminal: a line for each node that runs, and one for the graph."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from studio.api.events import NodeCached, NodeFinished, NodeProgressed, NodeStarted, RunStarted
from studio.cli.progress import CountColumn, ProgressDisplay, SpeedColumn


def create_event(kind: Any, **known: Any) -> Any:
    """Return an event; what a test does not say is of no matter to the display."""
    event = object.__new__(kind)
    for name, value in known.items():
        object.__setattr__(event, name, value)
    return event


class Screen:
    """A display on a terminal in memory."""

    def __init__(self) -> None:
        self.display = ProgressDisplay(Console(file=io.StringIO(), force_terminal=True, width=120))

    def show(self, kind: Any, node: str = "", **more: Any) -> None:
        """Show an event of a node."""
        self.display.show(create_event(kind, node=node, node_type="test.node", **more))

    @property
    def lines(self) -> dict[str, tuple[float, float | None]]:
        """What was done and is to be done, by node; the graph's own line is "graph"."""
        tasks = self.display._progress.tasks
        return {
            task.description.replace("[bold]", "").partition(" ")[0]: (task.completed, task.total) for task in tasks
        }


@pytest.fixture
def screen() -> Screen:
    """A screen on which a run of three nodes has begun."""
    made = Screen()
    made.display.show(create_event(RunStarted, nodes=3))
    return made


def test_a_node_has_a_line_from_its_start_to_its_end(screen: Screen) -> None:
    screen.show(NodeStarted, "paint")
    assert screen.lines == {"graph": (0, 3), "paint": (0, None)}

    screen.show(NodeProgressed, "paint", done=2, total=8)
    assert screen.lines["paint"] == (2, 8)

    screen.show(NodeFinished, "paint")
    assert screen.lines == {"graph": (1, 3)}


def test_a_cached_node_counts_without_a_line(screen: Screen) -> None:
    screen.show(NodeCached, "paint")

    assert screen.lines == {"graph": (1, 3)}


def test_steps_of_unknown_number_have_no_end(screen: Screen) -> None:
    screen.show(NodeStarted, "paint")
    screen.show(NodeProgressed, "paint", done=2, total=0)

    assert screen.lines["paint"] == (2, None)


def test_a_video_that_is_made_while_it_is_read_has_a_line_though_it_did_not_start(screen: Screen) -> None:
    screen.show(NodeProgressed, "blur", done=3, total=9)

    assert screen.lines["blur"] == (3, 9)


def test_more_nodes_than_fit_on_a_screen_share_the_lines(screen: Screen) -> None:
    for number in range(20):
        screen.show(NodeStarted, f"n{number}")
    screen.show(NodeProgressed, "n19", done=1, total=2)

    assert len(screen.lines) == 13
    screen.show(NodeFinished, "n19")
    assert screen.lines["graph"] == (1, 3)


def test_the_display_draws_and_leaves_nothing_behind(screen: Screen) -> None:
    with screen.display:
        screen.show(NodeStarted, "paint")
        screen.show(NodeProgressed, "paint", done=2, total=8)
        screen.display._progress.refresh()

    text = screen.display._progress.console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert "paint" in text
    assert "2/8" in text


def test_very_many_steps_are_shown_as_a_share_without_a_speed(screen: Screen) -> None:
    screen.show(NodeStarted, "mix")
    screen.show(NodeProgressed, "mix", done=66_854_599, total=133_709_199)
    task = screen.display._progress.tasks[-1]

    assert CountColumn().render(task).plain == "50%"
    assert SpeedColumn().render(task).plain == ""


def test_the_line_of_the_graph_moves_with_the_node_that_runs(screen: Screen) -> None:
    screen.show(NodeStarted, "paint")
    screen.show(NodeProgressed, "paint", done=2, total=8)
    moved = screen.lines["graph"]
    screen.show(NodeFinished, "paint")

    assert (moved, screen.lines["graph"]) == ((0.25, 3), (1, 3))
