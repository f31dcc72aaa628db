"""`studio batch --estimate` and `--first`: what a person reads before a long batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk, Done


@pytest.fixture
def batch(desk: Desk, card: Path) -> Any:
    """Run a batch of ten cards in this process: `batch(*options)`."""
    (desk / "items.csv").write_text("name,words\n" + "".join(f"c{n},word {n}\n" for n in range(10)), encoding="utf-8")

    def run(*options: str) -> Done:
        return desk.call("batch", card, "items.csv", "-o", "out", "--no-gallery", "--workers", "0", *options)

    return run


def test_an_estimate_says_what_it_is_based_on(desk: Desk, batch: Any) -> None:
    before = batch("--estimate")
    first = batch("--first", "3")
    after = batch("--estimate")

    assert before.out.splitlines() == [
        "10 to do: time unknown with 1 worker, size unknown",
        "  no measurements yet: run a few with --first 5",
    ]
    assert (first.code, after.code) == (3, 0)
    assert "3 done, 7 pending of 10" in first.err
    assert after.out.startswith("7 to do: about ")
    assert "  from 3 of 10 items\n" in after.out
    assert not (desk / "out/c4_picture.png").exists()


def test_an_estimate_writes_nothing(desk: Desk, batch: Any) -> None:
    batch("--estimate")

    assert not (desk / "out").exists()


def test_an_estimate_as_json_has_its_numbers(batch: Any) -> None:
    batch("--first", "2")
    found = batch("--estimate", "--json").json

    assert (found["to_do"], found["measured"], found["workers"], found["imported"]["total"]) == (8, 2, 1, 10)
    assert found["seconds"] > 0
    assert found["bytes"] > 0


def test_a_finished_batch_says_so(batch: Any) -> None:
    batch()

    assert batch("--estimate").out == "nothing to do\n"


def test_bad_items_are_errors_before_anything_is_estimated(desk: Desk, card: Path) -> None:
    (desk / "bad.csv").write_text("name,words,width\na,b,wide\n", encoding="utf-8")

    done = desk.call("batch", card, "bad.csv", "-o", "out", "--estimate")

    assert done.code == 2
    assert "E114 at bad.csv:2#/width" in done.err
