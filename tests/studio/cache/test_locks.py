"""Locks between processes: exclusive, by fingerprint, and gone with their process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import create_environment

from studio.cache.locks import FingerprintLocks

A, B = "a" * 64, "b" * 64
PROGRAM = """
import sys
from pathlib import Path
from studio.cache.locks import FingerprintLocks
locks = FingerprintLocks(Path(sys.argv[1]))
print(locks.try_lock(sys.argv[2]), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[FingerprintLocks]:
    """The locks of a folder."""
    made = FingerprintLocks(tmp_path / "locks")
    yield made
    made.close()


def start(folder: Path, fingerprint: str) -> tuple[subprocess.Popen[str], bool]:
    """Start a process that takes a lock and keeps it; say whether it got it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder / "locks"), fingerprint],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=create_environment(),
    )
    assert process.stdout is not None
    return process, process.stdout.readline() == "True\n"


def test_a_lock_keeps_another_process_out_and_no_other_fingerprint(locks: FingerprintLocks, tmp_path: Path) -> None:
    assert locks.try_lock(A)
    first, got_first = start(tmp_path, A)
    second, got_second = start(tmp_path, B)

    assert (got_first, got_second) == (False, True)
    assert not locks.try_lock(B)
    for process in (first, second):
        process.communicate("\n")
    assert locks.try_lock(B)


def test_a_killed_process_lets_go(locks: FingerprintLocks, tmp_path: Path) -> None:
    process, got = start(tmp_path, A)
    assert got
    assert not locks.try_lock(A)
    process.kill()
    process.communicate()

    assert locks.try_lock(A)


def test_two_holders_in_one_process_keep_each_other_out(locks: FingerprintLocks, tmp_path: Path) -> None:
    other = FingerprintLocks(tmp_path / "locks")

    assert locks.try_lock(A)
    assert not other.try_lock(A)
    assert not locks.try_lock(A)
    locks.unlock(A)
    assert other.try_lock(A)
    other.close()
    assert locks.try_lock(A)


def test_unlocking_what_is_not_held_does_nothing(locks: FingerprintLocks, tmp_path: Path) -> None:
    other = FingerprintLocks(tmp_path / "locks")
    locks.try_lock(A)
    other.unlock(A)

    assert not other.try_lock(A)
    other.close()
