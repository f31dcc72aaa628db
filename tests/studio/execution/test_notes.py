"""What nodes say of their results: in the manifest of the run that computed them, and of those that found them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, open_studio

from studio.api.events import Event, NodeWarned
from studio.app import RunResult, Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with fakes."""
    with open_studio(tmp_path, Probe()) as made:
        yield made


def warn(result: RunResult) -> list[str]:
    """Return what the manifest says of the node."""
    return list(result.manifest["nodes"]["a"]["warnings"])


def talk(message: Any) -> dict[str, Any]:
    """Return a graph whose node says something."""
    return graph({"a": ("fake.talk", {"message": message})}, o="a")


def test_a_cached_result_says_again_what_was_said_of_it(studio: Studio) -> None:
    events: list[Event] = []
    studio.run(talk("the size was rounded"))

    result = studio.run(talk("the size was rounded"), on_event=events.append)

    assert result.manifest["cache"] == {"hits": 1, "calls": 1}
    assert warn(result) == ["the size was rounded"]
    assert [event.message for event in events if isinstance(event, NodeWarned)] == ["the size was rounded"]


def test_another_process_says_it_too(tmp_path: Path) -> None:
    with open_studio(tmp_path, Probe()) as first:
        first.run(talk("careful"))

    with open_studio(tmp_path, Probe()) as second:
        assert warn(second.run(talk("careful"))) == ["careful"]


def test_a_dry_look_says_nothing(studio: Studio) -> None:
    studio.run(talk("careful"))

    assert studio.explain(studio.load(talk("careful")))[0].standing == "hit"
    assert warn(studio.run(talk("careful"))) == ["careful"]


def test_equal_lines_of_many_calls_are_said_once(studio: Studio) -> None:
    result = studio.run(talk(["careful", "careful", "slowly"]))

    assert sorted(warn(result)) == ["careful", "slowly"]


def test_a_node_that_says_too_much_is_cut_short(studio: Studio) -> None:
    result = studio.run(talk([f"line {number}" for number in range(150)]))

    assert len(warn(result)) == 101
    assert warn(result)[-1] == "there are more warnings, which are left out"


def test_a_long_line_is_kept_in_short(studio: Studio) -> None:
    studio.run(talk("x" * 5000))

    (line,) = warn(studio.run(talk("x" * 5000)))

    assert 500 <= len(line) <= 503
