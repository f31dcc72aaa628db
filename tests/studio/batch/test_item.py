"""Items and results as plain JSON, which travels to workers and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.batch.item import CURRENT_STATES, FINISHED_STATES, Item, ItemOutput, ItemResult, ItemState

RESULT = ItemResult(
    3,
    ItemState.FAILED,
    (ItemOutput("card", "a/b.png", "d" * 64, 12, "image"),),
    {"code": "E301", "message": "é"},
    1.5,
    7,
    2,
    ("careful",),
    stuck=True,
)


def travel(row: dict[str, Any]) -> Any:
    return json.loads(json.dumps(row))


def test_an_item_comes_back_from_json_as_it_was() -> None:
    item = Item(4, "mug", {"seed": 1, "photo": {"file": "/x.png"}}, "items.csv:6")

    assert Item.from_json(travel(item.to_json())) == item


def test_a_result_comes_back_from_json_as_it_was() -> None:
    back = ItemResult.from_json(travel(RESULT.to_json()))

    assert back == RESULT
    assert isinstance(back.state, ItemState)


def test_the_values_of_a_result_stay_in_their_process() -> None:
    result = ItemResult(0, ItemState.DONE, values={"card": object()})

    assert ItemResult.from_json(travel(result.to_json())) == ItemResult(0, ItemState.DONE)


def test_a_state_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'resting'"):
        ItemResult.from_json({**RESULT.to_json(), "state": "resting"})


def test_a_state_is_its_word_in_json_and_in_text() -> None:
    assert json.dumps({ItemState.DONE: ItemState.FAILED}) == '{"done": "failed"}'
    assert f"{ItemState.PENDING}" == "pending"


def test_removed_items_are_no_part_of_the_table_and_finished_ones_are() -> None:
    assert set(ItemState) - set(CURRENT_STATES) == {ItemState.REMOVED}
    assert set(FINISHED_STATES) < set(CURRENT_STATES)
