"""Contact sheets: rows, cells, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio_image.grid import make_grid
from studio_image.typeset import load_fonts

SETTINGS: dict[str, Any] = {
    "columns": None,
    "cell": (None, None),
    "gap": 0,
    "margin": 0,
    "fit": "contain",
    "label_size": 0.0,
}
BLACK = (0.0, 0.0, 0.0, 1.0)


def lay_out(*sizes: tuple[int, int], labels: tuple[str, ...] = (), **given: Any) -> Any:
    images = [np.ones((height, width, 1), np.float32) for width, height in sizes]
    settings = SETTINGS | {"background": BLACK, "fonts": load_fonts("sans"), "step": lambda done, total: None} | given
    return make_grid(images, labels, **settings)


@pytest.mark.parametrize(
    ("count", "columns", "size"), [(1, None, (4, 4)), (5, None, (12, 8)), (5, 2, (8, 12)), (3, 9, (12, 4))]
)
def test_a_sheet_has_about_as_many_rows_as_columns_unless_asked_for_others(
    count: int, columns: int | None, size: tuple[int, int]
) -> None:
    sheet, _ = lay_out(*[(4, 4)] * count, columns=columns)

    assert (sheet.shape[1], sheet.shape[0]) == size


def test_cells_are_as_large_as_the_largest_image_and_a_missing_side_follows_their_shape() -> None:
    assert lay_out((4, 2), (2, 6))[0].shape[:2] == (6, 8)
    assert lay_out((4, 2), (8, 4), cell=(20, None))[0].shape[:2] == (10, 40)
    assert lay_out((4, 2), (8, 4), cell=(None, 10))[0].shape[:2] == (10, 40)


def test_a_small_image_lies_in_the_middle_of_its_cell() -> None:
    sheet, _ = lay_out((2, 2), (6, 2), columns=1, cell=(6, 2))

    assert sheet[:2, :, 0].tolist() == [[0, 0, 1, 1, 0, 0]] * 2


def read_block(block: Any) -> list[str]:
    return ["".join(piece.text for piece in line.pieces) for line in block.lines]


def test_a_label_too_long_is_made_smaller_and_then_wrapped_and_nothing_is_lost() -> None:
    label = "a label that is far too long for its cell " * 3
    sheet, blocks = lay_out((100, 20), (100, 20), labels=("short", label), columns=2)

    short, long = (read_block(block) for block in blocks)
    assert short == ["short"]
    assert "".join(long) == label.replace(" ", "")
    assert blocks[1].width <= 100
    assert blocks[1].style.size < blocks[0].style.size
    rows = np.flatnonzero(sheet[20:].max(axis=(1, 2)) > 0.1)
    assert rows.max() < len(sheet) - 21  # nothing runs off the sheet


def test_labels_that_begin_alike_are_both_whole() -> None:
    _, blocks = lay_out((64, 64), (64, 64), labels=("10 steps, guidance 4", "10 steps, guidance 10"))

    assert ["".join(read_block(block)) for block in blocks] == ["10steps,guidance4", "10steps,guidance10"]


def test_transparent_images_show_the_background() -> None:
    clear = np.zeros((2, 2, 4), np.float32)
    settings = SETTINGS | {"background": (1.0, 0.0, 0.0, 1.0), "fonts": load_fonts("sans"), "step": lambda a, b: None}

    sheet, _ = make_grid([clear], [], **settings)

    assert (sheet == (1, 0, 0, 1)).all()


def find_ink(sheet: Any) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is brighter than black."""
    rows, columns = (np.flatnonzero(sheet.max(axis=(2, axis)) > 0.1) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def test_headings_stand_above_columns_and_beside_rows_and_move_only_the_images() -> None:
    plain, _ = lay_out(*[(80, 60)] * 6, columns=3, gap=10)
    sheet, blocks = lay_out(*[(80, 60)] * 6, gap=10, row_labels=("low", "high"), column_labels=("4", "8", "16 steps"))

    assert [read_block(block) for block in blocks] == [["4"], ["8"], ["16steps"], ["low"], ["high"]]
    left, top = sheet.shape[1] - plain.shape[1], sheet.shape[0] - plain.shape[0]
    assert (sheet[top:, left:] == plain).all()
    assert left > 0
    for index in range(3):
        start = left + index * 90
        ink = find_ink(sheet[:top, start : start + 80])
        assert (ink[0] + ink[2]) / 2 == pytest.approx(40, abs=3)
    for index in range(2):
        ink = find_ink(sheet[top + index * 70 :][:60, :left])
        assert (ink[1] + ink[3]) / 2 == pytest.approx(30, abs=4)
    assert not sheet[:top, :left].any()


def test_headings_too_long_are_wrapped_and_stay_clear_of_the_images() -> None:
    long = "a heading far too long for one line"
    sheet, blocks = lay_out((80, 80), (80, 80), columns=2, row_labels=(long,), column_labels=(long, ""))

    assert all(block.width <= 80 for block in blocks)
    assert all("".join(read_block(block)) == long.replace(" ", "") for block in blocks)
    assert (sheet[-80:, -160:] == 1).all()
