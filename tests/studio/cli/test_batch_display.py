"""What `studio batch` shows while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.item_rows import Summary
from studio.batch.ledger import Ledger
from studio.cli.batch_display import BatchDisplay, show_rate, show_summary, show_time
from tests.studio.batch.ledgers import finish


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of four items."""
    with Ledger(tmp_path, create=True) as made:
        with made.import_items() as importing:
            for index in range(4):
                importing.add(Item(index, f"n{index}"), "f")
        yield made


def create_display(ledger: Ledger, **more: Any) -> BatchDisplay:
    return BatchDisplay(ledger, SimpleNamespace(running=2), **more)  # type: ignore[arg-type]


def test_a_failure_is_a_line_of_its_own_with_the_name_and_the_cause(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    display = create_display(ledger)
    with display:
        display.show(Item(0, "n0"), ItemResult(0, ItemState.FAILED, error={"code": "E301", "message": "no"}))

    assert capsys.readouterr().err.splitlines()[0] == "failed: n0: E301: no"


def test_progress_counts_what_all_processes_did(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.cli.batch_display._LINE_SECONDS", 0.0)
    monkeypatch.setattr("studio.cli.batch_display._COUNTING_SHARE", 0)
    display = create_display(ledger)
    ledger.leases.join()
    with display:
        finish(ledger, 2)
        display.show(Item(0, "n0"), ItemResult(0, ItemState.DONE, calls=3, cached=1))
        display.show(Item(1, "n1"), ItemResult(1, ItemState.DONE, calls=1, cached=1))

    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("2 of 4 done, 0 failed, 2 running, ")
    assert last.endswith("left, 50% from the cache")


def test_a_quiet_display_says_nothing(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    display = create_display(ledger, quiet=True)
    with display:
        display.show(Item(0, "n0"), ItemResult(0, ItemState.FAILED, error={"code": "E301", "message": "no"}))

    assert capsys.readouterr() == ("", "")


def test_there_is_no_rate_before_two_items_and_no_time_left_without_a_rate(ledger: Ledger) -> None:
    display = create_display(ledger, quiet=True)
    with display:
        assert (display.find_rate(), display.find_left()) == (0.0, None)
        for index in range(2):
            display.show(Item(index, f"n{index}"), ItemResult(index, ItemState.DONE))

        assert display.find_rate() > 0
        assert (display.find_left() or 0) > 0


def test_a_line_names_no_rate_before_there_is_one(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    display = create_display(ledger)
    with display:
        display.show(Item(0, "n0"), ItemResult(0, ItemState.DONE))

    assert "items/s" not in capsys.readouterr().err


@pytest.mark.parametrize(("rate", "text"), [(0.034, "0.03"), (1.25, "1.2"), (9.96, "10.0"), (12.4, "12")])
def test_a_rate_has_about_two_digits(rate: float, text: str) -> None:
    assert show_rate(rate) == text


@pytest.mark.parametrize(("seconds", "text"), [(5.9, "0:05"), (125, "2:05"), (3725, "1:02:05")])
def test_a_time_has_hours_only_if_it_is_that_long(seconds: float, text: str) -> None:
    assert show_time(seconds) == text


def test_a_summary_without_failures_says_no_more_than_counts(capsys: pytest.CaptureFixture[str]) -> None:
    counts = dict.fromkeys(ItemState, 0) | {ItemState.DONE: 3, ItemState.REMOVED: 2}

    show_summary(Summary(counts), Path("out"), 65.0)

    assert capsys.readouterr().err == "3 done of 3 in 1:05\n"


def test_a_summary_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary(Summary(dict.fromkeys(ItemState, 0)), Path("out"), None, err=False)

    assert capsys.readouterr().out == "no items of 0\n"


def make_checks(passed: bool, tries: int) -> dict[str, Any]:
    """Return what a check found, and the seed of the last try."""
    row = {"node": "n", "check": "check.image", "passed": passed, "on_fail": "hold", "sentence": "width 4 pixels"}
    return {"verdicts": [row], "tries": tries, "seeds": {"seed": 7} if tries > 1 else {}}


@pytest.mark.parametrize(
    ("state", "checks", "line"),
    [
        (ItemState.HELD, make_checks(False, 1), "held: n0: check.image: width 4 pixels"),
        (ItemState.HELD, make_checks(False, 3), "held: n0 (try 3, seed 7): check.image: width 4 pixels"),
        (ItemState.DONE, make_checks(False, 1), "warning: n0: check.image: width 4 pixels"),
        (ItemState.DONE, make_checks(True, 2), "passed: n0 (try 2, seed 7)"),
    ],
)
def test_a_check_that_did_not_pass_or_took_another_seed_is_a_line(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], state: ItemState, checks: dict[str, Any], line: str
) -> None:
    display = create_display(ledger)
    with display:
        display.show(Item(0, "n0"), ItemResult(0, state, checks=checks))

    assert capsys.readouterr().err.splitlines()[0] == line


def test_a_summary_counts_checks_and_says_where_held_files_are(capsys: pytest.CaptureFixture[str]) -> None:
    counts = dict.fromkeys(ItemState, 0) | {ItemState.DONE: 3, ItemState.HELD: 1}
    checks = {"checked": 4, "not_passed": 1, "reseeded": 2, "further_tries": 5}

    show_summary(Summary(counts, checks=checks), Path("out"), None)

    assert capsys.readouterr().err.splitlines() == [
        "3 done, 1 held of 4",
        "checks: 1 of 4 items did not pass; 2 ran again with other seeds, 5 times in all",
        f"  the files of held items are in {Path('out') / 'held_items'}",
    ]
