"""The manifest of a run says what ran and what came of it, and its files are found again wherever the folder is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from studio.api import TypeSpec
from studio.errors import NodeError, RunError
from studio.execution.call import Result
from studio.execution.content import ContentTrace
from studio.execution.outcome import NodeRecord, Outcome
from studio.provenance.manifest import RunFacts, create_manifest, find_manifests, read_manifest, write_manifest
from studio.provenance.record import FileRecord
from studio.runtime.devices import Device
from studio.version import VERSION

DOCUMENT = {"studio": 1, "nodes": {"a": {"type": "x.y"}}, "outputs": {"o": {"from": "a"}, "p": {"from": "a"}}}


def describe(folder: Path | None, *files: FileRecord) -> dict[str, Any]:
    """Return the manifest of a run of two nodes, one of which failed."""
    error = NodeError("E301", "no good", node="b")
    outcome = Outcome(
        "partly done",
        {"o": Result("d1", 1)},
        {"o": TypeSpec("image"), "p": TypeSpec("text")},
        {
            "a": NodeRecord("a", "x.y", "done", "1.0", 2, "studio-x 0.1", ["f1", "f2"], {"o": "d1"}, 1, 2, 0.1234567),
            "b": NodeRecord("b", "x.z", "failed", calls=1, warnings=["beware"], error=error),
        },
        ["beware"],
        lambda result: result.value,
        ContentTrace(lambda result: result.value),
        update=lambda: None,
        seconds=1.23456789,
        models={"opened": 1},
    )
    facts = RunFacts(
        "20260102-030405-1f",
        "2026-01-02T03:04:05+0000",
        document=DOCUMENT,
        graph_path="/graphs/g.json",
        inputs={"seed": 3},
        device=Device("cpu", "float32"),
        plugins={"studio-x": "0.1"},
        folder=folder,
    )
    return create_manifest(facts, outcome, files)


def test_a_manifest_says_what_ran_on_what_and_how_it_ended(tmp_path: Path) -> None:
    file = FileRecord("o", tmp_path / "o.png", 0, "ab", 12)

    manifest = describe(tmp_path, file)

    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["studio"] == VERSION
    assert (manifest["run"], manifest["status"], manifest["seconds"]) == ("20260102-030405-1f", "partly done", 1.234568)
    assert manifest["graph"] == {"path": "/graphs/g.json", "document": DOCUMENT}
    assert manifest["machine"]["device"] == "cpu"
    assert manifest["outputs"] == {
        "o": {"type": "image", "digest": "d1", "files": [{"path": str(file.path), "blake3": "ab", "bytes": 12}]},
        "p": {"type": "text", "digest": None, "files": []},
    }
    assert manifest["nodes"]["a"]["fingerprints"] == ["f1", "f2"]
    assert manifest["nodes"]["a"]["error"] is None
    assert manifest["nodes"]["b"]["error"]["code"] == "E301"
    assert manifest["cache"] == {"hits": 1, "calls": 3}


def test_a_run_without_a_folder_has_a_manifest_too() -> None:
    assert describe(None)["folder"] == ""


def test_the_files_of_a_manifest_come_back_as_records(tmp_path: Path) -> None:
    files = [FileRecord("o", tmp_path / "deep" / f"o_{n}.png", n, f"d{n}", n) for n in range(2)]
    path = write_manifest(describe(tmp_path, *files), tmp_path)

    records = read_manifest(path, tmp_path)

    assert list(records) == ["deep/o_0.png", "deep/o_1.png"]
    for name, record in records.items():
        (written,) = [file for file in files if file.path == tmp_path / name]
        assert (record.output, record.index, record.digest, record.size, record.path) == (
            written.output, written.index, written.digest, written.size, written.path)  # fmt: skip
        assert record.recorded_in == ".studio/20260102-030405-1f.json"
        assert (record.recipe.document, record.recipe.inputs) == (DOCUMENT, {"seed": 3})
        assert record.recipe.base == Path("/graphs")


def test_a_folder_that_was_moved_has_its_files_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    write_manifest(describe(tmp_path / "old", FileRecord("o", tmp_path / "old" / "o.png")), tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")

    (path,) = find_manifests(tmp_path / "new")

    assert read_manifest(path, tmp_path / "new")["o.png"].path == tmp_path / "new" / "o.png"


def test_manifests_are_ordered_by_their_second_and_within_it_by_their_time(tmp_path: Path) -> None:
    names = ["20260102-030405-ff", "20260102-030405-00", "20260101-000000-zz"]
    for age, name in enumerate(names):
        path = write_manifest({"run": name}, tmp_path)
        os.utime(path, ns=(age * 10**9, age * 10**9))

    assert [path.stem for path in find_manifests(tmp_path)] == [names[2], names[0], names[1]]


def test_what_a_killed_process_left_is_no_manifest(tmp_path: Path) -> None:
    write_manifest({"run": "a"}, tmp_path)
    (tmp_path / ".studio" / ".0a1b2c3d4e5f-partial.json").write_text("{", encoding="utf-8")

    assert [path.stem for path in find_manifests(tmp_path)] == ["a"]
    assert find_manifests(tmp_path / "nowhere") == []


def test_a_manifest_that_cannot_be_written_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".studio").write_text("a file", encoding="utf-8")

    with pytest.raises(RunError, match="E312") as caught:
        write_manifest({"run": "a"}, tmp_path)

    assert caught.value.where == str(tmp_path / ".studio" / "a.json")


def test_a_text_that_is_no_unicode_can_be_written(tmp_path: Path) -> None:
    path = write_manifest({"run": "a", "inputs": {"title": "\ud800"}}, tmp_path)

    assert json.loads(path.read_text(encoding="utf-8"))["inputs"]["title"] == "\ud800"


@pytest.mark.parametrize(
    "text", ["[[[", "[]", "{}", '{"graph": {}}', '{"graph": {"document": {}, "path": ""}, "inputs": 5}']
)
def test_what_is_no_manifest_is_an_error_that_a_check_can_catch(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        read_manifest(path, tmp_path)
