"""Masks: from images, from shapes, changed, and back into images."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Added, Channels, Color, Context, Field, Image, Mask, Migration, check_inputs, node, parse_color
from studio_image.checks import check_area

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]
Feather = Annotated[float, Field(ge=0, le=2000, unit="pixels")]


@node("image.mask_from_color", origin="edited")
def mask_from_color(
    ctx: Context,
    image: Image,
    *,
    color: Color = "#00ff00",
    tolerance: Annotated[float, Field(ge=0, le=400, unit="delta E")] = 30.0,
    softness: Annotated[float, Field(ge=0, le=400, unit="delta E")] = 10.0,
    feather: Feather = 0.0,
    invert: bool = False,
) -> Mask:
    """Make a mask of the pixels with a color, such as a green screen.

    Args:
        image: Image to make the mask from; alpha is ignored.
        color: Color to select; its alpha is ignored.
        tolerance: Color distance (CIE 1976) up to which a pixel is selected; about 2.3 is just noticeable.
        softness: Color distance beyond the tolerance over which the mask falls to 0.
        feather: Standard deviation of a Gaussian blur of the mask.
        invert: Select all other pixels instead.
    """
    from studio_image.select import feather as soften
    from studio_image.select import select_color

    chosen = soften(select_color(image.pixels, parse_color(color), tolerance, softness), feather)
    return Mask(1 - chosen if invert else chosen)


@node("image.mask_from_alpha", origin="edited")
def mask_from_alpha(ctx: Context, image: Image, *, invert: bool = False) -> Mask:
    """Make a mask of an image's alpha; without alpha the whole image is selected.

    Args:
        image: Image to make the mask from.
        invert: Select the transparent pixels instead.
    """
    import numpy as np

    if image.channels == 4:
        return Mask(1 - image.pixels[:, :, 3] if invert else image.stored[:, :, 3])
    return Mask(np.full((image.height, image.width), 0 if invert else 255, np.uint8))


@node(
    "image.mask_from_luma",
    version="2.0",
    migrations={1: Migration(inputs={"low": "black_point", "high": "white_point"})},
    origin="edited",
)
def mask_from_luma(
    ctx: Context,
    image: Image,
    *,
    black_point: Annotated[float, Field(ge=0, le=1)] = 0.0,
    white_point: Annotated[float, Field(ge=0, le=1)] = 1.0,
    invert: bool = False,
) -> Mask:
    """Make a mask of an image's luma (ITU-R BT.601); this also turns a grey image into a mask.

    Args:
        image: Image to make the mask from; alpha is ignored.
        black_point: Luma that becomes 0 in the mask.
        white_point: Luma that becomes 1 in the mask; below `black_point` it inverts the mask, equal to it makes a hard
            step.
        invert: Select the dark pixels instead.
    """
    from studio_image.select import select_luma

    chosen = select_luma(image.pixels, black_point, white_point)
    return Mask(1 - chosen if invert else chosen)


@node("image.from_mask", origin="edited")
def image_from_mask(ctx: Context, mask: Mask) -> Annotated[Image, Channels(1)]:
    """Turn a mask into a grey image; selected pixels are white.

    Args:
        mask: Mask to convert.
    """
    return Image(mask.stored)


@node(
    "image.new_mask",
    check=check_inputs(check_area),
    version="2.0",
    migrations={1: Migration(inputs={"left": "x", "top": "y"})},
    origin="algorithmic",
)
def new_mask(
    ctx: Context,
    *,
    width: Side = 1024,
    height: Side = 1024,
    shape: Literal["rectangle", "ellipse"] = "rectangle",
    x: Annotated[float, Field(ge=-65_535, le=65_535, unit="pixels")] = 0.0,
    y: Annotated[float, Field(ge=-65_535, le=65_535, unit="pixels")] = 0.0,
    shape_width: Annotated[float | None, Field(gt=0, le=200_000, unit="pixels")] = None,
    shape_height: Annotated[float | None, Field(gt=0, le=200_000, unit="pixels")] = None,
    feather: Feather = 0.0,
    invert: bool = False,
) -> Mask:
    """Make a mask with a rectangle or an ellipse, for example for inpainting.

    Args:
        width: Width of the mask.
        height: Height of the mask.
        shape: Shape that is selected.
        x: Left edge of the shape.
        y: Top edge of the shape.
        shape_width: Width of the shape; null up to the right edge.
        shape_height: Height of the shape; null up to the bottom edge.
        feather: Standard deviation of a Gaussian blur of the edge.
        invert: Select the pixels outside the shape instead.
    """
    from studio_image.select import draw_shape
    from studio_image.select import feather as soften

    check_area(width, height)
    wide = max(width - x, 1.0) if shape_width is None else shape_width
    high = max(height - y, 1.0) if shape_height is None else shape_height
    chosen = soften(draw_shape(width, height, shape, (x, y, wide, high)), feather)
    return Mask(1 - chosen if invert else chosen)


@node("image.edit_mask", origin="edited")
def edit_mask(
    ctx: Context,
    mask: Mask,
    *,
    grow: Annotated[int, Field(ge=-1000, le=1000, unit="pixels")] = 0,
    feather: Feather = 0.0,
    invert: bool = False,
    fill_holes: Annotated[bool, Added] = False,
    keep: Annotated[Literal["all", "largest"], Added] = "all",
    smooth: Annotated[int, Field(ge=0, le=1000, unit="pixels"), Added] = 0,
) -> Mask:
    """Repair a mask, grow or shrink it, blur it and invert it, in this order.

    Args:
        mask: Mask to change.
        grow: Radius by which the mask grows; a negative number shrinks it.
        feather: Standard deviation of a Gaussian blur of the mask.
        invert: Invert the mask.
        fill_holes: Select holes too: what is not selected and is surrounded by what is.
        keep: "all" connected parts of the mask, or the "largest" alone.
        smooth: Radius up to which specks are removed and gaps and notches are closed.
    """
    from studio_image.mend_mask import fill_holes as fill
    from studio_image.mend_mask import keep_largest
    from studio_image.mend_mask import smooth as smooth_mask
    from studio_image.select import feather as soften
    from studio_image.select import grow as grow_mask

    if not (grow or feather or invert or fill_holes or smooth or keep == "largest"):
        return mask
    chosen = fill(mask.pixels) if fill_holes else mask.pixels
    chosen = keep_largest(chosen) if keep == "largest" else chosen
    chosen = soften(grow_mask(smooth_mask(chosen, smooth, ctx.step), grow, ctx.step), feather)
    return Mask(1 - chosen if invert else chosen)


@node("image.combine_masks", origin="edited")
def combine_masks(
    ctx: Context,
    first: Mask,
    second: Mask,
    *,
    operation: Literal["union", "intersect", "subtract", "exclude"] = "union",
) -> Mask:
    """Combine two masks of the same size.

    Args:
        first: First mask of the operation.
        second: Second mask of the operation, of the same size.
        operation: Pixels to select: "union" in at least one mask, "intersect" in both, "subtract" in the first and not
            the second, "exclude" in exactly one.
    """
    from studio_image.bounds import check_same_size
    from studio_image.select import combine

    check_same_size((second.width, second.height), (first.width, first.height), "the second mask", "the first")
    return Mask(combine(first.pixels, second.pixels, operation))


@node("image.resize_mask", check=check_inputs(check_area), origin="edited")
def resize_mask(
    ctx: Context,
    mask: Mask,
    width: Side,
    height: Side,
    *,
    method: Literal["auto", "lanczos", "area", "bicubic", "bilinear", "nearest"] = "bilinear",
) -> Mask:
    """Resize a mask to a width and a height.

    Args:
        mask: Mask to resize.
        width: Width of the result.
        height: Height of the result.
        method: Filter: "auto" is Lanczos to shrink and bicubic to enlarge; "area" averages, "nearest" keeps the values.
    """
    from studio_image.resize import resample_nearest, resample_plane

    check_area(width, height)
    if method == "nearest":
        return Mask(resample_nearest(mask.stored, width, height))
    return Mask(resample_plane(mask.pixels, width, height, method))


@node("image.apply_mask", origin="edited")
def apply_mask(
    ctx: Context, image: Image, mask: Mask, *, mode: Literal["multiply", "replace"] = "multiply"
) -> Annotated[Image, Channels(4)]:
    """Make an image transparent where a mask is 0.

    Args:
        image: Image to change.
        mask: Mask of the same size; 1 keeps a pixel, 0 makes it transparent.
        mode: "multiply" multiplies the mask with the image's alpha; "replace" replaces the alpha.
    """
    import numpy as np

    from studio_image.bounds import check_same_size
    from studio_image.pixels import match_channels

    check_same_size((mask.width, mask.height), (image.width, image.height), "the mask", "the image")
    out = np.array(match_channels(image.pixels, 4))
    out[:, :, 3] = mask.pixels * (out[:, :, 3] if mode == "multiply" else np.float32(1))
    return Image(out)
