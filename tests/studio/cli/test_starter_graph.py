"""`create_starter`: a small graph of any node types that is valid and runs as it is."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np
import pytest

from studio.api import Context, Field, Image, OutputPath, get_node_type, node
from studio.app import Studio
from studio.cli.starter_graph import choose_nodes, create_starter
from studio.errors import UsageError
from studio.graph import check_graph


@node("start.paint")
def paint(ctx: Context, *, level: int = 3) -> Image:
    """Paint."""
    return Image(np.zeros((2, 2), np.uint8))


@node("start.blend")
def blend(
    ctx: Context,
    images: list[Image],
    count: Annotated[int, Field(gt=4)],
    amount: Annotated[float, Field(le=0.5)],
    word: str,
    path: OutputPath,
) -> Image:
    """Blend images."""
    return images[0]


@node("start.count")
def count(ctx: Context, number: Annotated[int, Field(ge=-9, lt=0)], number_2: bool) -> int:
    """Count."""
    return number


CATALOG: Any = SimpleNamespace(
    node_types={f.id: f for f in (get_node_type(function) for function in (paint, blend, count))},
    classes={"image": Image},
)


def create(names: Iterable[str]) -> dict[str, Any]:
    return create_starter(CATALOG, names, "A title").to_json()


def test_inputs_that_a_node_needs_become_inputs_of_the_graph_with_plausible_defaults() -> None:
    document = create(["start.blend"])

    defaults = {name: declared["default"] for name, declared in document["inputs"].items()}
    assert defaults == {"count": 5, "amount": 0.5, "word": "Hello"}
    assert document["nodes"]["blend"]["inputs"]["path"] == "picture.png"
    assert document["title"] == "A title"


def test_a_value_that_a_node_type_makes_by_itself_comes_from_a_node() -> None:
    document = create(["start.blend"])

    assert document["nodes"]["blend"]["inputs"]["images"] == [{"from": "paint"}]


def test_each_node_takes_what_the_last_one_made_in_a_list_where_it_takes_one() -> None:
    document = create(["start.paint", "start.blend"])

    assert set(document["nodes"]) == {"paint", "blend"}
    assert document["nodes"]["blend"]["inputs"]["images"] == [{"from": "paint"}]
    assert [output["from"].partition(".")[0] for output in document["outputs"].values()] == ["blend"]


def test_what_no_later_node_takes_is_an_output_too() -> None:
    document = create(["start.paint", "start.count"])

    assert [output["from"].partition(".")[0] for output in document["outputs"].values()] == ["paint", "count"]
    assert len(document["outputs"]) == 2


def test_inputs_of_one_name_are_distinguished_by_numbers() -> None:
    document = create(["start.count", "start.count"])

    assert list(document["inputs"]) == ["number", "number_2", "number_2_2"]
    assert document["inputs"]["number"]["default"] == -1
    assert document["nodes"]["count_2"]["inputs"]["number"] == {"from": "count"}


def test_an_unknown_node_type_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown node type 'start\.pint'") as caught:
        create(["start.pint"])

    assert "start.paint" in caught.value.hint


def test_without_a_choice_the_first_installed_node_type_is_taken_and_none_is_an_error() -> None:
    assert choose_nodes(CATALOG) == ("start.blend",)
    with pytest.raises(UsageError, match="no node types are installed"):
        choose_nodes(SimpleNamespace(node_types={}, classes={}))  # type: ignore[arg-type]


def test_a_starter_of_every_node_type_is_valid(desk: Any) -> None:
    with Studio(on_disk=False) as studio:
        for name in studio.registry.node_types:
            graph = create_starter(studio.registry, [name], name).build(desk.folder)
            errors = [f for f in check_graph(graph, studio.registry) if f.severity == "error"]
            assert errors == [], name
