"""Leases: items come back from processes that died, and what those report later does not count."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.batch.item import ItemOutput, ItemResult, ItemState
from studio.batch.leases import LEASE_SECONDS, LONGEST_WAIT_SECONDS, Lease, _has_ended
from studio.batch.ledger import Ledger
from tests.studio.batch.ledgers import (
    ERROR,
    create_result,
    declare_dead,
    find_states,
    finish,
    import_names,
)


def test_items_are_leased_in_order_and_once(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a", "b", "c")
        first.leases.join()
        second.leases.join()

        mine, theirs = first.leases.claim(2), second.leases.claim(2)

        assert [lease.item.name for lease in mine] == ["a", "b"]
        assert [lease.item.name for lease in theirs] == ["c"]
        assert second.leases.claim(1) == []


def test_the_items_of_a_process_that_was_killed_come_back_at_once(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        code = (
            f"import sys, os; sys.path[:0] = {[p for p in sys.path if p]!r}\n"
            "from pathlib import Path; from studio.batch.ledger import Ledger\n"
            f"ledger = Ledger(Path({str(tmp_path)!r})); ledger.leases.join(); ledger.leases.claim(1); os._exit(9)"
        )
        subprocess.run([sys.executable, "-c", code], check=False)
        held = find_states(ledger)

        freed = ledger.leases.reclaim()

        assert held == {"a": "running", "b": "pending"}
        assert freed == 1
        assert [lease.item.name for lease in ledger.leases.claim(2)] == ["a", "b"]


def test_the_items_of_a_process_elsewhere_come_back_when_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("studio.batch.leases.monotonic", lambda: now)
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        import_names(ledger, "a")
        ledger.leases.join()
        other.leases.join()
        lease = other.leases.claim(1)[0]
        ledger.file.connection.execute("UPDATE workers SET host = 'elsewhere' WHERE id = ?", (other.leases.worker,))
        before = ledger.leases.reclaim()
        now += LEASE_SECONDS + 1

        assert (before, ledger.leases.reclaim()) == (0, 1)
        finish(ledger)
        late = other.leases.complete([(lease, ItemResult(0, ItemState.FAILED))])

        assert late == [lease]
        assert find_states(ledger) == {"a": "done"}


def test_a_heartbeat_keeps_a_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("studio.batch.leases.monotonic", lambda: now)
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        import_names(ledger, "a")
        ledger.leases.join()
        other.leases.join()
        other.leases.claim(1)
        ledger.leases.reclaim()
        now += LEASE_SECONDS + 1
        other.leases.send_heartbeat()

        assert ledger.leases.reclaim() == 0


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_process_whose_clock_is_hours_off_takes_no_items_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    real = time.time
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        import_names(ledger, "a")
        ledger.leases.join()
        ledger.leases.claim(1)
        monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)

        other.leases.join()

        assert (other.leases.reclaim(), other.leases.count_other_workers()) == (0, 1)
        assert other.leases.claim(1) == []


def test_an_item_that_a_clock_ahead_put_off_for_hours_is_tried_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        ledger.leases.join()
        monkeypatch.setattr(time, "time", lambda: real() + 7200)
        ledger.leases.give_back(ledger.leases.claim(1), delay_seconds=LONGEST_WAIT_SECONDS, failed=ERROR)
        monkeypatch.setattr(time, "time", real)

        assert ledger.leases.find_wait() == 0.0
        assert len(ledger.leases.claim(1)) == 1


def test_no_item_of_a_newer_table_is_claimed_and_one_with_the_same_items_is_none(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a", "b")
        first.leases.join()
        import_names(second, "b", "a")
        same = first.leases.is_table_replaced()
        import_names(second, "b", "c")

        assert (same, first.leases.is_table_replaced(), second.leases.is_table_replaced()) == (False, True, False)
        assert first.leases.claim(2) == []
        second.leases.join()
        assert [lease.item.name for lease in second.leases.claim(5)] == ["b", "c"]


def test_an_item_whose_files_a_lost_lease_wrote_over_is_made_again(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    lost, held = take_over(first, second)
    second.leases.complete([(held, ItemResult(0, ItemState.DONE, (ItemOutput("o", "a.png", "new", 3, "image"),)))])

    first.leases.complete([(lost, ItemResult(0, ItemState.DONE, (ItemOutput("o", "a.png", "old", 3, "image"),)))])

    assert find_states(second) == {"a": "pending"}


def test_a_failed_item_waits_before_it_is_tried_again(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        ledger.leases.join()

        ledger.leases.give_back(ledger.leases.claim(1), delay_seconds=50, failed={"code": "E301", "message": "nope"})

        assert ledger.leases.claim(1) == []
        assert 40 < (ledger.leases.find_wait() or 0) <= 50
        assert next(ledger.items()).attempts == 1


# -- fencing -----------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Ledger, Ledger]]:
    """Two processes' views of a ledger with one item; both take part."""
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a")
        first.leases.join()
        second.leases.join()
        yield first, second


