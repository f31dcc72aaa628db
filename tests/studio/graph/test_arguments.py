"""Arguments of a wrong type are errors that name them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import studio as package
from studio.app import Studio
from studio.batch.groups import list_rows
from studio.errors import UsageError
from studio.graph.arguments import check_arguments
from studio.settings import Settings

GRAPH: dict[str, Any] = {"studio": 1, "nodes": {}, "outputs": {}}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio without plugins on disk."""
    with Studio(Settings(cache_dir=tmp_path / "cache"), on_disk=False) as made:
        yield made


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": 5}, {"inputs": [1]}, {"only": 5}, {"only": [5]}, {"roots": 5}, {"roots": "folder"},
        {"roots": [5]}, {"output": 5}, {"node_timeout_seconds": "2"}, {"node_timeout_seconds": float("nan")},
        {"node_timeout_seconds": 0}, {"on_event": 5}, {"graph": 5}, {"graph": None},
    ],
)  # fmt: skip
def test_a_wrong_argument_of_a_run_is_named(studio: Studio, wrong: dict[str, Any]) -> None:
    (name,) = wrong

    with pytest.raises(UsageError, match=rf"E007 .*invalid {name}="):
        studio.run(**{"graph": GRAPH, **wrong})


def test_a_graph_that_is_not_loaded_cannot_be_resolved_or_planned(studio: Studio) -> None:
    for call in (studio.resolve, studio.validate, studio.plan):
        with pytest.raises(UsageError, match="E007"):
            call("poster.json")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"items": 5}, {"items": {"a": 1}}, {"workers": -1}, {"workers": "2"}, {"retries": -1}, {"window": 0}, {"name": 5},
     {"timeout_seconds": -1.0}, {"output": 5}],
)  # fmt: skip
def test_a_wrong_argument_of_a_batch_is_named(studio: Studio, wrong: dict[str, Any]) -> None:
    (name,) = wrong

    with pytest.raises(UsageError, match=rf"E007 .*invalid {name}="):
        list(package.batch(**{"graph": GRAPH, "items": [], "studio": studio, **wrong}))


def test_an_item_that_is_no_mapping_is_an_error_of_its_row() -> None:
    (row,) = list_rows([5])()  # type: ignore[list-item]

    assert row.problem == "expected a mapping of values, found 5"


def test_right_arguments_pass(tmp_path: Path) -> None:
    check_arguments(inputs=None, only="a", roots=iter([tmp_path]), output=tmp_path, node_timeout_seconds=2, window=1)
