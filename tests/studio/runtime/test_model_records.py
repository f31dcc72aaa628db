"""Records of models: written whole, read back, kept apart by kind, told when they are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import ModelError
from studio.runtime.model_records import ModelRecords


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    ModelRecords(tmp_path / "models").write("added", "é.net", {"path": "/x/é", "digest": "1"})

    again = ModelRecords(tmp_path / "models")

    assert again.read("added", "é.net") == {"path": "/x/é", "digest": "1"}
    assert again.read("seen", "é.net") is None


def test_records_are_listed_by_kind(tmp_path: Path) -> None:
    records = ModelRecords(tmp_path)
    for kind, name in (("added", "b.1"), ("added", "a"), ("seen", "c")):
        records.write(kind, name, {})

    assert records.list_names("added") == ["a", "b.1"]
    assert records.list_names("other") == []


def test_a_removed_record_is_gone_and_removing_it_again_is_no_error(tmp_path: Path) -> None:
    records = ModelRecords(tmp_path)
    records.write("added", "a", {})

    records.remove("added", "a")
    records.remove("added", "a")

    assert records.read("added", "a") is None


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    records = ModelRecords(tmp_path)
    records.write("added", "a", {})
    (tmp_path / "added" / "a.json").write_text("[1", encoding="utf-8")

    with pytest.raises(ModelError, match="E605"):
        records.read("added", "a")


def test_without_a_folder_nothing_is_remembered() -> None:
    records = ModelRecords(None)

    assert (records.read("added", "a"), records.list_names("added")) == (None, [])
    records.remove("added", "a")
    with pytest.raises(ModelError, match="E609"):
        records.write("added", "a", {})


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, file_modes_hold: None) -> None:
    records = ModelRecords(tmp_path)
    records.write("added", "a", {"old": 1})
    (tmp_path / "added").chmod(0o500)

    with pytest.raises(ModelError, match=r"E609.*permission denied"):
        records.write("added", "a", {"new": 1})

    (tmp_path / "added").chmod(0o700)
    assert records.read("added", "a") == {"old": 1}
    assert [path.name for path in (tmp_path / "added").iterdir()] == ["a.json"]
