"""What is recorded can be found at once, is written soon, and what cannot be written is told and leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_caches import SMALL, create_image
from fakes import PATIENCE_SECONDS

from studio.api.builtin import create_builtin_value_types
from studio.cache import Action, Digester
from studio.cache import write_behind as module
from studio.cache.actions import ActionTable, BlobRow
from studio.cache.blobs import BlobFolder
from studio.cache.codec import Codecs
from studio.cache.write_behind import WriteBehind
from studio.errors import CacheError

TYPES = create_builtin_value_types()
DIGEST = Digester(TYPES).digest


class GatedBlobs(BlobFolder):
    """Blobs that are written once their gate is open; without a gate at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gates: dict[str, threading.Event] = {}

    def write(self, digest: str, extension: str, data: bytes) -> str:
        """Wait for the gate of this digest, then write."""
        if digest in self.gates:
            assert self.gates[digest].wait(PATIENCE_SECONDS)
        return super().write(digest, extension, data)


class GatedTable(ActionTable):
    """A table that counts its transactions, waits in the first one, and fails as it is told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[int] = []
        self.fault: Exception | None = None

    def write(self, **rows: Any) -> None:
        """Count, wait, fail or write."""
        self.batches.append(len(rows["actions"]))
        assert self.gate.wait(PATIENCE_SECONDS)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        super().write(**rows)


class Bench:
    """A cache folder that is written to, and what was told of it."""

    def __init__(self, folder: Path) -> None:
        self.blobs = GatedBlobs(folder)
        self.table = GatedTable(folder / "index.sqlite")
        self.errors: list[CacheError] = []
        self.sizes: list[int] = []
        self.writing = WriteBehind(
            folder,
            self.table,
            self.blobs,
            Codecs(TYPES),
            DIGEST,
            on_error=self.errors.append,
            on_commit=self.sizes.append,
        )

    def record(self, name: str, value: Any, size: int = 10**6, done: Callable[[], None] = lambda: None) -> Action:
        """Record a value as the output of something."""
        action = Action(name.rjust(64, "0"), "fake.make", {"value": DIGEST(value)})
        self.writing.record(action, {DIGEST(value): value}, size, done)
        return action

    def gate(self, value: Any) -> threading.Event:
        """Return the gate of a value."""
        return self.blobs.gates.setdefault(DIGEST(value), threading.Event())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A cache folder that is written to."""
    made = Bench(tmp_path)
    yield made
    made.table.gate.set()
    for gate in made.blobs.gates.values():
        gate.set()
    if made.writing.is_open:
        made.writing.close()
    made.table.close()


def test_what_is_recorded_is_found_before_it_is_written(bench: Bench) -> None:
    image = create_image(1)
    gate = bench.gate(image)

    action = bench.record("1", image)

    assert bench.table.find(action.fingerprint) is None
    assert bench.writing.find(action.fingerprint) is action
    assert bench.writing.get(DIGEST(image)) is image
    gate.set()
    bench.writing.flush()
    assert bench.writing.find(action.fingerprint) is None
    assert bench.writing.get(DIGEST(image), "gone") == "gone"
    assert bench.table.find(action.fingerprint) is not None


def test_who_waits_for_a_result_is_called_when_it_can_be_read(bench: Bench) -> None:
    seen: list[Action | None] = []
    bench.record("1", create_image(1), done=lambda: seen.append(bench.table.find("1".rjust(64, "0"))))
    bench.record("2", create_image(2, SMALL), 100, lambda: seen.append(bench.table.find("2".rjust(64, "0"))))

    bench.writing.flush()

    assert [action is not None for action in seen] == [True, True]


def test_the_bytes_of_what_was_committed_are_counted(bench: Bench) -> None:
    bench.record("1", create_image(1))
    bench.record("2", create_image(2, SMALL), 100)
    bench.writing.flush()

    assert sum(bench.sizes) == bench.table.measure()[2] > 128 * 128 * 3


