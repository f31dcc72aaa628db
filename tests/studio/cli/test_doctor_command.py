"""`studio doctor`: what is well, what is not, and what to do."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from typing import Any

import pytest

from tests.studio.cli.conftest import Desk


def find_checks(desk: Desk, code: int = 0) -> dict[str, dict[str, Any]]:
    """Return the checks by name."""
    done = desk.call("doctor", "--json")
    assert done.code == code, done.text
    assert done.answer["ok"] is (code == 0)
    return {check["name"]: check for check in done.json}


PLUGINS = len(entry_points(group="studio"))


def test_on_a_good_machine_all_is_well(desk: Desk) -> None:
    checks = find_checks(desk)

    assert {check["status"] for check in checks.values()} == {"ok"}, checks
    assert list(checks) == [
        "studio",
        "libraries",
        "settings",
        "cores",
        "device",
        "cache",
        "models",
        "plugins",
        "terminal",
    ]
    assert checks["device"]["found"] == "cpu, float32"
    assert checks["plugins"]["found"].startswith(f"{PLUGINS} loaded, ")


def test_it_reads_line_by_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVISE", "cpu")

    lines = desk.call("doctor").out.splitlines()

    assert "warning  environment  unknown setting STUDIO_DEVISE" in lines
    assert lines[lines.index("warning  environment  unknown setting STUDIO_DEVISE") + 1].strip() == (
        "hint: did you mean 'STUDIO_DEVICE'?"
    )
    assert any(line.startswith(f"ok       plugins      {PLUGINS} loaded") for line in lines)


def test_an_invalid_setting_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WORKERS", "many")

    checks = find_checks(desk, code=1)

    assert checks["settings"]["status"] == "error"
    assert "STUDIO_WORKERS: invalid workers = 'many'" in checks["settings"]["found"]
    assert (checks["settings used"]["status"], checks["plugins"]["status"]) == ("warning", "ok")


def test_a_device_that_is_not_there_fails_and_the_rest_is_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cuda:7")

    checks = find_checks(desk, code=1)

    assert (checks["device"]["status"], checks["plugins"]["status"]) == ("error", "ok")
    assert checks["device"]["hint"] == "write --device cpu, or auto"


def test_a_plugin_that_fails_is_a_warning_with_the_way_to_disable_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "more").mkdir()
    (desk / "more/studio_broken.py").write_text("import nosuchthing\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_PLUGINS_DIR", str(desk / "more"))

    check = find_checks(desk)["plugin"]

    assert check["status"] == "warning"
    assert "nosuchthing" in check["found"]
    assert check["hint"].endswith("studio plugins disable broken")


def test_a_cache_that_cannot_be_there_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(desk / "file/cache"))

    check = find_checks(desk, 1)["cache"]

    assert (check["status"], check["hint"]) == ("error", "set cache_dir or STUDIO_CACHE_DIR")
    assert f"{desk / 'file'} is not a folder" in check["found"]


def test_an_unknown_mode_of_the_shared_cache_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_URL", f"{desk / 'shared'}?mode=raed")

    check = find_checks(desk, 1)["cache"]

    assert check["status"] == "error"
    assert "unknown mode 'raed'" in check["found"]
    assert "?mode=read" in check["hint"]


def test_nothing_is_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(desk / "cache"))
    monkeypatch.setenv("STUDIO_MODELS_DIR", str(desk / "models"))
    before = sorted(os.listdir(desk.folder))

    find_checks(desk)

    assert sorted(os.listdir(desk.folder)) == before
