"""Items from files: those that match a pattern, and those that a batch or a run wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.batch.found_files import find_files
from studio.errors import UsageError
from tests.studio.batch.conftest import Make
from tests.studio.batch.items import EVERY, read


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("in/b.png", "in/a.png", "in/deep/c.png", "in/deep/er/d.png", "in/note.txt", "in/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path, format="png")
    return tmp_path / "in"


def test_a_pattern_gives_an_item_for_each_file_named_by_its_path(make: Make, photos: Path) -> None:
    flat = read(make, EVERY, find_files("photo", f"{photos}/*.png"))
    deep = read(make, EVERY, find_files("photo", f"{photos}/**/*.png"))

    assert [name for name, _ in flat] == ["a", "b"]
    assert [name for name, _ in deep] == ["a", "b", "deep/c", "deep/er/d"]
    assert deep[2][1] == {"photo": {"file": str(photos / "deep/c.png")}}


def test_a_limit_cuts_the_files_off(make: Make, photos: Path) -> None:
    assert [name for name, _ in read(make, EVERY, find_files("photo", f"{photos}/**/*.png", limit=3))][-1] == "deep/c"


def test_a_pattern_that_nothing_fits_is_told(photos: Path) -> None:
    with pytest.raises(UsageError, match=r"no file matches"):
        find_files("photo", f"{photos}/*.jpg")
