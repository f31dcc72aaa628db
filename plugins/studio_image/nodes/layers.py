"""Images laid over each other and mixed."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, Migration, node
from studio_image.blend_modes import BlendMode

Place = Annotated[int, Field(ge=-1_000_000, le=1_000_000, unit="pixels")]
Share = Annotated[float, Field(ge=0, le=1)]


@node("image.composite", origin="edited")
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
    """Draw an image over another (W3C Compositing and Blending Level 1); the base's size stays.

    Args:
        base: Image below the top image.
        top: Image above; parts outside the base are cut off.
        mask: Mask of the top image, of its size; 1 shows it, 0 hides it.
        x: Distance from the base's left edge to the top image's; may be negative.
        y: Distance from the base's top edge to the top image's; may be negative.
        opacity: Opacity of the top image, from 0 to 1.
        mode: How colors mix, as in CSS; "add" is the sum, limited to 1.
    """
    from studio_image.bounds import check_same_size
    from studio_image.composite import composite

    if mask is not None:
        check_same_size((mask.width, mask.height), (top.width, top.height), "the mask", "the top image")
    cover = opacity if mask is None else mask.pixels * opacity
    return Image(composite(base.pixels, top.pixels, x, y, cover, mode))


@node(
    "image.blend",
    version="2.0",
    migrations={1: Migration(inputs={"first": "base", "second": "top", "amount": "opacity"})},
    origin="edited",
)
def blend_images(ctx: Context, base: Image, top: Image, *, opacity: Share = 0.5, mask: Mask | None = None) -> Image:
    """Mix two images of the same size.

    Args:
        base: Image below the top image.
        top: Image above, of the same size.
        opacity: Opacity of the top image, from 0 (the base alone) to 1 (the top alone).
        mask: Mask of the top image, of the same size, multiplied by the opacity; null for all of it.
    """
    from studio_image.bounds import check_same_size
    from studio_image.composite import blend

    size = (base.width, base.height)
    check_same_size((top.width, top.height), size, "the top image", "the base")
    if mask is not None:
        check_same_size((mask.width, mask.height), size, "the mask", "the base")
    return Image(blend(base.pixels, top.pixels, opacity if mask is None else mask.pixels * opacity))