def test_a_second_result_of_one_fingerprint_is_found_until_it_is_written(bench: Bench) -> None:
    images, written = [create_image(1), create_image(2)], threading.Event()
    gates = [bench.gate(image) for image in images]
    bench.record("1", images[0], done=written.set)
    second = bench.record("1", images[1])

    gates[0].set()
    assert written.wait(PATIENCE_SECONDS)

    assert bench.writing.find(second.fingerprint) is second
    gates[1].set()
    bench.writing.flush()
    found = bench.table.find(second.fingerprint)
    assert found is not None
    assert found.outputs == second.outputs


# -- what goes wrong -----------------------------------------------------------------------------------


def test_a_value_without_a_codec_is_told_and_waited_for_no_longer(bench: Bench) -> None:
    done = threading.Event()
    digest = "a" * 64
    bench.writing.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: object()}, 10**6, done.set)

    bench.writing.flush()

    assert done.is_set()
    assert [error.code for error in bench.errors] == ["E405"]
    assert bench.table.measure()[:2] == (0, 0)


def test_a_codec_that_ends_the_program_is_told_and_waited_for_no_longer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(self: Codecs, value: Any, digests: Any = None) -> None:
        raise SystemExit("bye")

    monkeypatch.setattr(Codecs, "encode", leave)
    bench.record("1", create_image(1))

    bench.writing.flush()

    assert [error.code for error in bench.errors] == ["E405"]
    assert bench.errors[0].message == "a result of fake.make cannot be stored: bye"


def test_a_list_that_fails_in_the_middle_leaves_only_what_was_there_before(bench: Bench, tmp_path: Path) -> None:
    known, fresh, digest = create_image(1), create_image(2), "a" * 64
    bench.record("1", known)
    bench.writing.flush()
    bench.writing.record(
        Action("2" * 64, "fake.make", {"value": digest}), {digest: [known, fresh, object()]}, 10**6, lambda: None
    )
    bench.writing.flush()

    assert "fake.make cannot be stored" in bench.errors[0].message
    assert [path.stem for path in bench.blobs.iterate()] == [DIGEST(known)]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_rows_that_cannot_be_written_are_told_and_their_files_removed(bench: Bench) -> None:
    done: list[str] = []
    bench.table.fault = CacheError("E402", "the disk of the cache is full")
    bench.record("1", create_image(1), done=lambda: done.append("1"))
    bench.writing.flush()

    assert (done, [error.code for error in bench.errors], bench.sizes) == (["1"], ["E402"], [0])
    assert list(bench.blobs.iterate()) == []
    action = bench.record("2", create_image(2))  # the thread that commits goes on
    bench.writing.flush()
    assert bench.table.find(action.fingerprint) is not None


def test_an_error_of_the_disk_is_explained(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Any, digest: str, extension: str, data: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GatedBlobs, "write", fail)
    bench.record("1", create_image(1))
    bench.writing.flush()

    assert [error.code for error in bench.errors] == ["E402"]


# -- waiting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "waits"), [(10**6, False), (10**6 + 1, True)])
def test_who_records_waits_while_too_many_bytes_wait(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, size: int, waits: bool
) -> None:
    monkeypatch.setattr(module, "_PENDING_BYTES", 10**6)
    first, second = create_image(1), create_image(2)
    gate = bench.gate(first)
    bench.record("1", first, size)
    recorded = threading.Event()
    thread = threading.Thread(target=lambda: (bench.record("2", second), recorded.set()))
    thread.start()

    assert recorded.wait(0.3 if waits else PATIENCE_SECONDS) is not waits

    gate.set()
    assert recorded.wait(PATIENCE_SECONDS)
    thread.join()


def test_what_comes_while_a_transaction_runs_is_written_in_the_next_one(bench: Bench) -> None:
    bench.table.gate.clear()
    bench.record("0", "first", 100)
    while not bench.table.batches:
        threading.Event().wait(0.01)
    for index in range(1, 50):
        bench.record(str(index), f"value {index}", 100)
    bench.table.gate.set()
    bench.writing.flush()

    assert bench.table.batches[:2] == [1, 49]


