"""What counts as made again: equal, close where a stack may have been at work, or different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.api import Image
from studio.app import Studio, read_settings
from studio.replay import compare_files

GREY = np.full((100, 100, 3), 0.5, np.float32)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio(read_settings(device="cpu", cache_dir=tmp_path / "cache"), on_disk=False) as studio:
        yield studio


def compare(studio: Studio, folder: Path, change: np.ndarray, tolerance: float) -> str:
    kind = studio.registry.value_types["image"]
    paths = [folder / "old.png", folder / "new.png"]
    for path, pixels in zip(paths, (GREY, GREY + change), strict=True):
        kind.write_file(Image(pixels.astype(np.float32)), path, None)
    return compare_files(studio, *paths, tolerance).state


@pytest.mark.parametrize(
    ("rows", "by", "tolerance", "standing"),
    [
        (100, 0.0, 0.0, "same"),
        (100, 0.02, 0.0, "differs"),
        (100, 0.02, 0.03, "close"),
        (1, 0.1, 0.03, "close"),
        (100, 0.1, 0.03, "differs"),
        (1, 0.4, 0.03, "differs"),
    ],
)
def test_a_few_samples_may_be_farther_off_than_the_picture_as_a_whole(
    studio: Studio, tmp_path: Path, rows: int, by: float, tolerance: float, standing: str
) -> None:
    change = np.zeros_like(GREY)
    change[:rows] = by

    assert compare(studio, tmp_path, change, tolerance) == standing
