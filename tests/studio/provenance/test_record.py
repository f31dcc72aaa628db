"""A record says what is known of a file, and its recipe is a graph that can be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import GraphError
from studio.provenance.record import FileRecord, Recipe

DOCUMENT = {"studio": 1, "nodes": {"a": {"type": "graph:./part.json"}}, "outputs": {"o": {"from": "a"}}}
PART = {"studio": 1, "nodes": {}, "outputs": {}}


def test_a_recipe_that_is_not_known_has_no_graph() -> None:
    record = FileRecord("o", Path("o.png"))

    assert not record.recipe.known
    with pytest.raises(GraphError):
        _ = record.recipe.graph


def test_a_recipe_becomes_a_graph_with_all_that_came_with_it(tmp_path: Path) -> None:
    recipe = Recipe(DOCUMENT, {"x": 1}, tmp_path, {"./part.json": PART}, {"photo.png": "ab"})

    graph = recipe.graph

    assert recipe.known
    assert (graph.base, graph.embedded, graph.file_digests) == (tmp_path, {"./part.json": PART}, {"photo.png": "ab"})
    assert graph.json == DOCUMENT


def test_without_recorded_digests_a_graph_may_read_any_file() -> None:
    assert Recipe(DOCUMENT).graph.file_digests is None


def test_a_graph_is_parsed_once() -> None:
    recipe = Recipe(DOCUMENT)

    assert recipe.graph is recipe.graph


def test_two_records_of_the_same_facts_are_equal() -> None:
    one, two = (FileRecord("o", Path("o.png"), 1, "ab", 3, recipe=Recipe(DOCUMENT)) for _ in range(2))

    assert one == two
