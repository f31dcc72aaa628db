"""Images resized, cut, turned, mirrored and framed."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Color, Context, Field, Image, Migration, check_inputs, node, parse_color
from studio_image.anchor import Anchor
from studio_image.checks import check_sides, check_target
from studio_image.crop import Aspect
from studio_image.nodes.old_values import read_fit, turn_around

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]
Method = Literal["auto", "lanczos", "area", "bicubic", "bilinear", "nearest"]


@node(
    "image.resize",
    check=check_inputs(check_sides, check_target),
    version="2.0",
    migrations={1: Migration(inputs={"mode": "fit", "color": "background"}, values={"fit": read_fit})},
)
def resize_image(
    ctx: Context,
    image: Image,
    *,
    width: Side | None = None,
    height: Side | None = None,
    scale: Annotated[float | None, Field(gt=0, le=1000, unit="factor")] = None,
    fit: Literal["contain", "cover", "stretch", "pad"] = "stretch",
    method: Method = "auto",
    anchor: Anchor = "center",
    background: Color = "transparent",
    linear_light: bool = False,
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1,
) -> Image:
    """Resize an image, antialiased; alpha is multiplied in meanwhile, so that no dark fringes appear.

    Give a scale, or one side (the other follows), or both sides and how to fit them.

    Args:
        image: Image to resize.
        width: Columns of the result.
        height: Rows of the result.
        scale: Factor per side instead.
        fit: With both sides: "contain" lies inside them, "cover" fills them and is cut, "stretch" changes the shape,
            "pad" lies inside them with the rest in the background color.
        method: "auto" is Lanczos (3 lobes) to shrink and bicubic to enlarge; "area" takes means, "nearest"
            keeps samples.
        anchor: Which part stays ("cover"), or where the image lies ("pad").
        background: Color of the rest for "pad".
        linear_light: Mix light instead of sRGB-encoded values: right for fine bright detail, slower.
        multiple_of: Round the sides to multiples of this, as networks ask for.
    """
    from studio_image.frame import pad_to
    from studio_image.resize import choose_size, cover_box, fit_size, resample, resample_nearest

    source = (image.width, image.height)
    target = choose_size(source, width, height, scale, multiple_of)
    check_target(width, height, fit, multiple_of)
    both = width is not None and height is not None
    size, box = target, None
    if both and fit in ("contain", "pad"):
        size = fit_size(source, target)
    elif both and fit == "cover":
        box = cover_box(source, target, anchor)
    if method == "nearest":
        from studio_image.bounds import check_size

        check_size(*size)
        result = Image(resample_nearest(image.stored, *size, box))
    else:
        result = Image(resample(image.pixels, *size, method, linear_light=linear_light, box=box))
    if both and fit == "pad" and size != target:
        return Image(pad_to(result.pixels, target, anchor, parse_color(background)))
    return result


@node("image.crop")
def crop_image(
    ctx: Context,
    image: Image,
    *,
    x: Annotated[int | None, Field(ge=0, unit="pixels")] = None,
    y: Annotated[int | None, Field(ge=0, unit="pixels")] = None,
    width: Side | None = None,
    height: Side | None = None,
    aspect: Aspect | None = None,
    anchor: Anchor = "center",
) -> Image:
    """Cut a rectangle out of an image; its samples stay as they are.

    Args:
        image: Image to cut from.
        x: Left edge; without it the anchor says where.
        y: Top edge; without it the anchor says where.
        width: Columns; without it as many as there are, or as the aspect says.
        height: Rows; without it as many as there are, or as the aspect says.
        aspect: Width over height, such as "16:9", "4/5" or "1.91": the largest rectangle of that shape.
        anchor: Where the rectangle lies, where x or y is not given.
    """
    from studio_image.crop import choose_region

    left, top, wide, high = choose_region((image.width, image.height), x, y, width, height, anchor, aspect)
    return Image(image.stored[top : top + high, left : left + wide])


@node(
    "image.rotate",
    version="2.0",
    migrations={1: Migration(inputs={"degrees": "angle", "color": "background"}, values={"angle": turn_around})},
)
def rotate_image(
    ctx: Context,
    image: Image,
    *,
    angle: Annotated[float, Field(unit="degrees")] = -90.0,
    expand: bool = True,
    background: Color = "transparent",
) -> Image:
    """Turn an image about its centre; exact for multiples of 90 degrees, bicubic otherwise.

    Args:
        image: Image to turn.
        angle: Angle to turn by, clockwise; a negative one turns counterclockwise.
        expand: Grow the image so that nothing is cut off; otherwise its size stays.
        background: Color of the corners; "transparent" gives the result an alpha channel.
    """
    from studio_image.rotate import rotate, rotate_quarters

    fill = parse_color(background)
    quarters = -angle / 90.0
    if quarters == round(quarters) and (expand or round(quarters) % 2 == 0):
        return Image(rotate_quarters(image.stored, round(quarters) % 4))
    return Image(rotate(image.pixels, -angle % 360.0, fill, expand=expand))


@node("image.flip")
def flip_image(
    ctx: Context, image: Image, *, direction: Literal["horizontal", "vertical", "both"] = "horizontal"
) -> Image:
    """Mirror an image.

    Args:
        image: Image to mirror.
        direction: "horizontal" swaps left and right, "vertical" top and bottom.
    """
    down = slice(None, None, -1 if direction != "horizontal" else 1)
    across = slice(None, None, -1 if direction != "vertical" else 1)
    return Image(image.stored[down, across])


@node(
    "image.add_border",
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "size": "width",
                "line": "line_width",
                "left": "left_width",
                "top": "top_width",
                "right": "right_width",
                "bottom": "bottom_width",
            }
        )
    },
    replaces="image.frame",
)
def frame_image(
    ctx: Context,
    image: Image,
    *,
    width: Annotated[int, Field(ge=0, le=65_535, unit="pixels")] = 32,
    left_width: Annotated[int | None, Field(ge=0, le=65_535, unit="pixels")] = None,
    top_width: Annotated[int | None, Field(ge=0, le=65_535, unit="pixels")] = None,
    right_width: Annotated[int | None, Field(ge=0, le=65_535, unit="pixels")] = None,
    bottom_width: Annotated[int | None, Field(ge=0, le=65_535, unit="pixels")] = None,
    color: Color = "#f6f3eb",
    line_width: Annotated[int, Field(ge=0, le=1000, unit="pixels")] = 0,
    line_color: Color = "#1a1a1c",
    radius: Annotated[float, Field(ge=0, le=65_535, unit="pixels")] = 0.0,
) -> Image:
    """Put a border around an image: a mat, an instant-photo frame, or just room.

    Args:
        image: Image to frame.
        width: Width of the border on all sides.
        left_width: Width of the border on the left instead.
        top_width: Width of the border at the top instead.
        right_width: Width of the border on the right instead.
        bottom_width: Width of the border at the bottom instead.
        color: Color of the border; "transparent" adds room.
        line_width: Width of a line between border and image, inside the border; 0 for none.
        line_color: Color of that line.
        radius: Radius of round outer corners; more than 0 gives the result an alpha channel.
    """
    from studio_image.frame import add_frame

    sides = tuple(width if side is None else side for side in (left_width, top_width, right_width, bottom_width))
    return Image(
        add_frame(
            image.pixels,
            (sides[0], sides[1], sides[2], sides[3]),
            parse_color(color),
            line_width,
            parse_color(line_color),
            radius,
        )
    )
