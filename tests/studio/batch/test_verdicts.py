"""Checks in batches: held items, other seeds, and what the ledger knows of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from fakes import create_settings
from PIL import Image as Pictures

import studio as package
import studio_image
import studio_logic
from studio.api import Field, Input
from studio.api.type_spec import TypeSpec
from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import list_rows
from studio.batch.ledger import Ledger
from studio.batch.merging import merge_batches
from studio.batch.run import Policy
from studio.batch.spec import create_spec
from studio.batch.verdicts import are_held, derive_seed, have_passed, summarize_verdicts
from studio.errors import NodeError, UsageError
from studio.graph import parse_graph
from studio.provenance.embedded import read_embedded

SEED = Input("seed", TypeSpec("int", limits=Field(ge=1, le=200)), False, 1)
VERDICT = {"check": "check.image", "passed": True, "on_fail": "hold", "sentence": "width 8 pixels"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with the node types for images and for logic."""
    settings = create_settings(tmp_path / "cache")
    plugins = [("studio-image", studio_image), ("studio-logic", studio_logic)]
    with Studio(settings, plugins=plugins, discover=False) as made:
        yield made


def make_graph(least: int, on_fail: str) -> dict[str, Any]:
    """An image as wide as its seed, which has to have a width."""
    nodes = {
        "paper": {"type": "image.new", "inputs": {"width": {"from": "inputs.seed"}, "height": 4}},
        "checked": {
            "type": "check.image",
            "inputs": {"image": {"from": "paper"}, "min_width": least, "on_fail": on_fail},
        },
    }
    inputs = {"seed": {"type": "int", "default": 1, "minimum": 1, "maximum": 200}}
    return {"studio": 1, "inputs": inputs, "nodes": nodes, "outputs": {"image": {"from": "checked"}}}


def run(studio: Studio, graph: dict[str, Any], folder: Path, *seeds: int, **spec: Any) -> dict[str, Any]:
    """Run items, and return their rows by name."""
    rows = [{"name": f"s{seed}", "seed": seed} for seed in seeds]
    batch = Batch(studio, create_spec(parse_graph(graph), folder, **spec), [list_rows(rows)])
    with Ledger(folder, create=True) as ledger:
        batch.import_items(ledger)
        list(batch.create_run(ledger, workers=0, policy=Policy()).run())
        return {row.name: row for row in ledger.items()}


def find_first_wide(seed: int, least: int) -> int:
    """Return the number of the first further try whose seed is wide enough."""
    return next(number for number in range(1, 100) if derive_seed(seed, number, SEED) >= least)


def test_a_seed_depends_on_the_own_one_and_the_number_of_the_try_alone_and_keeps_limits() -> None:
    free = Input("seed", TypeSpec("int"), False, 0)

    expected = int.from_bytes(blake3(b"7 2").digest(8)) % 2**32
    assert derive_seed(7, 2, free) == expected
    assert derive_seed(7, 2, SEED) == 1 + int.from_bytes(blake3(b"7 2").digest(8)) % 200
    assert len({derive_seed(seed, number, free) for seed in range(20) for number in range(20)}) == 400


def test_a_seed_keeps_limits_that_are_no_whole_numbers_or_below_zero() -> None:
    limits = [Field(ge=0.5, le=2.5), Field(ge=-1.5, le=-0.5), Field(le=-1), Field(le=-5)]
    ends = [Input("seed", TypeSpec("int", limits=limit), False, 1) for limit in limits]

    seeds = [{derive_seed(7, number, end) for number in range(40)} for end in ends]

    assert seeds == [{1, 2}, {-1}, {-1}, {-5}]


def test_verdicts_of_a_mapped_check_are_one_row_with_the_first_that_did_not_pass() -> None:
    bad = {**VERDICT, "passed": False, "sentence": "width 4 pixels"}

    rows = summarize_verdicts({"a": [VERDICT, [VERDICT, bad]], "b": ["text"]}, [])

    assert [(row["node"], row["passed"], row["sentence"], row["verdicts"]) for row in rows] == [
        ("a", False, "width 4 pixels", 3)
    ]
    assert are_held(rows)
    assert not have_passed(rows)


def test_verdicts_in_the_copies_of_a_mapped_graph_are_one_row_with_the_first_copy_that_did_not_pass() -> None:
    bad = [{**VERDICT, "passed": False, "sentence": f"width {number} pixels"} for number in range(3)]
    found = {"each[10]/a": [bad[2]], "each[2]/a": [bad[1]], "each[0]/a": [VERDICT]}

    rows = summarize_verdicts(found, [])

    assert [(row["node"], row["sentence"], row["verdicts"]) for row in rows] == [("each/a", "width 1 pixels", 3)]


def test_a_check_that_failed_its_node_is_a_verdict_too() -> None:
    message = "node 'a' (check.image): check.image did not pass: width 4 pixels"

    rows = summarize_verdicts({}, [NodeError("E325", message, node="a"), NodeError("E301", "other", node="b")])

    assert [(row["node"], row["check"], row["on_fail"], row["sentence"]) for row in rows] == [
        ("a", "check.image", "fail", "width 4 pixels")
    ]


