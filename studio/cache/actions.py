"""The action table: fingerprint -> digests of the outputs, and what is known of each blob; SQLite in WAL mode."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from studio.cache.action_parts import StoredParts, write_outputs, write_parts
from studio.cache.rows_ahead import RowsAhead
from studio.disk_error import explain_disk_error
from studio.errors import CacheError

_SCHEMA = """
create table if not exists actions(
  fingerprint text primary key, node_type text not null, outputs text not null, parts text not null,
  seconds real not null, made real not null, used real not null, notes text not null default '');
create index if not exists actions_by_type on actions(node_type, made);
create table if not exists blobs(
  digest text primary key, codec text not null, extension text not null, size integer not null,
  checksum text not null, data blob, used real not null);
create index if not exists blobs_by_use on blobs(used);
create table if not exists files(
  path text primary key, size integer not null, mtime_ns integer not null, inode integer not null,
  digest text not null) without rowid;
"""
_INSERT_BLOBS = """
insert into blobs values {} on conflict(digest) do update set
  codec = excluded.codec, extension = excluded.extension, size = excluded.size, checksum = excluded.checksum,
  data = excluded.data, used = excluded.used
"""  # `insert or replace` would remove a row and its entries in indexes, only to write them again
_INSERT_ACTIONS = "insert or replace into actions values {}"
_CHUNKS = (64, 8, 1)  # rows of one statement: at the end of each, Python may switch to another thread
FORMAT = 2
_MOST_NOTES, _MOST_LETTERS = 20, 500
_DIGEST = re.compile("[0-9a-f]{64}")
_ONE_OUTPUT = re.compile(r'\{"([A-Za-z0-9_]+)": "([0-9a-f]{64})"\}')


class Action(NamedTuple):  # a frozen dataclass takes three times as long to make
    """What one fingerprint led to.

    Attributes:
        fingerprint: Names the result before it is made.
        node_type: Id of the node type.
        outputs: Digests of the outputs, by name.
        parts: What the fingerprint was made of, by name; digests of inputs under "input NAME".
        seconds: How long the node ran.
        made: When, in seconds since 1970.
        notes: What the node logged about them.
    """

    fingerprint: str
    node_type: str
    outputs: Mapping[str, str]
    parts: Mapping[str, str] = MappingProxyType({})
    seconds: float = 0.0
    made: float = 0.0
    notes: tuple[str, ...] = ()


def shorten_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the first notes, each cut to the length that a table keeps."""
    return tuple(note if len(note) <= _MOST_LETTERS else f"{note[:_MOST_LETTERS]}..." for note in notes[:_MOST_NOTES])


class BlobRow(NamedTuple):
    """What is known of a blob; `data` holds the bytes of a small one, a file those of a large one."""

    digest: str
    codec: str
    extension: str
    size: int
    checksum: str
    data: bytes | None = None


