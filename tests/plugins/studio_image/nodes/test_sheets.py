"""Contact sheets: images in their cells, labels below them."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_image.nodes import sheets

CTX = TestContext()


def make_flat(level: float, width: int = 10, height: int = 10, channels: int = 1) -> Image:
    return Image(np.full((height, width, channels), level, np.float32))


def test_a_grid_puts_each_image_into_its_cell_in_reading_order() -> None:
    context = TestContext()
    images = [make_flat((n + 1) / 10) for n in range(5)]

    sheet = sheets.make_grid(context, images, columns=3, gap=2, margin=1, background="black").pixels[:, :, 0]

    assert sheet.shape == (2 * 1 + 2 * 10 + 2, 2 * 1 + 3 * 10 + 2 * 2)
    for n in range(5):
        top, left = 1 + n // 3 * 12, 1 + n % 3 * 12
        assert sheet[top : top + 10, left : left + 10] == pytest.approx((n + 1) / 10)
        sheet = np.array(sheet)
        sheet[top : top + 10, left : left + 10] = 0
    assert sheet.max() == 0
    assert context.steps == [(n, 5) for n in range(1, 6)]


def test_a_grid_can_be_cancelled_between_images() -> None:
    from studio.api import Cancelled

    with pytest.raises(Cancelled):
        sheets.make_grid(TestContext(cancel_at_step=2), [make_flat(0.5)] * 4)


@pytest.mark.parametrize(("fit", "covered"), [("contain", 0.5), ("cover", 1.0), ("stretch", 1.0)])
def test_a_wide_image_lies_in_a_square_cell_as_asked(fit: str, covered: float) -> None:
    sheet = sheets.make_grid(CTX, [make_flat(1.0, 20, 10)], cell_width=40, cell_height=40, margin=0, fit=fit,
                             background="black")  # fmt: skip

    assert sheet.pixels.mean() == pytest.approx(covered, abs=0.01)


def test_a_grid_mixes_channels_and_keeps_what_is_transparent() -> None:
    clear = Image(np.zeros((10, 10, 4)))

    over = sheets.make_grid(CTX, [make_flat(0.5), clear], gap=0, margin=0, background="red").pixels
    apart = sheets.make_grid(CTX, [make_flat(0.5), clear], gap=0, margin=0, background="transparent").pixels

    assert over.shape == (10, 20, 4)
    assert over[5, 15] == pytest.approx([1, 0, 0, 1])
    assert apart[5, 15, 3] == 0
    assert apart[5, 5] == pytest.approx([0.5, 0.5, 0.5, 1])


def test_labels_stand_below_their_images_within_the_cell() -> None:
    images = [make_flat(0.0, 100, 60, 3)] * 3

    sheet = sheets.make_grid(CTX, images, columns=3, gap=10, margin=0, background="black",
                             labels=["one", "", "a label much too long for the cell " * 5])  # fmt: skip
    ink = sheet.pixels.max(axis=2)

    assert ink[:60].max() == 0
    assert ink[60:, :100].max() > 0.5
    assert ink[60:, 100:220].max() == 0
    assert ink[60:, 220:].max() > 0.5


def test_labels_must_be_as_many_as_images() -> None:
    with pytest.raises(MediaError, match="1 labels for 2 images"):
        sheets.make_grid(CTX, [make_flat(0.1)] * 2, labels=["one"])


def test_headings_must_be_as_many_as_rows_and_columns() -> None:
    images = [make_flat(0.1)] * 6

    assert sheets.make_grid(CTX, images, row_labels=["a", "b"], column_labels=["1", "2", "3"]).width > 3 * 16
    with pytest.raises(MediaError, match="2 row labels for 3 rows") as caught:
        sheets.make_grid(CTX, images, row_labels=["a", "b"], columns=2)
    assert caught.value.code == "E507"
    with pytest.raises(MediaError, match="7 column labels for 6 columns"):
        sheets.make_grid(CTX, images, column_labels=list("abcdefg"))


def test_a_sheet_over_the_limits_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        sheets.make_grid(CTX, [make_flat(0.1)] * 4, cell_width=60_000, cell_height=60_000)

    assert caught.value.code == "E506"


def test_a_row_has_the_height_of_its_smallest_image_and_a_gap() -> None:
    images = [make_flat(0.2, 20, 10), make_flat(0.8, 20, 20)]

    row = sheets.stack_images(CTX, images, gap=3, background="white").pixels[:, :, 0]

    assert row.shape == (10, 20 + 3 + 10)
    assert row[:, :20] == pytest.approx(0.2)
    assert row[:, 20:23] == pytest.approx(1.0)
    assert row[:, 23:] == pytest.approx(0.8)


@pytest.mark.parametrize(("align", "top"), [("start", 0), ("center", 5), ("end", 10)])
def test_images_of_their_own_sizes_are_aligned_over_the_ground(align: str, top: int) -> None:
    images = [make_flat(0.5, 4, 20), make_flat(0.8, 6, 10)]

    row = sheets.stack_images(CTX, images, match="none", align=align, background="black").pixels[:, :, 0]

    assert row.shape == (20, 10)
    assert row[top : top + 10, 4:] == pytest.approx(0.8)
    assert row[:, 4:].sum() == pytest.approx(60 * 0.8, rel=1e-5)


def test_a_column_has_the_width_of_the_first_and_no_alpha_unless_something_is_left_open() -> None:
    images = [make_flat(0.5, 8, 4, 3), make_flat(0.25, 16, 4, 3)]

    column = sheets.stack_images(CTX, images, direction="down", match="first")

    assert column.stored.shape == (4 + 2, 8, 3)
    assert sheets.stack_images(CTX, images, match="none", direction="down").channels == 4


def test_before_and_after_lie_on_both_sides_of_a_line() -> None:
    before, after = make_flat(0.0, 40, 20), make_flat(0.5, 80, 40)

    across = sheets.compare_images(CTX, before, after, line_position=0.25).pixels[:, :, 0]
    down = sheets.compare_images(CTX, before, after, direction="down", line_width=0).pixels[:, :, 0]

    assert across.shape == (20, 40)
    assert across[0].tolist() == pytest.approx([0.0] * 8 + [1.0] * 4 + [0.5] * 28)
    assert down[:, 0].tolist() == pytest.approx([0.0] * 10 + [0.5] * 10)


def test_the_difference_is_black_where_images_are_equal_and_grows_with_the_gain() -> None:
    first, second = np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 3), np.float32)
    second[0, 0] = (0.1, 0, 0.2)

    shown = sheets.compare_images(CTX, Image(first), Image(second), kind="difference", gain=4.0).pixels

    assert shown[0, 0] == pytest.approx((0.4, 0, 0.8))
    assert shown.sum() == pytest.approx(1.2)


def test_both_are_shown_whole_side_by_side() -> None:
    shown = sheets.compare_images(CTX, make_flat(0.0), make_flat(0.5, 20, 20), kind="side_by_side", line_width=2)

    assert shown.pixels[0, :, 0].tolist() == pytest.approx([0.0] * 10 + [1.0] * 2 + [0.5] * 10)
