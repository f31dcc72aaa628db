"""Builds of distributions: equal where the installed files are equal, and quick to find again."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from studio.registry import builds, load_registry
from studio.registry.builds import describe_builds, describe_distribution

RECORD = """tint/__init__.py,sha256=AAAA,10
tint/data.bin,sha256=BBBB,20
tint/__pycache__/__init__.cpython-311.pyc,,
../../../bin/tint,sha256=CCCC,200
tint-1.0.dist-info/INSTALLER,sha256=DDDD,4
tint-1.0.dist-info/METADATA,sha256=EEEE,50
tint-1.0.dist-info/RECORD,,
tint-1.0.dist-info/direct_url.json,sha256=FFFF,9
"""


def install(folder: Path, record: str | None = RECORD, **files: str) -> Distribution:
    """Write what an installer leaves of a distribution."""
    info = folder / "tint-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    written = {"METADATA": "Metadata-Version: 2.1\nName: tint\nVersion: 1.0\n", **files}
    if record is not None:
        written["RECORD"] = record
    for name, text in written.items():
        (info / name).write_text(text, encoding="utf-8")
    return PathDistribution(info)


def test_what_differs_between_environments_does_not_count(tmp_path: Path) -> None:
    lines = RECORD.splitlines()
    other = "\n".join(reversed([line.replace("CCCC", "ZZZZ").replace("DDDD", "YYYY") for line in lines])) + "\n"

    assert describe_distribution(install(tmp_path / "a")) == describe_distribution(install(tmp_path / "b", other))


@pytest.mark.parametrize(("before", "after"), [("AAAA", "AAAB"), ("data.bin", "date.bin"), ("EEEE", "EEEF")])
def test_another_file_is_another_build(tmp_path: Path, before: str, after: str) -> None:
    one, other = install(tmp_path / "a"), install(tmp_path / "b", RECORD.replace(before, after))

    assert describe_distribution(one)["record"] != describe_distribution(other)["record"]
    assert describe_distribution(one)["version"] == describe_distribution(other)["version"] == "1.0"


def test_an_archive_is_named_by_its_hash(tmp_path: Path) -> None:
    url = {"url": "https://x/tint.whl", "archive_info": {"hashes": {"sha256": "ab" * 32}}}

    assert describe_distribution(install(tmp_path, **{"direct_url.json": json.dumps(url)}))["archive"] == (
        f"sha256:{'ab' * 32}"
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"archive_info": 5}', '{"archive_info": {"hashes": []}}', "null"])
def test_a_damaged_record_of_the_origin_is_none(tmp_path: Path, text: str) -> None:
    found = describe_distribution(install(tmp_path, None, **{"direct_url.json": text}))

    assert found == {"version": "1.0"}


def test_studio_the_plugins_and_what_they_require_are_there(tmp_path: Path) -> None:
    registry = load_registry(None, discover=False)

    found = describe_builds(registry, tmp_path)

    assert {"studio", "numpy", "pillow"} <= set(found)
    assert "pytest" not in found  # of an extra
    assert set(found["numpy"]) >= {"version", "record"}


def test_records_are_read_once_until_something_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load_registry(None, discover=False)
    read: list[Any] = []
    builds._look_up.cache_clear()
    describe = builds.describe_distribution
    monkeypatch.setattr(builds, "describe_distribution", lambda found: read.append(found) or describe(found))

    first = describe_builds(registry, tmp_path)
    count = len(read)
    again = describe_builds(registry, tmp_path)
    assert (count > 5, len(read)) == (True, count)
    monkeypatch.setattr(builds, "_find_change", lambda place: 5)
    changed = describe_builds(registry, tmp_path)

    assert len(read) == 2 * count
    assert first == again == changed


@pytest.mark.parametrize("text", ["", "[]", '{"format": 9}', '{"format": 1, "key": 1, "builds": {"a": 5}}'])
def test_what_is_kept_may_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "builds.json").write_text(text, encoding="utf-8")

    assert "studio" in describe_builds(load_registry(None, discover=False), tmp_path)


def test_a_plugin_of_a_folder_is_named_by_its_code(tmp_path: Path) -> None:
    code = "from studio.api import hookimpl\n\n@hookimpl\ndef studio_node_types():\n    return []  # {}\n"
    found = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "studio_tint.py").write_text(code.replace("{}", str(number)), encoding="utf-8")
        found.append(describe_builds(load_registry(folder, discover=False))["studio_tint"])

    assert found[0]["code"] != found[1]["code"]
    assert "record" not in found[0]