def test_a_check_that_failed_in_copies_of_a_mapped_graph_is_one_row_with_those_that_passed() -> None:
    errors = [
        NodeError("E325", f"check.image did not pass: width {number} pixels", node=f"each[{number}]/a")
        for number in (10, 3)
    ]

    rows = summarize_verdicts({"each[0]/a": [VERDICT], "each[5]/a": [VERDICT]}, errors)

    assert [(row["node"], row["passed"], row["on_fail"], row["sentence"], row["verdicts"]) for row in rows] == [
        ("each/a", False, "fail", "width 3 pixels", 4)
    ]


def test_held_items_keep_their_files_apart_and_the_rest_are_done(studio: Studio, tmp_path: Path) -> None:
    rows = run(studio, make_graph(100, "hold"), tmp_path / "out", 50, 150)

    assert {name: row.state for name, row in rows.items()} == {"s50": "held", "s150": "done"}
    assert [made.path for row in rows.values() for made in row.outputs] == ["held_items/s50.png", "s150.png"]
    assert (tmp_path / "out" / "held_items" / "s50.png").is_file()
    assert not (tmp_path / "out" / "s50.png").exists()
    (verdict,) = rows["s50"].checks["verdicts"]
    assert (verdict["node"], verdict["passed"]) == ("checked", False)
    assert verdict["sentence"] == "width 50 pixels (expected at least 100)"


def test_a_verdict_in_the_cache_holds_as_well_and_a_held_item_is_not_run_again(studio: Studio, tmp_path: Path) -> None:
    first = run(studio, make_graph(100, "hold"), tmp_path / "out", 50)
    second = run(studio, make_graph(100, "hold"), tmp_path / "other", 50)
    again = run(studio, make_graph(100, "hold"), tmp_path / "out", 50)

    assert second["s50"].state == "held"
    assert second["s50"].cached == second["s50"].calls
    assert again["s50"].finished == first["s50"].finished


def test_a_held_item_that_passes_later_is_delivered_and_nothing_of_it_stays_apart(
    studio: Studio, tmp_path: Path
) -> None:
    run(studio, make_graph(100, "hold"), tmp_path / "out", 50, 60)

    rows = run(studio, make_graph(55, "hold"), tmp_path / "out", 50, 60)

    assert {name: row.state for name, row in rows.items()} == {"s50": "held", "s60": "done"}
    assert (tmp_path / "out" / "s60.png").is_file()
    assert [path.name for path in (tmp_path / "out" / "held_items").iterdir()] == ["s50.png"]


