"""A fingerprint names all code and data: for each way a plugin can be given and each file of it, an edit counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.errors import PluginError
from tests.studio.registry.given_plugins import (
    EDITS,
    MODULE_EDITS,
    WAYS,
    Ways,
    open_studio,
    restored_modules,
    run_number,
)

EVERY_FILE = [
    (way, file)
    for way in WAYS
    for file in (EDITS if way.endswith(("package", "editable", "installed")) else MODULE_EDITS)
]


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    """Writes plugins."""
    with restored_modules():
        yield Ways(tmp_path, monkeypatch)


@pytest.mark.parametrize(("way", "file"), EVERY_FILE)
def test_an_edit_of_any_file_changes_the_result_and_runs_nothing_of_another_plugin(
    ways: Ways, tmp_path: Path, way: str, file: str
) -> None:
    edited, other = getattr(ways, way)("one"), getattr(ways, way)("other")
    file = file.format(name=edited.name, id="one")
    with open_studio(tmp_path / "cache", edited, other) as studio:
        before, _ = run_number(studio, "one")
        others, _ = run_number(studio, "other")

    edited.edit(file)
    with open_studio(tmp_path / "cache", edited, other) as studio:
        after = run_number(studio, "one")
        unchanged = run_number(studio, "other")
    with open_studio(tmp_path / "cache", edited, other) as studio:
        again = run_number(studio, "one")

    old, new = map(int, (digits(text) for text in edited.edits[file]))
    assert after == (before + new - old, True)
    assert unchanged == (others, False)
    assert again == (after[0], False)


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(filter(str.isdigit, text))


@pytest.mark.parametrize(("way", "file"), EVERY_FILE)
def test_a_studio_that_stays_open_refuses_code_that_has_changed(
    ways: Ways, tmp_path: Path, way: str, file: str
) -> None:
    edited = getattr(ways, way)("one")
    file = file.format(name=edited.name, id="one")
    with open_studio(tmp_path / "cache", edited) as studio:
        run_number(studio, "one")
        edited.edit(file)
        studio.registry.node_types["one.number"].origin._checked = 0.0  # type: ignore[union-attr]

        with pytest.raises(PluginError, match=f"E211.*{file}"):
            run_number(studio, "one")
