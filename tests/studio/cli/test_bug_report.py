"""A bug of Studio's own leaves a report that can be found and sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.cli.bug_report import report_bug
from studio.errors import StudioError
from studio.version import VERSION


def _raise() -> Exception:
    try:
        raise LookupError("out of luck \udcff")
    except LookupError as error:
        return error


def _find_report(error: StudioError) -> Path:
    return Path(error.hint.split("report it with ")[1])


def test_the_report_holds_what_a_developer_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    text = _find_report(report_bug(_raise(), ["run", "a.json"])).read_text(encoding="utf-8")

    assert f"studio {VERSION}\n" in text
    assert "arguments ['run', 'a.json']" in text
    assert "in _raise" in text
    assert r"LookupError: out of luck \udcff" in text


def test_no_report_overwrites_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("time.strftime", lambda _: "20260102-030405")

    reports = {_find_report(report_bug(_raise(), [])) for _ in range(3)}

    assert len(reports) == 3
    assert all(path.parent == tmp_path / "studio" / "reports" for path in reports)


@pytest.mark.parametrize("trouble", ["a file in the way", "no home"])
def test_the_report_goes_to_the_temporary_folder_where_a_user_has_no_other(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if trouble == "no home":
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    else:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        (tmp_path / "file").touch()

    assert _find_report(report_bug(_raise(), [])).parent == tmp_path / "studio-reports"


def test_without_any_folder_the_report_is_in_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", os.fspath(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))

    message = str(report_bug(_raise(), []))

    assert message.startswith("E999 a bug in Studio: LookupError: out of luck")
    assert "in _raise" in message


class UnreadableError(Exception):
    """An exception without a text."""

    def __str__(self) -> str:
        raise TypeError("no text")


def test_an_exception_whose_text_cannot_be_made_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    error = report_bug(UnreadableError(), [])

    assert str(error).startswith("E999 a bug in Studio: UnreadableError: its text cannot be shown")
    assert "UnreadableError" in _find_report(error).read_text(encoding="utf-8")


def test_a_folder_that_no_path_can_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("studio.cli.bug_report.find_reports_folder", lambda: Path("/a\0b/studio/reports"))

    assert _find_report(report_bug(_raise(), [])).parent == tmp_path / "studio-reports"
