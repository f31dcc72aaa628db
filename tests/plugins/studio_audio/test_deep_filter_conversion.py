"""The archive of DeepFilterNet is unpacked, and nothing but its four files."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from studio.api import ModelError
from studio_audio.deep_filter_conversion import PARTS, convert_deep_filter


def write(path: Path, names: list[str]) -> dict[str, Path]:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return {"a.tar.gz": path}


def test_the_four_files_are_unpacked_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    convert_deep_filter(write(tmp_path / "a", [f"tmp/export/{name}" for name in [*PARTS, "../evil"]]), tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(PARTS)
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no 'erb_dec"):
        convert_deep_filter(write(tmp_path / "a", list(PARTS[:-1])), tmp_path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no archive")

    with pytest.raises(ModelError, match="cannot be unpacked"):
        convert_deep_filter({"a.tar.gz": tmp_path / "a"}, tmp_path)
