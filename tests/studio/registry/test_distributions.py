"""Which installed code is a release."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from studio.registry.distributions import find_owned, is_released


def install(site: Path, direct_url: Any = None, **more: str) -> Distribution:
    """Put a distribution of one module into a folder."""
    info = site / "tint-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tint_data").mkdir()
    for name in ("tint.py", "tint_data/x.json"):  # Python 3.12 and newer leave out what is not there
        (site / name).write_text("", encoding="utf-8")
    files = {"METADATA": "Name: tint\nVersion: 1.0\n", "RECORD": "tint.py,,\ntint_data/x.json,,\n../../bin/tint,,\n"}
    if direct_url is not None:
        files["direct_url.json"] = json.dumps(direct_url)
    for name, text in {**files, **more}.items():
        (info / name).write_text(text, encoding="utf-8")
    return PathDistribution(info)


def test_what_came_from_an_index_is_a_release(tmp_path: Path) -> None:
    assert is_released(install(tmp_path), str(tmp_path / "tint.py"))


@pytest.mark.parametrize(
    "direct_url",
    [
        {"url": "file:///x", "dir_info": {"editable": True}},
        {"url": "file:///x", "dir_info": {}},
        {"url": "file:///x/tint-1.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": "0"}}},
        {"url": "https://x/tint.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
    ],
)
def test_what_came_from_anywhere_else_is_none(tmp_path: Path, direct_url: Any) -> None:
    assert not is_released(install(tmp_path, direct_url), str(tmp_path / "tint.py"))


def test_a_source_folder_with_metadata_or_code_in_another_place_is_none(tmp_path: Path) -> None:
    source = install(tmp_path / "source", **{"SOURCES.txt": "tint.py"})
    release = install(tmp_path / "site")

    assert not is_released(source, str(tmp_path / "source/tint.py"))
    assert not is_released(release, str(tmp_path / "source/tint.py"))
    assert not is_released(None, str(tmp_path / "source/tint.py"))


def test_what_was_installed_together_is_owned_together(tmp_path: Path) -> None:
    installed = install(tmp_path / "site", {"url": "file:///x", "dir_info": {}})

    owned = find_owned(installed, str(tmp_path / "site/tint.py"))

    assert owned is not None
    assert {"tint", "tint_data"} <= owned
    assert find_owned(installed, str(tmp_path / "elsewhere/tint.py")) is None
