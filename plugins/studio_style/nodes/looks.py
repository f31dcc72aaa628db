"""The node type `style.photo_filter`."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Context, Field, Image, MediaError, Migration, node

_LONGEST_SIDE = 32_000


@node("style.photo_filter", code=2, version="2.0", migrations={1: Migration(inputs={"size": "scale"})}, origin="edited")
def filter_photo(
    ctx: Context,
    image: Image,
    *,
    look: Literal["pencil", "pixel_art", "oil", "halftone", "vintage"] = "pencil",
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    scale: Annotated[float, Field(ge=0.25, le=4, unit="factor")] = 1.0,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Image:
    """Apply a ready look to an image; its alpha is kept.

    Args:
        image: Image to change.
        look: Look: "pencil" draws lines and hatching on paper, "pixel_art" uses square pixels of 24 colors, "oil"
            paints daubs along edges (anisotropic Kuwahara filter) with relief, "halftone" prints dots of four inks,
            "vintage" fades the image like an old print.
        strength: Strength of the look: 0 changes nothing, 1 is the full look.
        scale: Size of strokes, pixels, dots or grain; at 1 it suits the image's longer side, and on long strips the
            shorter side.
        seed: Seed of paper, bristles and grain; another seed gives different ones.

    Raises:
        MediaError: E506 over 32,000 pixels a side.
    """
    from studio_style.images import join_alpha, read_rgb
    from studio_style.looks import LOOKS

    if max(image.width, image.height) > _LONGEST_SIDE:
        raise MediaError(
            "E506", f"{image.width} x {image.height} is over {_LONGEST_SIDE} pixels a side", hint="cut it into parts"
        )
    ctx.step(0, 1)
    pixels = read_rgb(image)
    changed = LOOKS[look](pixels, scale, ctx.rng(seed))
    return join_alpha(pixels + strength * (changed - pixels), image)
