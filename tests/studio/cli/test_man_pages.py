"""`studio man`: a manual page for each command, in the language of `man`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from studio.cli.man_pages import write_page
from tests.studio.cli.conftest import Desk

ROW = {
    "command": "studio do", "usage": "studio do [OPTIONS] FILE", "summary": "Do it.",
    "help": "Do it.\n\n.start of a line\n\n  a  table\n  b  \\n",
    "options": [{"option": "-o, --out DIR", "help": "Where."}],
    "commands": {}, "examples": ["studio do 'a-b'"], "documentation": "docs/page.md#do",
}  # fmt: skip


def test_a_page_has_its_sections_in_order() -> None:
    lines = write_page(ROW).splitlines()

    assert [line for line in lines if line.startswith(".SH")] == [
        ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS", ".SH EXIT STATUS", ".SH EXAMPLES", ".SH SEE ALSO",
    ]  # fmt: skip
    assert "studio\\-do \\- Do it" in lines
    assert "\\fB\\-o, \\-\\-out DIR\\fR" in lines


def test_text_is_no_command_of_the_language() -> None:
    lines = write_page(ROW).splitlines()

    assert "\\&.start of a line" in lines
    assert lines[lines.index("  a  table") - 1 : lines.index("  a  table") + 3] == [
        ".nf", "  a  table", "  b  \\en", ".fi",
    ]  # fmt: skip
    assert "studio do 'a\\-b'" in lines


@pytest.mark.skipif(shutil.which("man") is None, reason="needs man")
def test_man_shows_a_page_without_a_warning(desk: Desk) -> None:
    page = desk.call("man", "find").out

    done = subprocess.run(
        ["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, check=True,
        env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip

    assert done.stderr == ""
    assert "caption~cat" in done.stdout
    assert "Documentation" not in done.stdout.partition("SEE ALSO")[0]


def test_all_pages_are_written_to_a_folder(desk: Desk) -> None:
    done = desk.call("man", "--output", "man1", "--json")

    names = set(done.json["files"])
    assert names == {path.name for path in (desk / "man1").iterdir()}
    assert {"studio.1", "studio-run.1", "studio-batch-run.1", "studio-cache-clear.1"} <= names
    assert "studio-models-list-digests.1" not in names


def test_a_folder_that_cannot_be_written_is_an_error(desk: Desk) -> None:
    (desk / "file").touch()

    done = desk.call("man", "--output", "file/man1")

    assert (done.code, "E028" in done.err) == (2, True)