def take_over(first: Ledger, second: Ledger) -> tuple[Lease, Lease]:
    """Let the first process fall silent with the item, and the second claim it; return both leases."""
    lost = first.leases.claim(1)[0]
    declare_dead(second, first.leases.worker)
    assert second.leases.reclaim() == 1
    return lost, second.leases.claim(1)[0]


def test_a_late_result_does_not_count_while_another_process_runs_the_item(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    lost, held = take_over(first, second)
    outputs = (ItemOutput("o", "late.png", "d" * 64, 3, "image"),)

    late = first.leases.complete([(lost, ItemResult(0, ItemState.DONE, outputs))])

    (row,) = second.items()
    assert late == [lost]
    assert (row.state, row.worker, row.outputs, row.attempts) == ("running", second.leases.worker, (), 0)
    assert second.leases.complete([(held, create_result(0))]) == []
    assert find_states(second) == {"a": "done"}


def test_a_process_that_was_taken_for_dead_takes_part_again_without_what_it_had(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a", "b")
        first.leases.join()
        second.leases.join()
        lost, _ = take_over(first, second)

        first.leases.send_heartbeat()
        (held,) = first.leases.claim(1)

        assert second.leases.count_other_workers() == 1
        assert (second.leases.reclaim(), first.leases.reclaim()) == (0, 0)
        assert first.leases.complete([(lost, create_result(0)), (held, create_result(1))]) == [lost]
        assert find_states(first) == {"a": "running", "b": "done"}


def test_items_that_a_process_claims_after_it_was_taken_for_dead_are_its_own(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    declare_dead(second, first.leases.worker)
    second.leases.reclaim()

    (held,) = first.leases.claim(1)

    assert second.leases.reclaim() == 0
    assert first.leases.complete([(held, create_result(0))]) == []


def test_no_heartbeat_comes_after_a_process_left(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    first.leases.leave()

    first.leases.send_heartbeat()

    assert second.leases.count_other_workers() == 0


def test_a_late_return_does_not_take_the_item_from_another_process(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    lost, _ = take_over(first, second)

    first.leases.give_back([lost], failed=ERROR)

    (row,) = second.items()
    assert (row.state, row.worker, row.attempts, row.crashes) == ("running", second.leases.worker, 0, 0)


def lose_and_claim_again(first: Ledger, second: Ledger, *, how: str) -> tuple[Lease, Lease]:
    """Let the first process lose its item and claim it again; return both leases."""
    lost = first.leases.claim(1)[0]
    if how == "its table changed":
        import_names(first, "a", fingerprint="changed")
    else:
        declare_dead(second, first.leases.worker)
        assert second.leases.reclaim() == 1
    return lost, first.leases.claim(1)[0]


@pytest.mark.parametrize("how", ["its table changed", "it was silent"])
def test_a_late_result_does_not_count_while_the_same_process_runs_the_item_again(
    two: tuple[Ledger, Ledger], how: str
) -> None:
    first, second = two
    lost, held = lose_and_claim_again(first, second, how=how)
    late = ItemResult(0, ItemState.DONE, (ItemOutput("o", "late.png", "d" * 64, 3, "image"),))

    assert first.leases.complete([(lost, late)]) == [lost]
    (row,) = second.items()
    assert (row.state, row.outputs, row.attempts) == ("running", (), 0)
    assert first.leases.complete([(held, create_result(0))]) == []
    assert find_states(second) == {"a": "done"}


@pytest.mark.parametrize("how", ["its table changed", "it was silent"])
def test_a_late_return_does_not_end_a_later_claim_of_the_same_process(two: tuple[Ledger, Ledger], how: str) -> None:
    first, second = two
    lost, held = lose_and_claim_again(first, second, how=how)

    first.leases.give_back([lost], delay_seconds=100, failed=ERROR)

    (row,) = second.items()
    assert (row.state, row.attempts) == ("running", 0)
    assert first.leases.complete([(held, create_result(0))]) == []


def test_of_two_results_of_one_item_the_one_of_the_later_claim_counts(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    lost, held = lose_and_claim_again(first, second, how="its table changed")

    late = first.leases.complete([(lost, create_result(0, ItemState.FAILED)), (held, create_result(0))])

    assert late == [lost]
    assert find_states(second) == {"a": "done"}


def test_a_process_that_leaves_returns_its_own_items_only(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a", "b", "c")
        first.leases.join()
        second.leases.join()
        finish(first)
        first.leases.claim(1)
        second.leases.claim(1)

        first.leases.leave()

        assert find_states(second) == {"a": "done", "b": "pending", "c": "running"}
        assert second.leases.count_other_workers() == 0
        first.leases.leave()  # a second time does nothing


def test_a_result_that_was_recorded_does_not_count_again(two: tuple[Ledger, Ledger]) -> None:
    first, _ = two
    lease = first.leases.claim(1)[0]
    assert first.leases.complete([(lease, create_result(0))]) == []

    assert first.leases.complete([(lease, create_result(0, ItemState.FAILED))]) == [lease]
    assert find_states(first) == {"a": "done"}


def test_a_new_result_replaces_the_outputs_of_the_one_before(two: tuple[Ledger, Ledger]) -> None:
    first, _ = two
    for name in ("old.png", "new.png"):
        import_names(first, "a", fingerprint=name)
        outputs = (ItemOutput("o", name, "d" * 64, 3, "image"),)
        first.leases.complete([(first.leases.claim(1)[0], ItemResult(0, ItemState.DONE, outputs))])

    assert [output.path for row in first.items() for output in row.outputs] == ["new.png"]


def test_a_failed_attempt_is_counted_and_its_error_stays_until_the_next(two: tuple[Ledger, Ledger]) -> None:
    first, _ = two
    first.leases.give_back(first.leases.claim(1), failed=ERROR)
    first.leases.give_back(first.leases.claim(1))

    (row,) = first.items()

    assert (row.attempts, row.error) == (1, ERROR)
    assert first.leases.find_wait() == 0.0


def test_a_process_sees_how_many_others_there_are_and_what_they_run(two: tuple[Ledger, Ledger]) -> None:
    first, second = two
    first.leases.claim(1)

    assert (first.leases.count_other_workers(), second.leases.count_other_workers()) == (1, 1)
    assert (first.leases.count_running_elsewhere(), second.leases.count_running_elsewhere()) == (0, 1)
    assert first.leases.find_wait() is None
    declare_dead(second, first.leases.worker)
    assert second.leases.count_other_workers() == 0


def test_a_process_that_was_suspended_for_long_does_not_take_itself_for_dead(two: tuple[Ledger, Ledger]) -> None:
    first, _ = two
    lease = first.leases.claim(1)[0]
    declare_dead(first, first.leases.worker)

    assert first.leases.reclaim() == 0
    assert first.leases.complete([(lease, create_result(0))]) == []


def test_joining_frees_the_items_of_the_dead(two: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    first, _ = two
    first.leases.claim(1)
    declare_dead(first, first.leases.worker)

    with Ledger(tmp_path) as third:
        third.leases.join()

        assert [lease.item.name for lease in third.leases.claim(1)] == ["a"]


def test_a_process_of_another_user_is_alive(two: tuple[Ledger, Ledger], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its id exists, though this process may not send it a signal."""
    first, second = two

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with first.file.transaction() as connection:
        connection.execute("UPDATE workers SET pid = 1 WHERE id = ?", (second.leases.worker,))
    second.leases.claim(1)
    monkeypatch.setattr(os, "kill", refuse)

    assert first.leases.reclaim() == 0


# -- interleavings -----------------------------------------------------------------------------------------


def merge(first: int, second: int) -> list[str]:
    """Return every order in which the steps of two processes may follow each other."""
    places = itertools.combinations(range(first + second), first)
    return ["".join("a" if n in chosen else "b" for n in range(first + second)) for chosen in map(set, places)]


@pytest.mark.parametrize("order", merge(3, 4))
def test_in_every_order_of_two_processes_one_result_counts(two: tuple[Ledger, Ledger], order: str) -> None:
    """One process runs the item; the other takes it for dead, reclaims its items and runs them itself."""
    first, second = two
    held: dict[str, list[Lease]] = {"a": [], "b": []}
    counted: list[str] = []

    def claim(name: str, ledger: Ledger) -> None:
        held[name] = ledger.leases.claim(1)

    def complete(name: str, ledger: Ledger) -> None:
        outputs = (ItemOutput("o", f"{name}.png", "d" * 64, 3, "image"),)
        finished = [(lease, ItemResult(0, ItemState.DONE, outputs)) for lease in held[name]]
        if finished and not ledger.leases.complete(finished):
            counted.append(name)

    steps: dict[str, Iterator[Callable[[], object]]] = {
        "a": iter([first.leases.send_heartbeat, lambda: claim("a", first), lambda: complete("a", first)]),
        "b": iter([
            lambda: declare_dead(second, first.leases.worker),
            second.leases.reclaim,
            lambda: claim("b", second),
            lambda: complete("b", second),
        ]),
    }  # fmt: skip

    for name in order:
        next(steps[name])()

    (row,) = first.items()
    assert row.state == "done"
    assert len(counted) == 1
    assert (row.attempts, [output.path for output in row.outputs]) == (1, [f"{counted[0]}.png"])


def stop_inside(ledger: Ledger, statement: str) -> tuple[threading.Event, threading.Event]:
    """Let a ledger stop before a statement; return what says that it came there, and what lets it go on."""
    came, go_on = threading.Event(), threading.Event()

    def trace(text: str) -> None:
        if text.startswith(statement) and not came.is_set():
            came.set()
            assert go_on.wait(30)

    ledger.file.connection.set_trace_callback(trace)
    return came, go_on


def run_interleaved(
    first: Callable[[], object],
    stopped: tuple[threading.Event, threading.Event],
    second: Ledger,
    act: Callable[[], Any],
) -> None:
    """Run the first until it stops, begin the second, and only then let the first go on."""
    came, go_on = stopped
    begins = threading.Event()
    second.file.connection.set_trace_callback(lambda text: begins.set())
    errors: list[BaseException] = []

    def guard(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guard, args=(work,)) for work in (first, act)]
    threads[0].start()
    assert came.wait(30)
    threads[1].start()
    assert begins.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_two_claims_at_once_share_the_items_out(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, *"abcdef")
        first.leases.join()
        second.leases.join()
        claimed: list[str] = []

        def claim(ledger: Ledger) -> None:
            claimed.extend(lease.item.name for lease in ledger.leases.claim(3))

        stopped = stop_inside(first, "UPDATE items SET state = 'running'")
        run_interleaved(lambda: claim(first), stopped, second, lambda: claim(second))

        assert sorted(claimed) == list("abcdef")


def test_two_imports_at_once_run_one_after_the_other(tmp_path: Path) -> None:
    """The second waits until the first is through, though the first has only read so far."""
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "old")

        stopped = stop_inside(first, "CREATE TEMP TABLE")
        run_interleaved(lambda: import_names(first, "a", "b"), stopped, second, lambda: import_names(second, "b", "c"))

        assert find_states(first) == {"old": "removed", "a": "removed", "b": "pending", "c": "pending"}


def test_a_result_and_a_reclaim_at_once_lose_nothing(tmp_path: Path) -> None:
    """The process that reclaims has listed the dead, and then a result of one of them comes."""
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        import_names(first, "a")
        first.leases.join()
        second.leases.join()
        lease = first.leases.claim(1)[0]
        declare_dead(second, first.leases.worker)
        lost: list[Lease] = []

        stopped = stop_inside(second, "DELETE FROM workers")
        run_interleaved(
            second.leases.reclaim,
            stopped,
            first,
            lambda: lost.extend(first.leases.complete([(lease, create_result(0))])),
        )

        assert lost == [lease]
        assert find_states(first) == {"a": "pending"}


def test_asking_whether_a_process_lives_does_it_no_harm() -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert not _has_ended(socket.gethostname(), other.pid)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.5)
    finally:
        other.communicate(b"\n", timeout=100)

    assert other.returncode == 0
    assert _has_ended(socket.gethostname(), other.pid)
