"""`Ledger` against a simple model: whatever several processes do in whatever order, no item is lost or doubled."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from studio.batch.item import ItemState
from studio.batch.leases import LONGEST_WAIT_SECONDS, Lease
from studio.batch.ledger import Ledger
from tests.studio.batch.ledgers import (
    ERROR,
    create_old_ledger,
    create_result,
    declare_dead,
    find_states,
    finish,
    import_names,
    import_table,
)

PROCESSES = ("p", "q", "r")
FAR_SECONDS = LONGEST_WAIT_SECONDS - 5  # a longer wait would be taken for a clock that is ahead


@dataclass
class ModelItem:
    """What the model knows of an item; `claim` is the one by which its holder runs it."""

    place: int
    fingerprint: str
    state: str = "pending"
    holder: str | None = None
    claim: int | None = None
    attempts: int = 0
    delayed: bool = False


@dataclass
class Process:
    """One process: its own view of the file, its leases by the model's claim, and whether it is taken for dead."""

    ledger: Ledger
    joined: bool = False
    dead: bool = False
    leases: list[tuple[int, Lease]] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Three processes on one ledger."""

    @initialize(old_format=st.booleans())
    def begin(self, old_format: bool) -> None:
        """Open the ledger three times; an earlier release may have created it."""
        self.folder = tempfile.TemporaryDirectory(prefix="studio-ledger-")
        self.claims = itertools.count()
        path = Path(self.folder.name)
        if old_format:
            create_old_ledger(path)
        self.processes = {name: Process(Ledger(path, create=True)) for name in PROCESSES}
        self.items: dict[str, ModelItem] = {}
        for name in PROCESSES:
            self.join(name)
        self.import_a_table([(name, "1") for name in "abc"])

    def teardown(self) -> None:
        """Close all."""
        for process in self.processes.values():
            process.ledger.close()
        self.folder.cleanup()

    # -- what the model expects ---------------------------------------------------------------------------

    def free_items_of(self, names: set[str]) -> None:
        for item in self.items.values():
            if item.state == "running" and item.holder in names:
                item.state, item.holder, item.claim = "pending", None, None

    def reclaim(self, by: str) -> None:
        """Nobody is dead to itself."""
        gone = {name for name, process in self.processes.items() if process.dead and name != by}
        for name in gone:
            self.processes[name].joined = False
        self.free_items_of({name for name, process in self.processes.items() if not process.joined} - {by})

    # -- what processes do --------------------------------------------------------------------------------

    @rule(table=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("12")), unique_by=lambda row: row[0]))
    def import_a_table(self, table: list[tuple[str, str]]) -> None:
        """Any table, by any process; it need not take part."""
        import_table(self.processes["p"].ledger, dict(table))
        for name, item in self.items.items():
            if name not in dict(table) and item.state != "removed":
                item.state, item.holder, item.claim = "removed", None, None
        for place, (name, fingerprint) in enumerate(table):
            item = self.items.get(name)
            if item is None or item.fingerprint != fingerprint or item.state == "removed":
                self.items[name] = ModelItem(place, fingerprint)
            else:
                item.place = place

    @rule(name=st.sampled_from(PROCESSES))
    def join(self, name: str) -> None:
        """A process that was dead comes back as a new one."""
        process = self.processes[name]
        if not process.joined:
            process.ledger.leases.join()
            process.joined, process.dead, process.leases = True, False, []
            self.reclaim(name)

    @rule(name=st.sampled_from(PROCESSES), limit=st.integers(1, 3))
    def claim(self, name: str, limit: int) -> None:
        """Whoever takes part gets the first items that are free."""
        process = self.processes[name]
        if not process.joined:
            return
        free = [(item.place, n) for n, item in self.items.items() if item.state == "pending" and not item.delayed]
        expected = [n for _, n in sorted(free)[:limit]]

        leases = process.ledger.leases.claim(limit)

        assert [lease.item.name for lease in leases] == expected
        assert [lease.attempts for lease in leases] == [self.items[n].attempts for n in expected]
        for n, lease in zip(expected, leases, strict=True):
            item = self.items[n]
            item.state, item.holder, item.claim = "running", name, next(self.claims)
            process.leases.append((item.claim, lease))

    @rule(name=st.sampled_from(PROCESSES), choice=st.integers(0, 20), state=st.sampled_from(["done", "failed"]))
    def complete(self, name: str, choice: int, state: str) -> None:
        """A result counts if the item is still held by the claim that it is of, however late it comes."""
        claim, lease = self.choose_lease(name, choice)
        if lease is None:
            return
        item = self.items[lease.item.name]
        held = item.claim == claim

        lost = self.processes[name].ledger.leases.complete([(lease, create_result(0, ItemState(state)))])

        assert lost == ([] if held else [lease])
        if held:
            item.state, item.holder, item.claim, item.attempts = state, None, None, item.attempts + 1

    @rule(name=st.sampled_from(PROCESSES), choice=st.integers(0, 20), failed=st.booleans(), delayed=st.booleans())
    def give_back(self, name: str, choice: int, failed: bool, delayed: bool) -> None:
        """An item that is given back by its claim is free again, now or later."""
        claim, lease = self.choose_lease(name, choice)
        if lease is None:
            return
        item = self.items[lease.item.name]
        self.processes[name].ledger.leases.give_back(
            [lease], delay_seconds=FAR_SECONDS if delayed else 0.0, failed=ERROR if failed else None
        )
        if item.claim == claim:
            item.state, item.holder, item.claim, item.delayed = "pending", None, None, delayed
            item.attempts += failed

    @rule(name=st.sampled_from(PROCESSES))
    def die(self, name: str) -> None:
        """The others do not know it before they reclaim, and it may still act."""
        process = self.processes[name]
        if process.joined:
            declare_dead(process.ledger, process.ledger.leases.worker)
            process.dead = True

    @rule(name=st.sampled_from(PROCESSES), by=st.sampled_from(PROCESSES), choice=st.integers(0, 20))
    def lose_everything_to_another(self, name: str, by: str, choice: int) -> None:
        """A process falls silent, another one takes over what it had, and then it reports a result."""
        if name != by:
            self.claim(name, 3)
            self.die(name)
            self.join(by)
            self.reclaim_the_items_of_the_dead(by)
            self.claim(by, 3)
            self.complete(name, choice, "done")

    @rule(name=st.sampled_from(PROCESSES), choice=st.integers(0, 20), late=st.sampled_from(["done", "given back"]))
    def lose_items_and_claim_them_again(self, name: str, choice: int, late: str) -> None:
        """All items change while a process runs some; it claims them again, and then its old claims end."""
        self.claim(name, 3)
        changed = {"1": "2", "2": "1"}
        table = sorted((item.place, n) for n, item in self.items.items() if item.state != "removed")
        self.import_a_table([(n, changed[self.items[n].fingerprint]) for _, n in table])
        self.claim(name, 3)
        if late == "done":
            self.complete(name, choice, late)
        else:
            self.give_back(name, choice, True, False)

    @precondition(lambda self: any(process.dead for process in self.processes.values()))
    @rule(name=st.sampled_from(PROCESSES))
    def reclaim_the_items_of_the_dead(self, name: str) -> None:
        """As `studio batch status` does, too, which takes no part."""
        before = {n for n, item in self.items.items() if item.state == "running"}
        self.reclaim(name)
        freed = sum(self.items[n].state == "pending" for n in before)

        assert self.processes[name].ledger.leases.reclaim() == freed

    @rule(name=st.sampled_from(PROCESSES))
    def leave(self, name: str) -> None:
        """What it had is free."""
        process = self.processes[name]
        process.ledger.leases.leave()
        process.joined = process.dead = False
        process.leases = []
        self.free_items_of({name})

    @rule()
    def retry(self) -> None:
        """Failed items begin anew."""
        failed = [item for item in self.items.values() if item.state == "failed"]
        for item in failed:
            item.state, item.attempts, item.delayed = "pending", 0, False

        assert self.processes["q"].ledger.retry_failed() == len(failed)

    def choose_lease(self, name: str, choice: int) -> tuple[int, Lease | None]:
        leases = self.processes[name].leases
        return leases[choice % len(leases)] if leases else (-1, None)

    # -- what always holds --------------------------------------------------------------------------------

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        """The process that reads is another one each time."""
        if not hasattr(self, "items"):
            return
        expected = {n: (item.state, item.attempts) for n, item in self.items.items()}
        self.reads = getattr(self, "reads", 0) + 1
        rows = self.processes[PROCESSES[self.reads % len(PROCESSES)]].ledger.items(states=ItemState)
        assert {row.name: (str(row.state), row.attempts) for row in rows} == expected


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_what_was_done_is_not_done_again_after_the_ledger_was_closed(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger)

    with Ledger(tmp_path) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()

        assert [lease.item.name for lease in ledger.leases.claim(9)] == ["b"]


def test_closing_a_ledger_gives_back_what_was_not_finished(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        ledger.leases.join()
        ledger.leases.claim(1)

    with Ledger(tmp_path) as ledger:
        assert find_states(ledger) == {"a": "pending"}
        assert ledger.leases.count_other_workers() == 0


def test_failed_items_can_be_put_back(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger, state=ItemState.FAILED)
        finish(ledger)

        assert ledger.retry_failed() == 1
        assert find_states(ledger) == {"a": "pending", "b": "done"}
        assert [lease.attempts for lease in ledger.leases.claim(2)] == [0]


def test_facts_about_the_batch_are_kept_and_replaced_one_by_one(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        ledger.store(title="Äpfel", outputs={"card": "image"})
        ledger.store(title="Birnen")

    with Ledger(tmp_path) as ledger:
        assert ledger.describe() == {"title": "Birnen", "outputs": {"card": "image"}}


@pytest.fixture
def partial(tmp_path: Path) -> list[Path]:
    """What a killed process left half written, in the folder and below."""
    paths = [tmp_path / ".0123456789ab-partial", tmp_path / "deep" / ".0123456789ab-partial.png"]
    for path in [*paths, tmp_path / "whole.png", tmp_path / ".hidden"]:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return paths


def test_partial_files_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path, partial: list[Path]) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        ledger.leases.join()

        assert ledger.remove_partial_files() == 2

    assert not any(path.exists() for path in partial)
    assert (tmp_path / "whole.png").exists()
    assert (tmp_path / ".hidden").exists()


def test_partial_files_stay_while_another_process_may_be_writing_them(tmp_path: Path, partial: list[Path]) -> None:
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        ledger.leases.join()
        other.leases.join()

        assert ledger.remove_partial_files() == 0
        declare_dead(ledger, other.leases.worker)
        assert ledger.remove_partial_files() == 2
