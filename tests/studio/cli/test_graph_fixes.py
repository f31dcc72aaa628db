"""`studio validate --fix`: what it writes, shows and leaves alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from studio.cli import graph_fixes
from studio.errors import UsageError

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

WRONG = """\
{
\t"studio": 1,
\t"nodes": {
\t\t"paper": {"type": "image.new", "inputs": {"widht": 8,   "height": "8", "extra": 1}}
\t},
\t"outputs": {"o": {"from": "papre"}}
}
"""
FIXED = WRONG.replace("widht", "width").replace('"8"', "8").replace("papre", "paper")


@pytest.fixture
def wrong(desk: Desk) -> Path:
    (desk / "g.json").write_text(WRONG, encoding="utf-8")
    return desk / "g.json"


def test_it_shows_the_changed_lines_and_what_is_left(desk: Desk, wrong: Path) -> None:
    done = desk.call("validate", "g.json", "--fix")

    assert done.code == 2
    assert wrong.read_text(encoding="utf-8") == FIXED
    assert '-\t"outputs": {"o": {"from": "papre"}}\n+\t"outputs": {"o": {"from": "paper"}}\n' in done.out
    assert "g.json: 3 findings fixed, 1 left\n" in done.out
    assert "error E110 at /nodes/paper/inputs/extra" in done.out
    again = desk.call("validate", "g.json", "--fix")
    assert "fixed" not in again.out
    assert wrong.read_text(encoding="utf-8") == FIXED


def test_a_graph_without_errors_left_is_done(desk: Desk, wrong: Path) -> None:
    wrong.write_text(WRONG.replace(', "extra": 1', ""), encoding="utf-8")

    assert desk.call("validate", "g.json", "--fix", "--dry-run").code == 2
    assert desk.call("validate", "g.json", "--fix").code == 0
    assert desk.call("validate", "g.json").code == 0


def test_a_dry_run_writes_nothing(desk: Desk, wrong: Path) -> None:
    done = desk.call("validate", "g.json", "--fix", "--dry-run", "--json")

    assert wrong.read_text(encoding="utf-8") == WRONG
    (found,) = done.json
    assert (done.code, found["written"], len(found["fixed"]), len(found["findings"])) == (2, False, 3, 1)
    assert "+++ g.json (fixed)" in found["diff"]


def test_without_fix_the_findings_carry_the_patch(desk: Desk, wrong: Path) -> None:
    done = desk.call("validate", "g.json", "--json")
    patches = {row["where"]: row.get("fix") for row in done.json[0]["findings"]}

    assert patches["/nodes/paper/inputs/widht"] == [
        {"op": "move", "from": "/nodes/paper/inputs/widht", "path": "/nodes/paper/inputs/width"}
    ]
    assert patches["/nodes/paper/inputs/extra"] is None
    assert "studio validate --fix corrects 3 of 4" in desk.call("validate", "g.json").out


def test_line_ends_the_mark_of_utf_8_and_rights_stay(desk: Desk, wrong: Path) -> None:
    wrong.write_bytes(b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode())
    wrong.chmod(0o640)

    desk.call("validate", "g.json", "--fix")

    assert wrong.read_bytes() == b"\xef\xbb\xbf" + FIXED.replace("\n", "\r\n").encode()
    assert wrong.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(desk.folder)) == ["g.json"]


def test_a_link_stays_a_link(desk: Desk, wrong: Path) -> None:
    (desk / "link.json").symlink_to(wrong)

    desk.call("validate", "link.json", "--fix")

    assert (desk / "link.json").is_symlink()
    assert wrong.read_text(encoding="utf-8") == FIXED


@pytest.mark.parametrize("text", ['{"studio": 1,}', "", '{"studio": 1, "a": 1, "a": 2}', "[1]", '{"studio": 7}'])
def test_what_cannot_be_read_stays_as_it_is(desk: Desk, text: str) -> None:
    (desk / "g.json").write_text(text, encoding="utf-8")

    done = desk.call("validate", "g.json", "--fix")

    assert done.code == 2
    assert (desk / "g.json").read_text(encoding="utf-8") == text


def test_a_media_file_is_never_changed(desk: Desk, card: Path) -> None:
    desk.succeed("run", card, "-o", "out", "--only", "picture")
    picture = next((desk / "out").glob("*.png"))
    before = picture.read_bytes()

    done = desk.call("validate", picture, "--fix")

    assert (done.code, picture.read_bytes()) == (2, before)
    assert "E023" in done.err


def test_dry_run_alone_is_refused(desk: Desk, card: Path) -> None:
    assert "E023" in desk.call("validate", card, "--dry-run").err


def test_a_file_that_changes_meanwhile_is_not_overwritten(desk: Desk, wrong: Path) -> None:
    with pytest.raises(UsageError, match="E013"):
        graph_fixes.write_graph_file(wrong, b"what was made", expected=b"what was read")

    assert wrong.read_text(encoding="utf-8") == WRONG


def test_a_disk_that_refuses_is_an_error_that_says_so(desk: Desk, wrong: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studio.files.os.replace", refuse)

    done = desk.call("validate", "g.json", "--fix")

    assert done.code == 2
    assert "E013" in done.err
    assert json.loads(wrong.read_text(encoding="utf-8")) == json.loads(WRONG)
    assert os.listdir(desk.folder) == ["g.json"]
