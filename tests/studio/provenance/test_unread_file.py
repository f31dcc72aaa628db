"""A file of a plugin that is not available names that plugin, where it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import Finding, GraphError
from studio.provenance.unread_file import explain_unread_file
from studio.registry import PluginRow

BROKEN = GraphError([Finding("E101", "/studio", "missing version of the format")])


@pytest.fixture
def palette(tmp_path: Path) -> Path:
    """A file that a plugin wrote, with the manifest beside it."""
    path = tmp_path / "colors.palette"
    path.write_text("{}")
    manifest: dict[str, Any] = {
        "graph": {"document": {"outputs": {"colors": {"from": "find.palette"}}}},
        "nodes": {
            "sky": {"plugin": "studio 0.1.0"},
            "find": {"plugin": "studio-palette 0.3"},
            "other": {"plugin": "studio-other 1.0"},
        },
        "outputs": {"colors": {"files": [{"path": str(path)}]}},
    }
    (tmp_path / ".studio").mkdir()
    (tmp_path / ".studio" / "20260101-000000-aa.json").write_text(json.dumps(manifest))
    return path


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ([], "plugin 'studio-palette' made it, and is not installed"),
        (
            [PluginRow("palette", "studio-palette", status="disabled")],
            "plugin 'studio-palette' made it, and is disabled: studio plugins enable palette",
        ),
        (
            [PluginRow("palette", "studio-palette", status="failed", problem="no numpy")],
            "plugin 'studio-palette' made it, and failed to load: no numpy",
        ),
    ],
)
def test_the_manifest_beside_a_file_says_which_plugin_made_it(palette: Path, rows: list[PluginRow], hint: str) -> None:
    (finding,) = explain_unread_file(palette, BROKEN, rows).findings

    assert finding.code == "E134"
    assert finding.message == f"no installed plugin reads '.palette' files: {str(palette)!r}"
    assert finding.hint == hint


@pytest.mark.parametrize("manifest", [None, "nonsense", "[]", '{"outputs": {"colors": {"files": [3]}}}'])
def test_without_a_useful_manifest_the_plugins_that_do_not_work_are_named(palette: Path, manifest: str | None) -> None:
    (path,) = (palette.parent / ".studio").iterdir()
    path.unlink() if manifest is None else path.write_text(manifest)
    rows = [PluginRow("studio-tint", status="failed"), PluginRow("palette", status="disabled"), PluginRow("image")]

    (finding,) = explain_unread_file(palette, BROKEN, rows).findings

    assert finding.hint.endswith("; these plugins are not available: tint (failed), palette (disabled)")


@pytest.mark.parametrize("name", ["graph.json", "graph", "missing.palette"])
def test_other_files_keep_their_error(tmp_path: Path, name: str) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_text("{}")

    assert explain_unread_file(tmp_path / name, BROKEN, []) is BROKEN