def test_a_held_item_that_fails_and_then_passes_leaves_nothing_apart(studio: Studio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(studio, make_graph(100, "hold"), out, 50)

    failed = run(studio, make_graph(100, "fail"), out, 50)
    done = run(studio, make_graph(40, "fail"), out, 50)

    assert (failed["s50"].state, done["s50"].state) == ("failed", "done")
    assert list((out / "held_items").iterdir()) == []


def test_a_ledger_from_elsewhere_removes_nothing_outside_of_its_folder(studio: Studio, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other.png"
    run(studio, make_graph(100, "hold"), out, 50)
    other.write_bytes(b"mine")
    with Ledger(out) as ledger, ledger.file.transaction() as connection:
        connection.execute("UPDATE outputs SET path = 'held_items/../../other.png'")

    run(studio, make_graph(40, "hold"), out, 50)

    assert other.read_bytes() == b"mine"


def test_without_a_cache_a_verdict_holds_too(studio: Studio, tmp_path: Path) -> None:
    rows = run(studio, make_graph(100, "hold"), tmp_path / "out", 50, cache="off")

    assert rows["s50"].state == "held"


def test_warn_delivers_the_item_with_a_warning(studio: Studio, tmp_path: Path) -> None:
    rows = run(studio, make_graph(100, "warn"), tmp_path / "out", 50)

    assert rows["s50"].state == "done"
    assert rows["s50"].warnings == ("check.image did not pass: width 50 pixels (expected at least 100)",)


@pytest.mark.parametrize("on_fail", ["warn", "fail", "hold"])
def test_another_seed_is_tried_until_the_checks_pass(studio: Studio, tmp_path: Path, on_fail: str) -> None:
    number = find_first_wide(50, 120)

    rows = run(studio, make_graph(120, on_fail), tmp_path / "out", 50, 150, reseed=number)

    row, seed = rows["s50"], derive_seed(50, number, SEED)
    assert row.state == "done"
    assert row.checks["tries"] == number + 1
    assert row.checks["seeds"] == {"seed": seed}
    assert row.values == {"seed": 50}
    picture = tmp_path / "out" / "s50.png"
    with Pictures.open(picture) as opened:
        assert opened.width == seed
    carried = read_embedded(picture, studio.registry.value_types.values(), max_length=1_000_000)
    assert carried is not None
    assert carried.recipe.inputs["seed"] == seed
    assert rows["s150"].checks == {"verdicts": rows["s150"].checks["verdicts"], "tries": 1}


def test_an_item_that_never_passes_ends_with_its_last_try(studio: Studio, tmp_path: Path) -> None:
    rows = run(studio, make_graph(201, "fail"), tmp_path / "out", 50, reseed=3)

    assert (rows["s50"].state, rows["s50"].error["code"]) == ("failed", "E325")
    assert rows["s50"].checks["tries"] == 4
    assert rows["s50"].calls == 8
    with Ledger(tmp_path / "out") as ledger:
        assert ledger.summary().checks == {"checked": 1, "not_passed": 1, "reseeded": 1, "further_tries": 3}


def test_a_last_try_whose_check_is_skipped_records_its_seed(studio: Studio, tmp_path: Path) -> None:
    graph = make_graph(201, "hold")
    compare = {"a": {"from": "inputs.seed"}, "b": 50, "operator": "=="}
    graph["nodes"]["small"] = {"type": "logic.compare", "inputs": compare}
    graph["nodes"]["checked"]["when"] = {"from": "small"}
    graph["outputs"] = {"image": {"from": "paper"}, "verdict": {"from": "checked.verdict"}}

    rows = run(studio, graph, tmp_path / "out", 50, reseed=3)

    assert rows["s50"].checks == {"verdicts": [], "tries": 2, "seeds": {"seed": derive_seed(50, 1, SEED)}}
    assert rows["s50"].used_values == {"seed": derive_seed(50, 1, SEED)}


def test_other_errors_are_no_reason_for_another_seed(studio: Studio, tmp_path: Path) -> None:
    graph = make_graph(201, "warn")
    graph["nodes"]["broken"] = {
        "type": "image.crop",
        "inputs": {"image": {"from": "paper"}, "x": 500, "width": 2, "height": 2},
    }
    graph["outputs"]["part"] = {"from": "broken"}

    rows = run(studio, graph, tmp_path / "out", 50, reseed=3)

    assert rows["s50"].state == "failed"
    assert rows["s50"].checks["tries"] == 1


def test_a_graph_without_the_input_cannot_be_reseeded(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no input 'luck' of a whole number to reseed") as caught:
        run(studio, make_graph(1, "warn"), tmp_path / "out", 50, reseed=1, seed_input="luck")

    assert caught.value.code == "E749"


def test_the_folder_of_held_items_is_reserved(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="is reserved for a file of Studio's own"):
        run(studio, make_graph(1, "hold"), tmp_path / "out", 50, template="held_items/{item.name}.{ext}")


def test_held_items_and_their_files_are_merged(studio: Studio, tmp_path: Path) -> None:
    run(studio, make_graph(100, "hold"), tmp_path / "a", 50)

    made = merge_batches([tmp_path / "a"], tmp_path / "b")

    assert (made.held, made.files) == (1, 1)
    assert (tmp_path / "b" / "held_items" / "s50.png").is_file()
    with Ledger(tmp_path / "b") as ledger:
        (row,) = ledger.items()
    assert row.checks["verdicts"][0]["passed"] is False


def test_a_merge_leaves_no_file_of_a_held_item_that_is_done_elsewhere(studio: Studio, tmp_path: Path) -> None:
    run(studio, make_graph(100, "hold"), tmp_path / "a", 50)
    merge_batches([tmp_path / "a"], tmp_path / "b")
    with Ledger(tmp_path / "a") as ledger, ledger.file.transaction() as connection:
        connection.execute("UPDATE items SET state = 'done'")
        connection.execute("UPDATE outputs SET path = 's50.png'")
    (tmp_path / "a/held_items/s50.png").rename(tmp_path / "a/s50.png")

    merge_batches([tmp_path / "a"], tmp_path / "b")

    assert (tmp_path / "b/s50.png").is_file()
    assert list((tmp_path / "b/held_items").iterdir()) == []


def test_a_merge_keeps_a_held_item_that_is_pending_elsewhere(studio: Studio, tmp_path: Path) -> None:
    run(studio, make_graph(100, "hold"), tmp_path / "a", 50)
    merge_batches([tmp_path / "a"], tmp_path / "b")
    with Ledger(tmp_path / "a") as ledger, ledger.file.transaction() as connection:
        connection.execute("UPDATE items SET state = 'pending'")

    merge_batches([tmp_path / "a"], tmp_path / "b")

    assert (tmp_path / "b/held_items/s50.png").is_file()
    with Ledger(tmp_path / "b") as ledger:
        assert [row.state for row in ledger.items()] == ["held"]


def test_python_gets_the_checks_of_each_item(studio: Studio) -> None:
    (item,) = package.batch(make_graph(100, "hold"), [{"seed": 50}], studio=studio)

    assert item.state == "held"
    assert item.outputs["image"].width == 50
    assert item.checks["verdicts"][0]["check"] == "check.image"
