"""Listings of files are kept once, and a damaged one is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.cache.listings import Listings


def test_a_listing_comes_back_in_a_later_process(tmp_path: Path) -> None:
    Listings(tmp_path / "sources").keep("a" * 64, {"x.py": "1", "b/y.json": "2"})

    assert Listings(tmp_path / "sources").find("a" * 64) == {"x.py": "1", "b/y.json": "2"}
    assert Listings(tmp_path / "sources").find("b" * 64) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_listing_is_none(tmp_path: Path, content: bytes) -> None:
    listings = Listings(tmp_path)
    listings.keep("a" * 64, {"x.py": "1"})
    next(tmp_path.iterdir()).write_bytes(content)

    assert listings.find("a" * 64) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    Listings(tmp_path / "file").keep("a" * 64, {"x.py": "1"})
