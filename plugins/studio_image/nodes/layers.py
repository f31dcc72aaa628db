"""Images laid over each other and mixed."""

from __future__ import annotations

from typing import Annotated

from studio.api import Added, Anchor, Context, Field, Image, Mask, Migration, Placement, node
from studio_image.blend_modes import BlendMode
from studio_image.nodes.old_values import shift_from_anchor

Place = Annotated[int, Field(ge=-1_000_000, le=1_000_000, unit="pixels")]
Share = Annotated[float, Field(ge=0, le=1)]


@node("image.composite", version="2.0", migrations={1: Migration(change=shift_from_anchor)}, origin="edited")
def composite_images(
    ctx: Context,
    base: Image,
    top: Image,
    *,
    mask: Mask | None = None,
    x: Place | None = None,
    y: Place | None = None,
    opacity: Share = 1.0,
    mode: BlendMode = "normal",
    anchor: Annotated[Anchor, Added] = "top_left",
    margin: Annotated[int, Field(ge=0, le=65_535, unit="pixels"), Added] = 0,
    scale: Annotated[float | None, Field(gt=0, le=100, unit="factor"), Added] = None,
    expand: Annotated[bool, Added] = False,
    offset_x: Annotated[Place, Added] = 0,
    offset_y: Annotated[Place, Added] = 0,
) -> Image:
    """Draw an image over another (W3C Compositing and Blending Level 1); the base's size stays.

    Args:
        base: Image below the top image.
        top: Image above; parts outside the base are cut off.
        mask: Mask of the top image, of its size; 1 shows it, 0 hides it.
        x: Left edge of the top image, instead of the anchor; may be negative. Null for the place that the anchor gives.
        y: Top edge of the top image, instead of the anchor; may be negative. Null for the place that the anchor gives.
        opacity: Opacity of the top image, from 0 to 1.
        mode: How colors mix, as in CSS and Photoshop; "add" is the sum, limited to 1.
        anchor: Place of the top image on the base.
        margin: Distance between the top image and the edges of the base that the anchor names.
        scale: Width of the top image as a share of the base's width, as for a watermark; null keeps its size.
        expand: Enlarge the base by transparent space so that the whole top image fits in.
        offset_x: Distance by which the top image lies to the right of its place; may be negative.
        offset_y: Distance by which the top image lies below its place; may be negative.
    """
    from studio_image.composite import composite
    from studio_image.placement import scale_to_share

    if mask is not None:
        from studio_image.bounds import check_same_size

        check_same_size((mask.width, mask.height), (top.width, top.height), "the mask", "the top image")
    pixels, cover = top.pixels, None if mask is None else mask.pixels
    if scale is not None:
        pixels, cover = scale_to_share(pixels, cover, scale, base.width)
    spot = Placement(anchor, margin, x, y, offset_x, offset_y)
    place = spot.find((pixels.shape[1], pixels.shape[0]), (base.width, base.height))
    ground = base.pixels
    if expand:
        from studio_image.placement import make_room

        ground, place = make_room(ground, (pixels.shape[1], pixels.shape[0]), place)
    return Image(composite(ground, pixels, *place, opacity if cover is None else cover * opacity, mode))


@node("image.paste_back", origin="edited")
def paste_back(
    ctx: Context,
    base: Image,
    top: Image,
    *,
    x: Place = 0,
    y: Place = 0,
    width: Annotated[int | None, Field(ge=1, le=65_535, unit="pixels")] = None,
    height: Annotated[int | None, Field(ge=1, le=65_535, unit="pixels")] = None,
    mask: Mask | None = None,
    feather: Annotated[float, Field(ge=0, le=2000, unit="pixels")] = 0.0,
) -> Image:
    """Put a part that was cut out and changed back at its place.

    Cut out with `image.find_region` and `image.crop`, change the part, and give this node the numbers of the region.

    Args:
        base: Image that the part was cut out of.
        top: The changed part; it is resized to the region's size.
        x: Left edge of the region.
        y: Top edge of the region.
        width: Width of the region; null for the part's own width.
        height: Height of the region; null for the part's own height.
        mask: Mask of the base's size; outside it the base stays exactly as it is. Null pastes the whole part.
        feather: Width over which the part fades in from the edges of the region.
    """
    from studio_image.placement import paste

    size = (width or top.width, height or top.height)
    if mask is not None:
        from studio_image.bounds import check_same_size

        check_same_size((mask.width, mask.height), (base.width, base.height), "the mask", "the base")
    return Image(paste(base.pixels, top.pixels, (x, y), size, None if mask is None else mask.pixels, feather))


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
