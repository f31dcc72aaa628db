"""The items that the options of `studio batch` ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.batch.groups import combine
from studio.cli.batch_items import ItemOptions, find_groups, parse_list
from studio.errors import UsageError
from studio.settings import Settings

GRAPH = {
    "studio": 1,
    "inputs": {
        "seed": {"type": "int", "default": 0},
        "color": {"type": "text", "default": "red"},
        "photo": {"type": "image", "optional": True},
    },
    "nodes": {"a": {"type": "logic.join_text", "inputs": {"texts": [{"from": "inputs.color"}]}}},
    "outputs": {"a": {"from": "a"}},
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio without plugins; its value types are enough."""
    with Studio(Settings(cache_dir=tmp_path / "cache", device="cpu"), discover=False) as made:
        yield made


def read(studio: Studio, table: Path | None = None, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return label and values of every item."""
    groups = find_groups(studio, studio.load(GRAPH), table, ItemOptions(**options))
    rows = list(combine(groups))
    return [
        ("_".join(part.label for part in row), {k: v for part in row for k, v in part.values.items()}) for row in rows
    ]


def test_without_options_there_is_one_item_without_values(studio: Studio) -> None:
    assert read(studio) == [("", {})]


def test_a_table_files_products_and_repeats_multiply_in_this_order(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("name,note\nx,1\n", encoding="utf-8")
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"")

    items = read(
        studio,
        tmp_path / "items.csv",
        files=[f"photo={tmp_path}/*.png"],
        products=["color=red,blue"],
        repeat=2,
        seed_from=7,
    )

    assert len(items) == 8
    assert [label for label, _ in items[:3]] == ["x_a_red_0007", "x_a_red_0008", "x_a_blue_0007"]
    assert items[-1][1] == {"name": "x", "note": "1", "photo": str(tmp_path / "b.png"), "color": "blue", "seed": 8}


def test_zipped_columns_go_together_and_products_do_not(studio: Studio) -> None:
    together = read(studio, zips=["color=red,blue", "seed=1,2"])
    apart = read(studio, products=["color=red,blue", "seed=1,2"])

    assert [values for _, values in together] == [{"color": "red", "seed": "1"}, {"color": "blue", "seed": "2"}]
    assert len(apart) == 4


def test_files_of_another_folder_are_those_that_the_input_reads(studio: Studio, tmp_path: Path) -> None:
    for name in ("a.png", "b.txt", "deep/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    items = read(studio, outputs=[f"photo={tmp_path}"])

    assert [label for label, _ in items] == ["a", "deep/c"]


def test_a_graph_without_the_input_that_repeats_count_is_repeated_as_it_is(studio: Studio) -> None:
    assert read(studio, repeat=2, seed_input="none") == [("001", {}), ("002", {})]


def test_a_first_seed_needs_an_input_to_count(studio: Studio) -> None:
    with pytest.raises(UsageError, match="no input 'none' to count") as caught:
        read(studio, repeat=2, seed_input="none", seed_from=3)

    assert caught.value.code == "E749"


@pytest.mark.parametrize("option", ["files", "outputs", "zips", "products"])
@pytest.mark.parametrize("text", ["word", "=a,b", "color="])
def test_an_option_without_a_name_or_a_value_is_refused(studio: Studio, option: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(studio, **{option: [text]})

    assert caught.value.code == "E749"
    assert repr(text) in caught.value.message


def test_the_name_column_names_items(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("color,note\nred,first\n", encoding="utf-8")

    assert read(studio, tmp_path / "items.csv", name_column="note")[0][0] == "first"


@pytest.mark.parametrize(
    ("text", "values"),
    [("a,b", ["a", "b"]), ('"a, b",c', ["a, b", "c"]), ("a, b", ["a", "b"]), ("a,,b", ["a", "", "b"]), ("a", ["a"])],
)
def test_a_list_is_written_as_a_line_of_csv(text: str, values: list[str]) -> None:
    assert parse_list(text) == values


def test_values_zipped_twice_are_an_error(studio: Studio) -> None:
    with pytest.raises(UsageError, match="--zip color=") as caught:
        read(studio, zips=["color=red,blue", "size=1,2", "color=green,black"])

    assert caught.value.code == "E749"


@pytest.mark.parametrize(
    ("text", "numbers"), [("1-3,9-7x2,5", [1, 2, 3, 9, 7, 5]), ("-2--1,-5", [-2, -1, -5]), ("1001-1002", [1001, 1002])]
)
def test_whole_numbers_may_be_frames(studio: Studio, text: str, numbers: list[int]) -> None:
    for option in ("products", "zips"):
        assert [int(values["seed"]) for _, values in read(studio, **{option: [f"seed={text}"]})] == numbers


def test_frames_that_are_written_wrong_are_an_error_with_the_place(studio: Studio) -> None:
    with pytest.raises(UsageError, match="E749 --product seed: invalid frames '1-x': expected a number at character 3"):
        read(studio, products=["seed=1-x"])
    assert read(studio, products=["color=1-3"]) == [("1-3", {"color": "1-3"})]
