"""How long the rest of a batch takes: from items that ran, from node types, or unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.batch.estimate import estimate_batch
from studio.batch.item import ItemOutput, ItemResult, ItemState
from studio.batch.ledger import Ledger
from studio.batch.run import Policy
from studio.cache import Action
from studio.cli.batch_estimate import describe_basis, describe_time
from tests.studio.batch.conftest import ADDING, Make, from_input, graph_of
from tests.studio.batch.ledgers import find_states

ROWS = [{"name": f"n{number}", "a": number} for number in range(10)]


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger(tmp_path, create=True) as made:
        yield made


def complete(ledger: Ledger, spans: list[tuple[float, float]], *, calls: int = 4, cached: int = 0) -> None:
    """Complete items as if they had run at these times, with a file of 100 bytes each."""
    for number, (started, finished) in enumerate(spans):
        lease = ledger.leases.claim(1)[0]
        output = ItemOutput("sum", f"f{number}", "d", 100, "json")
        result = ItemResult(lease.item.index, ItemState.DONE, (output,), calls=calls, cached=cached)
        ledger.leases.complete([(lease, result)])
        (ledger.folder / f"f{number}").write_bytes(b"x" * 100)
        with ledger.file.transaction() as connection:
            values = (started, finished, lease.id)
            connection.execute("UPDATE items SET started = ?, finished = ? WHERE id = ?", values)


def test_without_any_measurement_nothing_is_claimed(make: Make, ledger: Ledger) -> None:
    found = estimate_batch(make(ADDING, ROWS, ledger.folder), ledger, workers=2)

    assert (found.to_do, found.seconds, found.bytes, found.measured) == (10, None, None, 0)
    assert describe_basis(found) == ["no measurements yet: run a few with --first 5"]
    assert find_states(ledger) == {}  # nothing was imported


@pytest.mark.parametrize(("workers", "seconds"), [(1, 14.0), (2, 7.0)])
def test_items_that_ran_say_how_long_the_others_take(make: Make, ledger: Ledger, workers: int, seconds: float) -> None:
    batch = make(ADDING, ROWS, ledger.folder)
    batch.import_items(ledger)
    ledger.leases.join()
    complete(ledger, [(100.0, 103.0), (101.0, 104.0), (200.0, 202.0)])  # 4 s and 2 s in which something ran

    found = estimate_batch(batch, ledger, workers=workers)

    assert found.seconds == pytest.approx(seconds)  # 7 items of 2 s
    assert (found.to_do, found.measured, found.bytes) == (7, 3, 700)
    assert describe_basis(found)[0] == "from 3 of 10 items"


def test_workers_of_the_measured_run_count(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS, ledger.folder)
    batch.import_items(ledger)
    ledger.store(workers=4)
    ledger.leases.join()
    complete(ledger, [(0.0, 2.0), (0.0, 2.0)])  # a second each with four workers is four seconds of one

    assert estimate_batch(batch, ledger, workers=1).seconds == pytest.approx(32.0)


def test_items_that_came_from_the_cache_alone_measure_nothing(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS, ledger.folder)
    batch.import_items(ledger)
    ledger.leases.join()
    complete(ledger, [(0.0, 0.1)], calls=4, cached=4)

    found = estimate_batch(batch, ledger, workers=1)

    assert (found.seconds, found.bytes, found.measured) == (None, 900, 0)


def test_what_is_in_the_cache_takes_no_time_again(make: Make, ledger: Ledger, tmp_path: Path) -> None:
    batch = make(ADDING, ROWS, tmp_path)
    batch.import_items(ledger)
    for row in ROWS[:5]:
        batch.studio.run(ADDING, {"a": row["a"]})
    ledger.leases.join()
    complete(ledger, [(0.0, 1.0), (1.0, 2.0)])

    found = estimate_batch(batch, ledger, workers=1)

    assert found.cached == pytest.approx(3 / 8)  # of eight that are left, three are cached
    assert found.seconds == pytest.approx(5.0)


def test_before_the_first_item_the_node_types_say_it(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS, ledger.folder)
    disk = batch.studio.cache.disk
    assert disk is not None
    disk.table.write(actions=[Action(f"{n}", "fake.add", {}, seconds=n * 1.0) for n in (2, 4, 60)])

    found = estimate_batch(batch, ledger, workers=1)

    assert found.node_types == {"fake.add": 3.0}  # the slowest call may have loaded something
    assert found.seconds == pytest.approx(10 * 3.0 / min(10, batch.studio.settings.cpu_workers))
    assert describe_basis(found)[0] == "from times in the cache: fake.add 3 s"


SHARED = graph_of(
    {
        "ground": {"type": "fake.add", "inputs": {"a": 1}},
        "paper": {"type": "fake.add", "inputs": {"a": {"from": "ground"}}},
        "sum": {"type": "fake.add", "inputs": {"a": {"from": "paper"}, "b": from_input("a")}},
    },
    {"a": {"type": "int"}},
    {"sum": "sum"},
)


def test_calls_that_items_share_count_once(make: Make, ledger: Ledger) -> None:
    batch = make(SHARED, ROWS, ledger.folder)
    disk = batch.studio.cache.disk
    assert disk is not None
    disk.table.write(actions=[Action("f", "fake.add", {}, seconds=3.0)])

    found = estimate_batch(batch, ledger, workers=1)

    # ground and paper, one after the other, and ten sums
    assert found.seconds == pytest.approx(3.0 + 3.0 + 10 * 3.0 / min(10, batch.studio.settings.cpu_workers))


def test_without_the_cache_nothing_is_shared(make: Make, ledger: Ledger) -> None:
    batch = make(SHARED, ROWS, ledger.folder, cache="refresh")
    disk = batch.studio.cache.disk
    assert disk is not None
    disk.table.write(actions=[Action("f", "fake.add", {}, seconds=3.0)])

    found = estimate_batch(batch, ledger, workers=1)

    assert found.seconds == pytest.approx(3 * 10 * 3.0 / min(10, batch.studio.settings.cpu_workers))


def test_a_finished_batch_has_nothing_to_do(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS[:2], ledger.folder)
    batch.import_items(ledger)
    list(batch.create_run(ledger, workers=0).run())

    found = estimate_batch(batch, ledger, workers=1)

    assert (found.to_do, found.seconds, found.bytes) == (0, 0.0, 0)


def test_failed_items_count_where_they_run_again(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS[:2], ledger.folder)
    batch.import_items(ledger)
    ledger.leases.join()
    lease = ledger.leases.claim(1)[0]
    ledger.leases.complete([(lease, ItemResult(lease.item.index, ItemState.FAILED))])

    assert estimate_batch(batch, ledger, workers=1).to_do == 1
    assert estimate_batch(batch, ledger, workers=1, retry_failed=True).to_do == 2


def test_a_run_of_the_first_items_leaves_the_rest(make: Make, ledger: Ledger) -> None:
    batch = make(ADDING, ROWS, ledger.folder, window=2)
    batch.import_items(ledger)

    ran = [item.name for item, _ in batch.create_run(ledger, workers=0, policy=Policy(most_items=5)).run()]

    assert sorted(ran) == ["n0", "n1", "n2", "n3", "n4"]
    assert list(find_states(ledger).values()).count("pending") == 5


def test_items_that_are_tried_again_do_not_use_up_the_number(make: Make, ledger: Ledger, probe: Any) -> None:
    batch = make(ADDING, [{"name": "x", "a": 1}, {"name": "y", "a": 2}], ledger.folder)
    batch.import_items(ledger)
    policy = Policy(retries=2, backoff_seconds=0.01, most_items=1)

    ran = [item.name for item, _ in batch.create_run(ledger, workers=0, policy=policy).run()]

    assert ran == ["x"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.5, "0.5 s"), (42.0, "42 s"), (780, "13:00"), (7322, "2:02:02"), (200000, "2.3 days")]
)
def test_times_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert describe_time(seconds) == words