def test_a_transaction_has_a_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_COMMITS", 20)
    bench.table.gate.clear()
    bench.record("0", "first", 100)
    while not bench.table.batches:
        threading.Event().wait(0.01)
    for index in range(1, 50):
        bench.record(str(index), f"value {index}", 100)
    bench.table.gate.set()
    bench.writing.flush()

    assert bench.table.batches[1:4] == [20, 20, 9]


def test_results_that_follow_each_other_closely_share_a_transaction(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GATHER_SECONDS", 30.0)
    bench.record("0", "first", 100)
    while not bench.table.batches:
        threading.Event().wait(0.01)
    for index in range(1, 50):
        bench.record(str(index), f"value {index}", 100)
        threading.Event().wait(0.001)  # long enough for a transaction each

    bench.writing.flush()  # whoever waits does not wait for more to come

    assert bench.table.batches[:2] == [1, 49]


def test_a_blob_that_is_recorded_or_touched_again_is_the_last_to_go(bench: Bench) -> None:
    for index in range(3):
        bench.record(str(index), f"value {index}", 100)
        bench.writing.flush()
    first, second, third = (DIGEST(f"value {index}") for index in range(3))

    bench.record("9", "value 0", 100)
    bench.writing.touch(second)
    bench.writing.flush()

    oldest = [digest for digest, _, _ in bench.table.find_oldest_blobs(9)]
    assert oldest[0] == third
    assert set(oldest[1:]) == {first, second}


def test_closing_writes_what_waits_and_ends_the_threads(tmp_path: Path) -> None:
    before = {*threading.enumerate()}
    bench = Bench(tmp_path)
    actions = [bench.record(str(index), create_image(index)) for index in range(4)]
    assert {*threading.enumerate()} - before

    bench.writing.close()

    assert all(bench.table.find(action.fingerprint) is not None for action in actions)
    assert not bench.writing.is_open
    assert not {*threading.enumerate()} - before
    bench.writing.flush()  # returns at once
    bench.table.close()


def test_a_blob_that_another_process_wrote_too_stays_when_its_rows_cannot_be_written(
    bench: Bench, tmp_path: Path
) -> None:
    image = create_image(1)
    bench.table.gate.clear()
    bench.table.fault = CacheError("E401", "the cache cannot be used")
    bench.record("1", image)
    while not bench.table.batches:
        threading.Event().wait(0.01)
    (path,) = bench.blobs.iterate()
    other = ActionTable(tmp_path / "index.sqlite")
    other.write(blobs=[BlobRow(path.stem, "array:image", "safetensors", path.stat().st_size, "0" * 64)])
    other.close()

    bench.table.gate.set()
    bench.writing.flush()

    assert [error.code for error in bench.errors] == ["E401"]
    assert list(bench.blobs.iterate()) == [path]


class PatientCondition(threading.Condition):
    """A condition on which nobody stops waiting before a notification comes."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a notification."""
        assert super().wait(PATIENCE_SECONDS)
        return True


def test_who_waits_for_room_or_for_the_end_resumes_as_soon_as_a_write_is_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PENDING_BYTES", 10**6)
    bench.writing._room = PatientCondition()
    first, second = create_image(1), create_image(2)
    gates = [bench.gate(first), bench.gate(second)]
    bench.record("1", first, 10**6 + 1)
    recorded, flushed = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=lambda: (bench.record("2", second), recorded.set())),
        threading.Thread(target=lambda: (recorded.wait(), bench.writing.flush(), flushed.set())),
    ]
    for thread in threads:
        thread.start()

    gates[0].set()
    assert recorded.wait(PATIENCE_SECONDS)
    gates[1].set()
    assert flushed.wait(PATIENCE_SECONDS)
    for thread in threads:
        thread.join()
