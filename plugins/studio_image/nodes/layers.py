"""Images laid over each other and mixed."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, node
from studio_image.blend_modes import BlendMode

Place = Annotated[int, Field(ge=-1_000_000, le=1_000_000, unit="pixels")]
Share = Annotated[float, Field(ge=0, le=1)]


@node("image.composite")
def composite_images(
    ctx: Context,
    base: Image,
    top: Image,
    *,
    mask: Mask | None = None,
    x: Place = 0,
    y: Place = 0,
    opacity: Share = 1.0,
    mode: BlendMode = "normal",
) -> Image:
    """Lay an image over another (W3C Compositing and Blending Level 1); the base's size stays.

    Args:
        base: Image below.
        top: Image above; what sticks out is cut off.
        mask: Where the upper one shows, of its size.
        x: Columns from the base's left edge to the upper one's, may be negative.
        y: Rows from the base's top edge to the upper one's, may be negative.
        opacity: Of the upper one.
        mode: How the colors mix; "add" is the sum, cut at 1.
    """
    from studio_image.bounds import check_same_size
    from studio_image.composite import composite

    if mask is not None:
        check_same_size((mask.width, mask.height), (top.width, top.height), "the mask", "the upper image")
    cover = opacity if mask is None else mask.pixels * opacity
    return Image(composite(base.pixels, top.pixels, x, y, cover, mode))


@node("image.blend")
def blend_images(ctx: Context, first: Image, second: Image, *, amount: Share = 0.5, mask: Mask | None = None) -> Image:
    """Mix two images of one size.

    Args:
        first: An image.
        second: Another, of the same size.
        amount: Share of the second, 0 to 1.
        mask: Where the second shows, multiplied by the amount; of the same size.
    """
    from studio_image.bounds import check_same_size
    from studio_image.composite import blend

    size = (first.width, first.height)
    check_same_size((second.width, second.height), size, "the second image", "the first")
    if mask is not None:
        check_same_size((mask.width, mask.height), size, "the mask", "the first image")
    return Image(blend(first.pixels, second.pixels, amount if mask is None else mask.pixels * amount))
