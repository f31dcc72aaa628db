"""`studio plugins`: what is installed, and what is wrong with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from studio.version import VERSION

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def test_studios_own_plugins_are_listed(desk: Desk) -> None:
    done = desk.call("plugins")

    assert done.code == 0
    for name in ("studio-image", "studio-logic", "studio-style"):
        assert any(line.startswith(name) and " ok " in line for line in done.out.splitlines())


@pytest.mark.parametrize("source", [
    "import nowhere_to_be_found", "1 / 0", "def (", "raise SystemExit(3)",
    "from studio.api import Context, node\n@node('bad.one')\ndef one(ctx: Context, a) -> int:\n    '''One.'''\n",
])  # fmt: skip
def test_a_broken_plugin_is_one_row_and_the_rest_work(desk: Desk, source: str) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_broken.py").write_text(source, encoding="utf-8")

    rows = {row["name"]: row for row in desk.call("plugins", "--plugins-dir", "plugins", "--json").json}
    text = desk.call("plugins", "--plugins-dir", "plugins")

    broken = rows.pop("studio_broken")
    assert broken["status"] == "failed"
    assert broken["problem"]
    assert "studio_broken.py" in broken["where"]
    assert all(row["status"] == "ok" for row in rows.values())
    assert text.code == 0
    assert sum(line.startswith("studio_broken") for line in text.out.splitlines()) == 1


def test_a_graph_that_needs_a_broken_plugin_says_so(desk: Desk, slow: list[str]) -> None:
    (desk / "plugins/studio_slow.py").write_text("1 / 0", encoding="utf-8")

    done = desk.call("run", *slow)

    assert done.code == 2
    assert "division by zero" in done.err
    assert "studio plugins" in done.err


def test_listing_loads_no_torch(desk: Desk) -> None:
    assert not {"torch", "cv2", "networkx"} & desk.list_modules("plugins")


def test_one_plugin_is_described_with_what_it_provides_and_requires(desk: Desk) -> None:
    text = desk.call("plugins", "video").out
    (details,) = desk.call("plugins", "studio-video", "--json").json

    assert text.startswith(f"studio-video  studio {VERSION}\nstatus: ok\nplace: ")
    assert "import: " in text
    assert f"hooks: {', '.join(details['hooks'])}" in text
    assert "node types: video." in text
    assert "requires numpy>=" in text
    assert details["hooks"] == ["studio_catalog", "studio_import_rules", "studio_node_types"]
    assert {row["state"] for row in details["requirements"]} == {"ok"}
    assert details["import_seconds"] >= 0


def test_a_plugin_of_a_folder_is_described_wherever_the_option_stands(desk: Desk, slow: list[str]) -> None:
    for arguments in (["slow", "--plugins-dir", "plugins"], ["--plugins-dir", "plugins", "studio_slow"]):
        assert "node types: slow.count" in desk.call("plugins", *arguments).out


def test_a_failed_plugin_is_described_with_its_reason(desk: Desk, slow: list[str]) -> None:
    (desk / "plugins/studio_slow.py").write_text("1 / 0")

    assert "status: failed: ZeroDivisionError" in desk.call("plugins", "slow", "--plugins-dir", "plugins").out


@pytest.mark.parametrize("words", [["vido"], ["disable", "vido"]])
def test_an_unknown_plugin_suggests_the_nearest(desk: Desk, words: list[str]) -> None:
    done = desk.call("plugins", *words)

    assert done.code == 2
    assert "E009 unknown plugin 'vido'" in done.err
    assert "did you mean 'video'?" in done.err


def test_a_disabled_plugin_is_not_imported_until_it_is_enabled(desk: Desk, slow: list[str]) -> None:
    (desk / "plugins/studio_slow.py").write_text("import os; os._exit(9)")
    folder = ["--plugins-dir", "plugins"]

    disabled = desk.call("plugins", *folder, "disable", "studio_slow")
    listed = desk.call("plugins", *folder)
    found = desk.call("validate", *slow)
    (desk / "plugins/studio_slow.py").write_text("")
    enabled = desk.call("plugins", *folder, "enable", "slow")

    assert disabled.out.startswith("disabled slow in ")
    assert any(line.startswith("studio_slow") and " disabled " in line for line in listed.out.splitlines())
    assert "the plugin of 'slow.count' is disabled: studio plugins enable slow" in found.out
    assert enabled.code == 0
    assert not any(row["status"] == "disabled" for row in desk.call("plugins", *folder, "--json").json)


def test_a_plugin_is_disabled_for_one_run_by_a_variable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DISABLED_PLUGINS", "video, studio-speech")

    rows = {row["name"]: row["status"] for row in desk.call("plugins", "--json").json}

    assert [name for name, status in rows.items() if status == "disabled"] == ["studio-speech", "studio-video"]


def test_only_a_plugin_that_is_disabled_can_be_enabled(desk: Desk) -> None:
    done = desk.call("plugins", "enable", "video")

    assert done.code == 2
    assert "E009 the plugin 'video' is not disabled" in done.err
