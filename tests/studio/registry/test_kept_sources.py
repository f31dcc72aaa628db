"""What is kept of source files for later processes; a file that is damaged is as good as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.registry.kept_sources import KeptSources

ROW = [1, 2, 3, 4, "digest", "json"]


def keep(folder: Path, text: str) -> KeptSources:
    kept = KeptSources(folder)
    kept._name_file(folder, "place").write_text(text, encoding="utf-8")
    return kept


def test_files_of_an_earlier_process_are_known(tmp_path: Path) -> None:
    kept = keep(tmp_path, json.dumps({"format": 1, "files": {"a.py": ROW}}))

    known = kept.open_reader("place").known["a.py"]

    assert (known.status, known.digest, known.imports) == ((1, 2, 3, 4), "digest", ("json",))


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {"format": 1},
        {"format": 2, "files": {"a.py": ROW}},
        {"format": 1, "files": ["a.py"]},
        {"format": 1, "files": {"a.py": ROW[:3]}},
        {"format": 1, "files": {"a.py": ["x", *ROW[1:]]}},
        {"format": 1, "files": {"a.py": 5}},
    ],
)
def test_what_is_kept_may_be_anything(tmp_path: Path, row: Any) -> None:
    assert keep(tmp_path, json.dumps(row)).open_reader("place").known == {}


def test_a_number_without_end_is_damage(tmp_path: Path) -> None:
    text = '{"format": 1, "files": {"a.py": [Infinity, 2, 3, 4, "digest"]}}'

    assert keep(tmp_path, text).open_reader("place").known == {}
