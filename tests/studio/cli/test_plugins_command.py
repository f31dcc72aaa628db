"""`studio plugins`: what is installed, and what is wrong with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
