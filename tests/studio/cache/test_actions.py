"""The action table: what is written is found, one transaction is all or nothing, damaged tables are put aside."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_caches import open_cache, record

from studio.cache.actions import Action, ActionTable, BlobRow, _retry_busy, explain_disk_error, shorten_notes
from studio.errors import CacheError

DIGEST = "ab" * 32


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ActionTable]:
    """An empty table."""
    made = ActionTable(tmp_path / "index.sqlite")
    yield made
    made.close()


def make_action(number: int, node_type: str = "fake.make", **more: object) -> Action:
    """Return an action whose fingerprint is a number."""
    return Action(f"{number:064x}", node_type, {"value": DIGEST}, **more)  # type: ignore[arg-type]


def make_blob(number: int, size: int = 3) -> BlobRow:
    """Return the row of a small blob."""
    return BlobRow(f"{number:064x}", "json", "json", size, "c" * 64, b"123")


def test_an_action_is_found_as_it_was_written(table: ActionTable) -> None:
    action = make_action(1, parts={"version": "1.0", "input a": DIGEST}, seconds=0.5, notes=("rounded",))

    table.write(actions=[action])

    found = table.find(action.fingerprint)
    assert found is not None
    assert found.made > 1.7e9
    assert (found.outputs, found.parts, found.seconds, found.notes) == (
        action.outputs, action.parts, action.seconds, action.notes
    )  # fmt: skip
    assert table.find(f"{2:064x}") is None


def test_similar_actions_are_of_one_type_and_no_more_than_asked_for(table: ActionTable) -> None:
    table.write(actions=[make_action(number) for number in range(5)])
    table.write(actions=[make_action(9, "fake.other")])

    assert {action.node_type for action in table.find_similar("fake.make")} == {"fake.make"}
    assert len(table.find_similar("fake.make")) == 5
    assert len(table.find_similar("fake.make", 2)) == 2


def test_a_transaction_that_fails_leaves_nothing(table: ActionTable) -> None:
    broken = Action("f" * 64, "fake.make", {"value": DIGEST}, seconds={})  # type: ignore[arg-type]

    with pytest.raises(CacheError):
        table.write(actions=[make_action(1), broken], blobs=[make_blob(1)])

    assert table.measure() == (0, 0, 0)
    table.write(actions=[make_action(2)])
    assert table.measure() == (1, 0, 0)


@pytest.mark.parametrize("outputs", ['{"value": "short"}', '{"value": 1}', "[]", "no json"])
def test_a_damaged_row_counts_as_missing(table: ActionTable, tmp_path: Path, outputs: str) -> None:
    table.write(actions=[make_action(1)])
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        connection.execute("update actions set outputs = ?", (outputs,))
        connection.commit()

    assert table.find(f"{1:064x}") is None


def test_damaged_parts_are_none_and_the_action_stays(table: ActionTable, tmp_path: Path) -> None:
    table.write(actions=[Action("1" * 64, "fake.add", {"value": "a" * 64}, {"code": "1"})])
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as other:
        other.execute("update actions set parts = '[1'")
        other.commit()

    found = table.find("1" * 64)

    assert found is not None
    assert found.outputs == {"value": "a" * 64}
    assert dict(found.parts) == {}


@pytest.mark.parametrize("count", [1, 7, 64, 65, 200])
def test_every_row_of_a_transaction_is_written(table: ActionTable, count: int) -> None:
    names = [f"{index:064x}" for index in range(count)]

    table.write(
        actions=[Action(name, "fake.add", {"value": name}) for name in names],
        blobs=[BlobRow(name, "json", "json", 1, name, b"1") for name in names],
    )

    assert table.measure() == (count, count, count)
    assert all((found := table.find(name)) is not None and found.outputs == {"value": name} for name in names)


def test_the_oldest_blobs_are_those_not_used_for_longest(table: ActionTable) -> None:
    table.write(blobs=[make_blob(number) for number in range(4)])
    table.write(used={f"{number:064x}": float(when) for number, when in ((0, 40), (1, 10), (2, 30), (3, 20))})

    assert [int(digest, 16) for digest, _, _ in table.find_oldest_blobs(3)] == [1, 3, 2]


def test_every_blob_is_iterated_once_whatever_their_number(table: ActionTable) -> None:
    table.write(blobs=[make_blob(number) for number in range(1203)])

    assert [int(row.digest, 16) for row in table.iterate_blobs()] == list(range(1203))
    assert table.measure() == (0, 1203, 3609)


def test_the_digest_of_a_file_is_known_only_while_nothing_of_it_changed(table: ActionTable) -> None:
    table.write(files=[("/a", 1, 2, 3, DIGEST)])

    assert table.find_file("/a", 1, 2, 3) == DIGEST
    assert [table.find_file(*key) for key in (("/b", 1, 2, 3), ("/a", 9, 2, 3), ("/a", 1, 9, 3), ("/a", 1, 2, 9))] == [
        None
    ] * 4


def test_dropped_rows_are_gone_and_others_stay(table: ActionTable) -> None:
    table.write(actions=[make_action(1), make_action(2)], blobs=[make_blob(1), make_blob(2)])

    table.drop_actions([f"{1:064x}"])
    table.drop_blobs([f"{2:064x}"])

    assert table.find(f"{1:064x}") is None
    assert table.find(f"{2:064x}") is not None
    assert table.find_blob(f"{1:064x}") is not None
    assert table.find_blob(f"{2:064x}") is None


def test_work_is_counted_by_node_type(table: ActionTable) -> None:
    table.write(actions=[make_action(1, seconds=1.0), make_action(2, seconds=2.0), make_action(3, "b.c", seconds=9.0)])

    assert table.count_by_type() == [("b.c", 1, 9.0), ("fake.make", 2, 3.0)]


def test_commits_are_synced_and_do_not_block_readers(table: ActionTable) -> None:
    """Synchronous "normal" (1) syncs the log at each checkpoint; "off" (0) would lose what SQLite said was written."""
    assert table._read("pragma journal_mode") == [("wal",)]
    assert table._read("pragma synchronous") == [(1,)]


def test_a_table_that_lacks_its_tables_is_put_aside_with_its_log(tmp_path: Path) -> None:
    path, seed = tmp_path / "index.sqlite", tmp_path / "seed.sqlite"
    with contextlib.closing(sqlite3.connect(seed)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table other(name text)")
        connection.execute("pragma user_version = 2")
        path.write_bytes(seed.read_bytes())
        Path(f"{path}-wal").write_bytes(Path(f"{seed}-wal").read_bytes())

    table = ActionTable(path)
    table.write(actions=[make_action(1)])

    assert table.find(f"{1:064x}") is not None
    assert table.check() is None
    assert len(list(tmp_path.glob("index.sqlite.damaged-*"))) == 1
    table.close()


def test_notes_are_kept_short_and_few() -> None:
    assert shorten_notes(["a" * 501]) == ("a" * 500 + "...",)
    assert shorten_notes(["a" * 500]) == ("a" * 500,)
    assert len(shorten_notes(["a"] * 30)) == 20


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "E402"), (errno.EDQUOT, "E402"), (errno.EACCES, "E401")])
def test_a_full_disk_is_told_apart_from_other_errors(number: int, code: str) -> None:
    error = explain_disk_error(OSError(number, "no", "/cache/index"), Path("/cache"))

    assert (error.code, error.where) == (code, "/cache")
    assert "[Errno" not in error.message


def test_a_table_that_is_none_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"this is no table" * 1000)
    cache = open_cache(tmp_path)
    record(cache, "value")
    cache.close()

    assert len(list(tmp_path.glob("index.sqlite.damaged-*"))) == 1


def test_a_cache_of_another_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute("pragma user_version = 99")
    connection.close()

    with pytest.raises(CacheError, match="E404"):
        open_cache(tmp_path)


def test_what_a_node_said_is_kept_with_its_action(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    digest = cache.digest(1)
    cache.record(Action("1" * 64, "fake.talk", {"value": digest}, notes=("the size was rounded",)), {digest: 1})
    cache.close()

    found = open_cache(tmp_path).find("1" * 64)

    assert found is not None
    assert found.notes == ("the size was rounded",)


def test_a_table_of_the_first_format_is_brought_to_the_present_one(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    action = record(cache, "value")
    cache.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        connection.execute("alter table actions drop column notes")
        connection.execute("pragma user_version = 1")

    again = open_cache(tmp_path)

    assert again.find(action.fingerprint) is not None
    assert again.load(action.outputs["value"]) == "value"
    assert record(again, "other", "2").notes == ()


class Busy:
    """An attempt that fails a number of times before it succeeds."""

    def __init__(self, failures: int, message: str = "database is locked") -> None:
        self.tries = 0
        self._failures = failures
        self._message = message

    def __call__(self) -> None:
        """Fail or succeed."""
        self.tries += 1
        if self.tries <= self._failures:
            raise sqlite3.OperationalError(self._message)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made; none takes any time."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


@pytest.mark.parametrize("failures", [0, 1, 199])
def test_a_table_that_others_open_at_the_same_moment_is_tried_until_it_is_free(
    pauses: list[float], failures: int
) -> None:
    attempt = Busy(failures)

    _retry_busy(attempt)

    assert (attempt.tries, len(pauses)) == (failures + 1, failures)


def test_a_table_that_stays_locked_is_given_up_after_some_seconds(pauses: list[float]) -> None:
    attempt = Busy(10**6)

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        _retry_busy(attempt)

    assert attempt.tries == 200
    assert 3 < sum(pauses) < 6


def test_other_errors_of_a_table_are_not_tried_again(pauses: list[float]) -> None:
    attempt = Busy(1, "disk I/O error")

    with pytest.raises(sqlite3.OperationalError, match="I/O"):
        _retry_busy(attempt)

    assert (attempt.tries, pauses) == (1, [])