class ActionTable:
    """Reads and writes the table. Every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection = self._open_or_replace()
        self._ahead = RowsAhead(self._read)

    def find(self, fingerprint: str) -> Action | None:
        """Return the action with this fingerprint, or None."""
        row = self._ahead.take(fingerprint)
        if row is None:
            rows = self._read("select * from actions where fingerprint = ?", (fingerprint,))
            if not rows:
                return None
            row = rows[0]
            self._ahead.follow(row)
        return _parse_action(row)

    def find_similar(self, node_type: str, limit: int = 500) -> list[Action]:
        """Return the newest actions of a node type."""
        rows = self._read("select * from actions where node_type = ? order by made desc limit ?", (node_type, limit))
        return [action for row in rows if (action := _parse_action(row)) is not None]

    def find_mean_seconds(self, node_type: str, limit: int = 500) -> float | None:
        """Return how long a node type took in the mean of its newest actions; None if there is none.

        The slowest tenth does not count, and at least one does not if there are two: the first call of a process
        imports libraries and loads models.
        """
        newest = "select seconds from actions where node_type = ? order by made desc limit ?"
        found = sorted(float(row[0]) for row in self._read(newest, (node_type, limit)))
        slowest = max(1, len(found) // 10) if len(found) > 1 else 0
        usual = found[: len(found) - slowest]
        return sum(usual) / len(usual) if usual else None

    def find_blob(self, digest: str) -> BlobRow | None:
        """Return the row of a blob, or None."""
        rows = self._read(
            "select digest, codec, extension, size, checksum, data from blobs where digest = ?", (digest,)
        )
        return BlobRow(*rows[0]) if rows else None

    def find_file(self, path: str, size: int, mtime_ns: int, inode: int) -> str | None:
        """Return the digest of a file that has not changed since it was taken, or None."""
        rows = self._read(
            "select digest from files where path = ? and size = ? and mtime_ns = ? and inode = ?",
            (path, size, mtime_ns, inode),
        )
        return str(rows[0][0]) if rows else None

    def iterate_blobs(self) -> Iterator[BlobRow]:
        """Yield every blob row, without the data of large ones."""
        last = ""
        columns = "digest, codec, extension, size, checksum, data"
        query = f"select {columns} from blobs where digest > ? order by digest limit 500"
        while rows := self._read(query, (last,)):
            for row in rows:
                yield BlobRow(*row)
            last = rows[-1][0]

    def find_oldest_blobs(self, limit: int) -> list[tuple[str, str, int]]:
        """Return (digest, extension, size) of the blobs least recently used."""
        return self._read("select digest, extension, size from blobs order by used limit ?", (limit,))

    def measure(self) -> tuple[int, int, int]:
        """Return the number of actions, the number of blobs and the bytes of the blobs."""
        actions = self._read("select count(*) from actions")[0][0]
        blobs, size = self._read("select count(*), coalesce(sum(size), 0) from blobs")[0]
        return int(actions), int(blobs), int(size)

    def count_by_type(self) -> list[tuple[str, int, float]]:
        """Return (node type, actions, seconds of work kept) for each node type."""
        return self._read("select node_type, count(*), sum(seconds) from actions group by node_type order by 3 desc")

    def write(
        self,
        *,
        actions: Sequence[Action] = (),
        blobs: Sequence[BlobRow] = (),
        used: Mapping[str, float] | None = None,
        files: Iterable[tuple[str, int, int, int, str]] = (),
    ) -> None:
        """Write rows in one transaction."""
        now = time.time()
        touched = [(when, key) for key, when in (used or {}).items()]
        blob_rows = [(*blob, now) for blob in blobs]
        action_rows = [_make_row(action, now) for action in actions]
        with self._transaction() as connection:
            _insert(connection, _INSERT_BLOBS, blob_rows)
            _insert(connection, _INSERT_ACTIONS, action_rows)
            self._ahead.forget(action.fingerprint for action in actions)
            connection.executemany("update blobs set used = ? where digest = ?", touched)
            connection.executemany("insert or replace into files values(?, ?, ?, ?, ?)", files)

    def drop_blobs(self, digests: Iterable[str]) -> None:
        """Forget blobs."""
        with self._transaction() as connection:
            connection.executemany("delete from blobs where digest = ?", [(digest,) for digest in digests])

    def drop_actions(self, fingerprints: Iterable[str]) -> None:
        """Forget actions."""
        with self._transaction() as connection:
            connection.executemany("delete from actions where fingerprint = ?", [(f,) for f in fingerprints])
        self._ahead.clear()

    def clear(self) -> None:
        """Forget everything; a table that is too damaged for that is put aside."""
        self._ahead.clear()
        try:
            with self._transaction() as connection:
                for table in ("actions", "blobs", "files"):
                    connection.execute(f"delete from {table}")
        except CacheError as error:
            cause = error.__cause__
            if isinstance(cause, sqlite3.OperationalError) or not isinstance(cause, sqlite3.Error | UnicodeError):
                raise
            with self._lock:
                self._connection.close()
                self._connection = self._replace(cause)

    def check(self) -> str | None:
        """Return what SQLite finds wrong with the table's file, or None."""
        try:
            result = self._read("pragma quick_check(1)")
        except CacheError as error:
            return error.message
        return None if result and result[0][0] == "ok" else str(result)

    def close(self) -> None:
        """Close the table."""
        with self._lock:
            self._connection.close()

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:  # a context of our own would take as long as the query
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise explain_disk_error(error, self._path) from error

    def limit_pages(self, size: int) -> None:
        """Keep no more than so many bytes of the table's pages in this process; the system keeps the rest."""
        with self._lock, self._explain_errors():
            self._connection.execute(f"pragma cache_size=-{size // 1024}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explain_errors():
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeError) as error:  # a damaged name in the schema cannot be decoded
            raise explain_disk_error(error, self._path) from error

    def _open_or_replace(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError as error:
            if not str(error).startswith("no such"):
                raise explain_disk_error(error, self._path) from error
            return self._replace(error)
        except (sqlite3.DatabaseError, UnicodeError) as error:
            return self._replace(error)

    def _replace(self, error: Exception) -> sqlite3.Connection:
        """Put a damaged table aside and begin a new one; the blobs are made again when they are wanted."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(time.time())}")
        try:
            self._path.rename(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            return self._open()
        except (OSError, sqlite3.Error, UnicodeError):
            raise explain_disk_error(error, self._path) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30.0, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _retry_busy(lambda: connection.execute("pragma journal_mode=wal").fetchall())
        connection.execute("pragma synchronous=normal")
        version = connection.execute("pragma user_version").fetchone()[0]
        if version not in (0, 1, FORMAT):
            raise CacheError(
                "E404",
                f"this cache is of format {version}, and this Studio writes format {FORMAT}",
                where=str(self._path),
                hint="use another --cache-dir, or remove that folder",
            )
        if version == 0:
            script = f"begin immediate; {_SCHEMA} pragma user_version={FORMAT}; commit;"
            _retry_busy(lambda: connection.executescript(script))
        elif version == 1:
            _retry_busy(lambda: _add_notes(connection))
        for table in ("actions", "blobs", "files"):
            connection.execute(f"select * from {table} limit 0")


def _add_notes(connection: sqlite3.Connection) -> None:
    """Bring a table of format 1 to format 2, unless another process was faster."""
    connection.execute("begin immediate")
    try:
        if connection.execute("pragma user_version").fetchone()[0] == 1:
            connection.execute("alter table actions add column notes text not null default ''")
            connection.execute("pragma user_version=2")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _retry_busy(attempt: Callable[[], object]) -> None:
    """Switching to WAL does not wait for other processes that switch at the same moment; wait for them here."""
    for tries in range(200):
        try:
            attempt()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or tries == 199:
                raise
            time.sleep(0.02)


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, many with each statement.

    They come in the order of their keys, so that neighbors change the same pages of the table: that takes a third.
    """
    rows = sorted(rows, key=itemgetter(0))
    begin = 0
    while begin < len(rows):
        count = next(chunk for chunk in _CHUNKS if chunk <= len(rows) - begin)
        values = list(chain.from_iterable(rows[begin : begin + count]))
        connection.execute(_fill_statement(statement, count, len(rows[begin])), values)
        begin += count


@cache
def _fill_statement(statement: str, rows: int, columns: int) -> str:
    one = f"({', '.join('?' * columns)})"
    return statement.format(", ".join([one] * rows))


def _make_row(action: Action, now: float) -> tuple[Any, ...]:
    outputs, parts = write_outputs(action.outputs), write_parts(action.parts)
    notes = json.dumps(action.notes) if action.notes else ""
    return (action.fingerprint, action.node_type, outputs, parts, action.seconds, now, now, notes)


def _parse_action(row: Any) -> Action | None:
    """Return the action of a row, or None if the row is damaged: its result is made again."""
    try:
        one = _ONE_OUTPUT.fullmatch(row[2])  # of most node types; parsing takes three times as long
        outputs = {one[1]: one[2]} if one is not None else json.loads(row[2])
        if one is None and not all(map(_DIGEST.fullmatch, outputs.values())):
            return None
        notes = tuple(str(note) for note in json.loads(row[7])) if row[7] else ()
        return Action(row[0], row[1], outputs, StoredParts(row[3]), row[4], row[5], notes)
    except (ValueError, TypeError, AttributeError):
        return None
