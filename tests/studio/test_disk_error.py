from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from studio.disk_error import explain_disk_error


def test_a_full_disk_is_said_with_what_frees_it(tmp_path: Path) -> None:
    found = explain_disk_error(
        OSError(errno.ENOSPC, "No space left on device"), tmp_path, failed="weights cannot be kept"
    )

    assert found.code == "E402"
    assert found.message == "the disk of the cache is full: No space left on device"
    assert found.where == str(tmp_path)
    assert "studio cache prune" in found.hint


@pytest.mark.parametrize(
    ("error", "said"),
    [(PermissionError(errno.EACCES, "Permission denied"), "Permission denied"), (sqlite3.OperationalError("x"), "x")],
)
def test_any_other_error_says_what_failed(tmp_path: Path, error: Exception, said: str) -> None:
    found = explain_disk_error(error, tmp_path, failed="weights cannot be kept", hint="look")

    assert (found.code, found.message, found.hint) == ("E401", f"weights cannot be kept: {said}", "look")


def test_a_caller_that_says_nothing_speaks_of_the_cache(tmp_path: Path) -> None:
    found = explain_disk_error(FileExistsError(errno.EEXIST, "File exists"), tmp_path)

    assert found.message == "the cache cannot be used: File exists"
    assert "--no-cache" in found.hint
