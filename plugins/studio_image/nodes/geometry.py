"""Images resized, cut, turned, mirrored and framed."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Color, Context, Field, Image, Migration, check_inputs, node, parse_color
from studio_image.anchor import Anchor
from studio_image.checks import check_sides, check_target
from studio_image.color import ANY_COLOR, place_color
from studio_image.crop import Aspect
from studio_image.nodes.old_values import read_fit, turn_around

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]
Method = Literal["auto", "lanczos", "area", "bicubic", "bilinear", "nearest"]


@node(
    "image.resize",
    check=check_inputs(check_sides, check_target),
    version="2.0",
    migrations={1: Migration(inputs={"mode": "fit", "color": "background"}, values={"fit": read_fit})},
    origin="edited",
    encodings=ANY_COLOR,
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
    """Resize an image with antialiasing; transparent edges get no dark fringes.

    Set `scale`, or `width` or `height` (the other follows), or both and `fit`. Linear and log images keep their color
    space and are not clipped.

    Args:
        image: Image to resize.
        width: Width of the result; null follows from the height or the scale.
        height: Height of the result; null follows from the width or the scale.
        scale: Factor for both sides, instead of a width and a height.
        fit: How the image fits a given width and height: "contain" keeps it inside, "cover" fills them and cuts the
            rest off, "stretch" changes its shape, "pad" keeps it inside and fills the rest with the background.
        method: Filter: "auto" is Lanczos (3 lobes) to shrink and bicubic to enlarge; "area" averages, "nearest" keeps
            the samples.
        anchor: Part of the image that "cover" keeps, or place of the image for "pad".
        background: Color around the image for "pad".
        linear_light: Resize in linear light instead of sRGB-encoded values: exact for fine bright detail, and slower.
        multiple_of: Round both sides to multiples of this number, as some networks require.
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
        result = Image(resample_nearest(image.stored, *size, box), color=image.color)
    else:
        in_light = linear_light and image.color.range == "full"
        bounded = image.color.is_bounded
        made = resample(image.pixels, *size, method, linear_light=in_light, box=box, bounded=bounded)
        result = Image(made, color=image.color)
    if both and fit == "pad" and size != target:
        ground = place_color(parse_color(background), image.color)
        return Image(pad_to(result.pixels, target, anchor, ground), color=image.color)
    return result


@node("image.crop", origin="edited", encodings=ANY_COLOR)
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
    """Cut a rectangle out of an image; its samples are not changed.

    Args:
        image: Image to crop.
        x: Left edge of the rectangle; null for the place that the anchor gives.
        y: Top edge of the rectangle; null for the place that the anchor gives.
        width: Width of the rectangle; null for the image's width, or the width that the aspect gives.
        height: Height of the rectangle; null for the image's height, or the height that the aspect gives.
        aspect: Width over height, such as "16:9", "4/5" or "1.91", for the largest rectangle of that shape.
        anchor: Place of the rectangle where x or y is not given.
    """
    from studio_image.crop import choose_region

    left, top, wide, high = choose_region((image.width, image.height), x, y, width, height, anchor, aspect)
    return Image(image.stored[top : top + high, left : left + wide], color=image.color)


@node(
    "image.rotate",
    version="2.0",
    migrations={1: Migration(inputs={"degrees": "angle", "color": "background"}, values={"angle": turn_around})},
    origin="edited",
    encodings=ANY_COLOR,
)
def rotate_image(
    ctx: Context,
    image: Image,
    *,
    angle: Annotated[float, Field(unit="degrees")] = -90.0,
    expand: bool = True,
    background: Color = "transparent",
) -> Image:
    """Rotate an image about its center; exact for multiples of 90 degrees, bicubic otherwise.

    Args:
        image: Image to rotate.
        angle: Angle of the rotation, clockwise; a negative angle rotates counterclockwise.
        expand: Enlarge the result so that it contains the whole image; otherwise the size stays and corners are cut
            off.
        background: Color of the corners; "transparent" gives the result an alpha channel.
    """
    from studio_image.rotate import rotate, rotate_quarters

    fill = place_color(parse_color(background), image.color)
    quarters = -angle / 90.0
    if quarters == round(quarters) and (expand or round(quarters) % 2 == 0):
        return Image(rotate_quarters(image.stored, round(quarters) % 4), color=image.color)
    turned = rotate(image.pixels, -angle % 360.0, fill, expand=expand, bounded=image.color.is_bounded)
    return Image(turned, color=image.color)


@node("image.flip", origin="edited", encodings=ANY_COLOR)
def flip_image(
    ctx: Context, image: Image, *, direction: Literal["horizontal", "vertical", "both"] = "horizontal"
) -> Image:
    """Mirror an image.

    Args:
        image: Image to flip.
        direction: Direction of the flip: "horizontal" swaps left and right, "vertical" swaps top and bottom, "both"
            does both.
    """
    down = slice(None, None, -1 if direction != "horizontal" else 1)
    across = slice(None, None, -1 if direction != "vertical" else 1)
    return Image(image.stored[down, across], color=image.color)


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
    origin="edited",
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
    """Add a border around an image: a mat, an instant-photo frame, or empty space.

    Args:
        image: Image to put the border around.
        width: Width of the border on all sides.
        left_width: Width of the border on the left; null for `width`.
        top_width: Width of the border at the top; null for `width`.
        right_width: Width of the border on the right; null for `width`.
        bottom_width: Width of the border at the bottom; null for `width`.
        color: Color of the border; "transparent" adds empty space.
        line_width: Width of a line between border and image; 0 for none. The border includes it.
        line_color: Color of the line between border and image.
        radius: Radius of rounded outer corners; above 0 the result has an alpha channel.
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
