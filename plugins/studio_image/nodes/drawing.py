"""Shapes drawn onto images, and holes in images filled."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Anchor, Color, Context, Field, Image, Mask, Migration, Placement, node, parse_color
from studio_image.color import Ink
from studio_image.nodes.old_values import shift_always

Place = Annotated[int, Field(ge=-1_000_000, le=1_000_000, unit="pixels")]
Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]


@node("image.draw_shape", version="2.0", migrations={1: Migration(change=shift_always)}, origin="edited")
def draw_shape(
    ctx: Context,
    image: Image,
    *,
    shape: Literal["rectangle", "ellipse", "line", "polygon", "star"] = "rectangle",
    width: Side = 200,
    height: Side = 100,
    anchor: Anchor = "center",
    margin: Annotated[int, Field(ge=0, le=65_535, unit="pixels")] = 0,
    x: Place | None = None,
    y: Place | None = None,
    offset_x: Place = 0,
    offset_y: Place = 0,
    color: Ink | None = "white",
    line_width: Annotated[float, Field(ge=0, le=2000, unit="pixels")] = 0.0,
    line_color: Color = "black",
    radius: Annotated[float, Field(ge=0, le=65_535, unit="pixels")] = 0.0,
    corner_count: Annotated[int, Field(ge=3, le=64)] = 5,
) -> Image:
    """Draw a shape on an image, filled, outlined or both, with antialiasing.

    Args:
        image: Image to draw on; a grey image becomes RGB if the shape has a color.
        shape: The shape. A "line" runs from the top left to the bottom right of its box, in `line_color`.
        width: Width of the box around the shape.
        height: Height of the box around the shape.
        anchor: Place of the box on the image.
        margin: Distance between the box and the edges of the image that the anchor names.
        x: Left edge of the box, instead of the anchor; may be negative. Null for the place that the anchor gives.
        y: Top edge of the box, instead of the anchor; may be negative. Null for the place that the anchor gives.
        offset_x: Distance by which the box lies to the right of its place; may be negative.
        offset_y: Distance by which the box lies below its place; may be negative.
        color: Color inside; may be partly transparent. Null for none.
        line_width: Width of a line around the shape, half of it inside; 0 for none. A "line" has at least 1.
        line_color: Color of the line.
        radius: Radius of the corners of a rectangle.
        corner_count: Number of corners of a polygon, or of points of a star.
    """
    from studio_image import shapes

    spot = Placement(anchor, margin, x, y, offset_x, offset_y)
    left, top = spot.find((width, height), (image.width, image.height))
    return Image(
        shapes.draw_shape(
            image.pixels,
            shape,
            (left, top, width, height),
            color=parse_color(color) if color else None,
            line_width=max(line_width, 1.0) if shape == "line" else line_width,
            line_color=parse_color(line_color),
            radius=radius,
            count=corner_count,
        )
    )


@node("image.fill_hole", origin="edited")
def fill_hole(
    ctx: Context,
    image: Image,
    mask: Mask,
    *,
    method: Literal["telea", "navier_stokes"] = "telea",
    radius: Annotated[float, Field(ge=1, le=100, unit="pixels")] = 5.0,
) -> Image:
    """Fill a hole from what is around it, for scratches, wires and small marks; the rest does not change.

    Large parts need a model: `diffusion.inpaint`.

    Args:
        image: Image to repair; alpha stays.
        mask: Mask of the hole, of the same size; soft edges mix the filling in.
        method: "telea" (Telea 2004) marches inwards, "navier_stokes" (Bertalmio et al. 2001) continues lines.
        radius: Distance around a pixel from which its color is computed.
    """
    from studio_image.bounds import check_same_size
    from studio_image.fill_hole import fill_hole as fill

    check_same_size((mask.width, mask.height), (image.width, image.height), "the mask", "the image")
    return Image(fill(image.pixels, mask.pixels, method, radius))
