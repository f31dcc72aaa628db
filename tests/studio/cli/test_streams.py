"""A standard stream that is closed, full or no longer read costs no work, hides no message, and is no bug."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli.streams import StandardError, StandardOutput


def run_in_shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `studio` is this Studio."""
    program = f'studio() {{ "{sys.executable}" -m studio "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{program}{line}"],
        cwd=folder,
        env={**os.environ, "STUDIO_CACHE_DIR": str(folder / "cache"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a graph that writes a text."""
    (tmp_path / "g.json").write_text(
        '{"studio": 1, "nodes": {"t": {"type": "logic.template", "inputs": {"template": "hello"}}},'
        ' "outputs": {"o": {"from": "t"}}}',
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_no_work_and_get_into_no_file(folder: Path, closed: str) -> None:
    done = run_in_shell(folder, f"studio run g.json -o out {closed}")

    assert done.returncode == 0
    assert (folder / "out" / "o.txt").read_text(encoding="utf-8") == "hello"
    assert sum(path.is_file() for path in (folder / "out").iterdir()) == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_the_standard_output_is_an_error_of_its_own(folder: Path, unbuffered: str) -> None:
    done = run_in_shell(folder, "studio run g.json -o out >/dev/full", PYTHONUNBUFFERED=unbuffered)

    assert done.returncode == 1
    assert "error: E312 cannot write to the standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "out" / "o.txt").read_text(encoding="utf-8") == "hello"


def test_a_full_disk_behind_the_standard_error_hides_no_exit_code(folder: Path) -> None:
    assert run_in_shell(folder, "studio run missing.json 2>/dev/full").returncode == 2
    assert run_in_shell(folder, "studio run g.json -o out 2>/dev/full").returncode == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_early_ends_the_command_without_a_word(folder: Path, unbuffered: str) -> None:
    done = run_in_shell(folder, "studio nodes --json | head -c 1", PYTHONUNBUFFERED=unbuffered)

    assert (done.returncode, done.stdout, done.stderr) == (141, "{", "")


def test_letters_that_a_terminal_lacks_are_escaped(tmp_path: Path) -> None:
    for kind in (StandardOutput, StandardError):
        with (tmp_path / "out").open("wb") as file:
            stream = kind(file, encoding="ascii", errors="backslashreplace")
            stream.write("caf\u00e9")
            stream.flush()
        assert (tmp_path / "out").read_bytes() == b"caf\\xe9"
