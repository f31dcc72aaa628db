"""Python's collector of reference cycles: relaxed while graphs are planned and run, and as before after that."""

from __future__ import annotations

import gc

import pytest
from fakes import graph

from studio import app
from studio.app import Studio
from studio.execution.collector import relax_collector
from studio.graph import parse_graph


def test_the_thresholds_are_as_before_after_blocks_that_overlap() -> None:
    before = gc.get_threshold()
    first, second = relax_collector(), relax_collector()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    between = gc.get_threshold()
    second.__exit__(None, None, None)

    assert between[0] >= 50_000
    assert gc.get_threshold() == before


def test_the_thresholds_are_as_before_after_an_error() -> None:
    before = gc.get_threshold()

    with pytest.raises(ValueError, match="no"), relax_collector():
        raise ValueError("no")

    assert gc.get_threshold() == before


@pytest.mark.parametrize("name", ["resolve_graph", "bind_inputs"])
def test_it_is_relaxed_while_a_graph_is_planned(studio: Studio, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    seen: list[int] = []
    real = getattr(app, name)
    monkeypatch.setattr(app, name, lambda *a, **more: seen.append(gc.get_threshold()[0]) or real(*a, **more))

    studio.plan(parse_graph(graph({"a": ("fake.add", {"a": 1})}, o="a")))

    assert seen == [50_000]
