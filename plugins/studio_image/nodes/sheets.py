"""Many images on one sheet."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Added, Color, Context, Field, Image, Migration, check_inputs, node, parse_color
from studio_image.checks import check_headings, check_labels
from studio_image.nodes.old_values import read_fit, zero_to_auto


@node(
    "image.grid",
    code=2,
    check=check_inputs(check_labels, check_headings),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"label_size": "label_font_size"}, values={"fit": read_fit, "label_font_size": zero_to_auto}
        )
    },
    origin="edited",
)
def make_grid(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=10_000)],
    *,
    columns: Annotated[int | None, Field(ge=1, le=10_000)] = None,
    cell_width: Annotated[int | None, Field(ge=1, le=65_535, unit="pixels")] = None,
    cell_height: Annotated[int | None, Field(ge=1, le=65_535, unit="pixels")] = None,
    fit: Literal["contain", "cover", "stretch"] = "contain",
    gap: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 16,
    margin: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 24,
    background: Color = "#16171b",
    labels: Annotated[list[str] | None, Field(max_length=10_000)] = None,
    label_font_size: Annotated[float | None, Field(gt=0, le=1000, unit="pixels")] = None,
    row_labels: Annotated[list[str] | None, Field(max_length=10_000), Added] = None,
    column_labels: Annotated[list[str] | None, Field(max_length=10_000), Added] = None,
) -> Image:
    """Arrange images on a contact sheet, in rows from the top left.

    Args:
        images: Images, in the order of the cells.
        columns: Number of images in a row; null for about as many as there are rows.
        cell_width: Width of each cell; null for the widest image, or the width that follows from `cell_height`.
        cell_height: Height of each cell; null for the tallest image, or the height that follows from `cell_width`.
        fit: How an image fits its cell: "contain" shows it whole, "cover" fills the cell and cuts the rest off,
            "stretch" changes its shape.
        gap: Space between cells.
        margin: Space around the sheet.
        background: Color behind the images; may be transparent.
        labels: Text below each image, one for each; an empty text for none. A long one is wrapped.
        label_font_size: Font size of the labels; null for a size that suits the cells.
        row_labels: Heading left of each row, one for each; without `columns`, they say how many rows there are.
        column_labels: Heading above each column, one for each; without `columns`, they say how many there are.
    """
    from studio_image.grid import make_grid as lay_out
    from studio_image.typeset import load_fonts, warn_about

    check_labels(labels, images)
    check_headings(row_labels, column_labels, images, columns)
    sheet, blocks = lay_out(
        [image.pixels for image in images],
        labels or [],
        columns=columns,
        cell=(cell_width, cell_height),
        gap=gap,
        margin=margin,
        background=parse_color(background),
        fit=fit,
        fonts=load_fonts("sans"),
        label_size=label_font_size or 0.0,
        step=ctx.step,
        row_labels=row_labels or (),
        column_labels=column_labels or (),
    )
    warn_about(blocks, ctx.log)
    return Image(sheet)


@node("image.stack", origin="edited")
def stack_images(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=10_000)],
    *,
    direction: Literal["right", "down"] = "right",
    match: Literal["none", "smallest", "largest", "first"] = "smallest",
    gap: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 0,
    align: Literal["start", "center", "end"] = "center",
    background: Color = "transparent",
) -> Image:
    """Put images in a row or a column.

    Args:
        images: Images, in order.
        direction: Side of an image on which the next one lies.
        match: Image whose height all images of a row get, or whose width all of a column; "none" keeps the sizes.
        gap: Space between images.
        align: Place of smaller images across the direction.
        background: Color of gaps and of the space beside smaller images.
    """
    from studio_image.side_by_side import stack

    samples = [image.pixels for image in images]
    return Image(stack(samples, direction, match, gap, align, parse_color(background)))


@node("image.compare", origin="edited")
def compare_images(
    ctx: Context,
    before: Image,
    after: Image,
    *,
    kind: Literal["split", "side_by_side", "difference"] = "split",
    line_position: Annotated[float, Field(ge=0, le=1)] = 0.5,
    direction: Literal["right", "down"] = "right",
    line_width: Annotated[int, Field(ge=0, le=1000, unit="pixels")] = 4,
    line_color: Color = "white",
    gain: Annotated[float, Field(gt=0, le=1000, unit="factor")] = 1.0,
) -> Image:
    """Show an image before and after a change; the second is resized to the size of the first.

    Args:
        before: Image before the change; the result has its size.
        after: Image after the change.
        kind: "split" shows the first up to a line and the second beyond it, "side_by_side" both whole, "difference" the
            distance of their samples, black where they are equal.
        line_position: Place of the line for "split", from 0 at the first edge to 1 at the other.
        direction: Side on which the second image lies.
        line_width: Width of the line between both.
        line_color: Color of the line.
        gain: Factor of a "difference", to see small ones.
    """
    from studio_image.resize import resample
    from studio_image.side_by_side import find_difference, split, stack

    first, color = before.pixels, parse_color(line_color)
    second = resample(after.pixels, before.width, before.height)
    if kind == "difference":
        return Image(find_difference(first, second, gain))
    if kind == "side_by_side":
        return Image(stack([first, second], direction, "none", line_width, "center", color))
    return Image(split(first, second, line_position, direction, line_width, color))
