"""Checking an output folder: each file has one state, records come from several places, the newest wins."""

from __future__ import annotations

from pathlib import Path

import blake3
import pytest

from studio.provenance.check import CheckedFile, FileState, Records, check_files, find_record, read_records
from studio.provenance.manifest import write_manifest
from studio.provenance.record import FileRecord


def write(folder: Path, name: str, text: str = "content") -> FileRecord:
    """Write a file, and return its record."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return FileRecord("o", path, 0, blake3.blake3(text.encode()).hexdigest(), len(text), recorded_in="the test")


def check(folder: Path, *records: FileRecord, ignored: tuple[str, ...] = ()) -> dict[str, FileState]:
    """Return the states of a folder's files."""
    recorded = {record.path.relative_to(folder).as_posix(): record for record in records}
    return {row.name: row.state for row in check_files(folder, recorded, ignored)}


def record_run(folder: Path, run: str, *records: FileRecord) -> None:
    """Write a manifest that records files."""
    files = [{"path": str(each.path), "blake3": each.digest, "bytes": each.size} for each in records]
    graph = {"path": "/g.json", "document": {"studio": 1}}
    outputs = {"o": {"files": files}}
    write_manifest({"run": run, "folder": str(folder), "graph": graph, "inputs": {}, "outputs": outputs}, folder)


def test_each_file_has_the_state_that_fits(tmp_path: Path) -> None:
    sound, longer, other, gone = (write(tmp_path, f"{name}.txt") for name in ("sound", "longer", "other", "gone"))
    write(tmp_path, "longer.txt", "content and more")
    write(tmp_path, "other.txt", "CONTENT")
    gone.path.unlink()
    write(tmp_path, "extra.txt")
    write(tmp_path, ".0a1b2c3d4e5f-partial.png")

    assert check(tmp_path, sound, longer, other, gone) == {
        "sound.txt": FileState.SOUND,
        "longer.txt": FileState.CHANGED,
        "other.txt": FileState.CHANGED,
        "gone.txt": FileState.MISSING,
        "extra.txt": FileState.EXTRA,
        ".0a1b2c3d4e5f-partial.png": FileState.LEFTOVER,
    }


def test_a_folder_in_the_place_of_a_file_is_a_change(tmp_path: Path) -> None:
    record = write(tmp_path, "a")
    record.path.unlink()
    record.path.mkdir()

    assert check(tmp_path, record) == {"a": FileState.CHANGED}


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link/secret"])
def test_a_record_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    write(tmp_path, "secret")

    (row,) = [row for row in check_files(folder, {name: FileRecord("o", folder / name)}) if row.name == name]

    assert row.state == FileState.UNREADABLE
    assert "outside of the folder" in row.detail


def test_records_other_folders_and_what_is_ignored_are_no_extra_files(tmp_path: Path) -> None:
    for name in (".studio/a.json", "other/.studio/b.json", "other/o.png", "gallery_files/x.js", "deep/gallery.html"):
        write(tmp_path, name)

    assert check(tmp_path, ignored=("gallery_files", "gallery.html")) == {"deep/gallery.html": FileState.EXTRA}


def test_the_newest_manifest_wins_and_other_records_win_over_manifests(tmp_path: Path) -> None:
    old, new = write(tmp_path, "a", "old"), write(tmp_path, "a", "new")
    record_run(tmp_path, "20260102-030405-a", new)
    record_run(tmp_path, "20260102-030404-b", old)

    def read_ledger(folder: Path, records: Records) -> None:
        records.files["b"] = FileRecord("o", folder / "b", recorded_in="the ledger")
        records.open.add("c")

    records = read_records(tmp_path, [read_ledger])

    assert records.files["a"].digest == new.digest
    assert records.files["b"].recorded_in == "the ledger"
    assert records.open == {"c"}
    assert records.problems == []


def test_a_damaged_manifest_is_a_problem_and_the_others_count(tmp_path: Path) -> None:
    record_run(tmp_path, "20260102-030405-a", write(tmp_path, "a"))
    write(tmp_path, ".studio/20260102-030406-b.json", "{")

    records = read_records(tmp_path)

    assert set(records.files) == {"a"}
    assert [(problem.name, problem.state) for problem in records.problems] == [
        (".studio/20260102-030406-b.json", FileState.UNREADABLE)
    ]


def test_the_record_of_a_file_is_looked_for_in_the_folders_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_run(tmp_path / "out", "20260102-030405-a", write(tmp_path / "out", "deep/a"))
    monkeypatch.chdir(tmp_path / "out" / "deep")

    found = find_record(Path("a"))

    assert found is not None
    assert found[0] == tmp_path / "out"
    assert found[1].path == tmp_path / "out" / "deep" / "a"
    assert find_record(Path("nosuch")) is None
    assert find_record(tmp_path / "elsewhere") is None


def test_a_state_is_written_as_its_word() -> None:
    assert CheckedFile("a", FileState.SOUND).to_json() == {"name": "a", "standing": "sound", "detail": ""}
