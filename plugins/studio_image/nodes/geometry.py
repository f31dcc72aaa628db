"""Images resized, cut, turned, mirrored and framed."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Anchor, Color, Context, Field, Image, Mask, Migration, check_inputs, node, parse_color
from studio_image.checks import check_aspect_area, check_sides, check_target
from studio_image.color import ANY_COLOR, place_color
from studio_image.crop import Aspect, parse_aspect
from studio_image.nodes.old_values import read_fit, turn_around

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]
_NOTHING = 4 / 255  # what JPEG makes of an even color
Method = Literal["auto", "lanczos", "area", "bicubic", "bilinear", "nearest"]


class Size(NamedTuple):
    """The size of an image.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
    """

    width: int
    height: int


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
    megapixels: Annotated[float | None, Field(gt=0, le=1000, unit="megapixels"), Added] = None,
    longer_side: Annotated[Side | None, Added] = None,
    shorter_side: Annotated[Side | None, Added] = None,
    only: Annotated[Literal["always", "shrink", "enlarge"], Added] = "always",
    fit: Literal["contain", "cover", "stretch", "pad"] = "stretch",
    method: Method = "auto",
    anchor: Anchor = "center",
    background: Color = "transparent",
    linear_light: bool = False,
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1,
) -> Image:
    """Resize an image with antialiasing; transparent edges get no dark fringes.

    Set `scale`, or `width` or `height` (the other follows), or both and `fit`, or `megapixels`, or one of the sides.
    Linear and log images keep their color space and are not clipped.

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
        megapixels: Area of the result in millions of pixels, in the image's shape; 1.048576 is that of 1024 x 1024.
        longer_side: Length of the longer side; the other follows.
        shorter_side: Length of the shorter side; the other follows.
        only: When the image is resized: "always", or only if that would "shrink" or "enlarge" it; otherwise its size
            stays, and "pad" still fills the space around it.
    """
    from studio_image.frame import pad_to
    from studio_image.resize import AskedSize, resample, resample_nearest

    source = (image.width, image.height)
    asked = AskedSize(width, height, scale, megapixels, longer_side, shorter_side)
    size, box, canvas = asked.plan(source, fit, anchor, multiple_of, only)
    check_target(width, height, fit, multiple_of)
    if size == source and box is None and only != "always":
        result = image
    elif method == "nearest":
        from studio_image.bounds import check_size

        check_size(*size)
        result = Image(resample_nearest(image.stored, *size, box), color=image.color)
    else:
        in_light = linear_light and image.color.range == "full"
        bounded = image.color.is_bounded
        made = resample(image.pixels, *size, method, linear_light=in_light, box=box, bounded=bounded)
        result = Image(made, color=image.color)
    if canvas == size:
        return result
    ground = place_color(parse_color(background), image.color)
    return Image(pad_to(result.pixels, canvas, anchor, ground), color=image.color)


@node("image.choose_size", check=check_inputs(check_aspect_area))
def choose_size(
    ctx: Context,
    *,
    aspect: Aspect = "1:1",
    megapixels: Annotated[float, Field(gt=0, le=1000, unit="megapixels")] = 1.048576,
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 64,
) -> Size:
    """Choose a width and a height of a shape and an area, for example for a diffusion model.

    Args:
        aspect: Width over height, such as "16:9", "4/5" or "1.91".
        megapixels: Area in millions of pixels; 1.048576 is that of 1024 x 1024.
        multiple_of: Round both sides to multiples of this number, as many models require.
    """
    return Size(*check_aspect_area(aspect, megapixels, multiple_of))


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
    to: Annotated[Literal["rectangle", "content"], Added] = "rectangle",
    padding: Annotated[int, Field(ge=0, le=65_535, unit="pixels"), Added] = 0,
) -> Image:
    """Cut a rectangle out of an image; its samples are not changed.

    Args:
        image: Image to crop.
        x: Left edge of the rectangle, instead of the anchor; null for the place that the anchor gives.
        y: Top edge of the rectangle, instead of the anchor; null for the place that the anchor gives.
        width: Width of the rectangle; null for the image's width, or the width that the aspect gives.
        height: Height of the rectangle; null for the image's height, or the height that the aspect gives.
        aspect: Width over height, such as "16:9", "4/5" or "1.91", for the largest rectangle of that shape.
        anchor: Place of the rectangle on the image.
        to: What is kept: the "rectangle", or the "content": what is not transparent, or else not of the color of the
            corners. The rectangle is then taken of the content.
        padding: Space that is kept around the content.
    """
    from studio_image.crop import choose_region

    if to == "content":
        from studio_image.region import cut, extend_box, find_box, find_content

        size = (image.width, image.height)
        box = find_box(find_content(image.pixels, _NOTHING)) or (0, 0, *size)
        image = Image(cut(image.stored, extend_box(box, size, padding, None, 1)), color=image.color)
    left, top, wide, high = choose_region((image.width, image.height), x, y, width, height, anchor, aspect)
    return Image(image.stored[top : top + high, left : left + wide], color=image.color)


class Region(NamedTuple):
    """A rectangle in an image.

    Attributes:
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Width of the rectangle in pixels.
        height: Height of the rectangle in pixels.
    """

    x: int
    y: int
    width: int
    height: int


@node("image.find_region")
def find_region(
    ctx: Context,
    image: Image,
    *,
    mask: Mask | None = None,
    tolerance: Annotated[float, Field(ge=0, le=1)] = _NOTHING,
    padding: Annotated[int, Field(ge=0, le=65_535, unit="pixels")] = 0,
    aspect: Aspect | None = None,
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1,
) -> Region:
    """Find the rectangle around what an image shows or a mask selects, for `image.crop` and `image.paste_back`.

    If there is nothing, the rectangle is the whole image.

    Args:
        image: Image to look at: what is not transparent counts, or else what is not of the color of the corners.
        mask: Mask of the image's size, which is looked at instead.
        tolerance: Difference in a channel, or level of a mask, from 0 to 1, up to which a pixel counts as nothing.
        padding: Space around it, as far as the image reaches.
        aspect: Width over height to which the rectangle is enlarged, as far as the image reaches; null for any.
        multiple_of: Enlarge both sides to multiples of this number, as far as the image reaches.
    """
    from studio_image.bounds import check_same_size
    from studio_image.region import extend_box, find_box, find_content

    size = (image.width, image.height)
    if mask is None:
        chosen = find_content(image.pixels, tolerance)
    else:
        check_same_size((mask.width, mask.height), size, "the mask", "the image")
        chosen = mask.pixels > tolerance
    box = find_box(chosen) or (0, 0, *size)
    return Region(*extend_box(box, size, padding, None if aspect is None else parse_aspect(aspect), multiple_of))


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
