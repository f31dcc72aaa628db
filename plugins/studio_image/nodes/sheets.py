"""Many images on one sheet."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Color, Context, Field, Image, Migration, check_inputs, node, parse_color
from studio_image.checks import check_labels
from studio_image.nodes.old_values import read_fit, zero_to_auto


@node(
    "image.grid",
    code=2,
    check=check_inputs(check_labels),
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
    """
    from studio_image.grid import make_grid as lay_out
    from studio_image.typeset import load_fonts, warn_about

    check_labels(labels, images)
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
    )
    warn_about(blocks, ctx.log)
    return Image(sheet)
