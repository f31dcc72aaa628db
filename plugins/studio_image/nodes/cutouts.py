"""Cutouts: a color removed, and edges made clean."""

from __future__ import annotations

from typing import Annotated

from studio.api import Channels, Color, Context, Field, Image, node, parse_color


@node("image.remove_color", origin="edited")
def remove_color(
    ctx: Context,
    image: Image,
    *,
    color: Color = "#00ff00",
    tolerance: Annotated[float, Field(ge=0, le=400, unit="delta E")] = 20.0,
    softness: Annotated[float, Field(ge=0, le=400, unit="delta E")] = 20.0,
    spill: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Annotated[Image, Channels(4)]:
    """Make a color transparent, such as a green screen, and take it out of what remains (Smith and Blinn 1996).

    Args:
        image: Image to cut out.
        color: Color to remove; its alpha is ignored.
        tolerance: Color distance (CIE 1976) up to which a pixel becomes fully transparent.
        softness: Color distance beyond the tolerance over which pixels become opaque.
        spill: Share of the color's hue that is taken out of the rest, from 0 to 1, such as green light on hair.
    """
    from studio_image.cutout import remove_color as remove

    return Image(remove(image.pixels, parse_color(color), tolerance, softness, spill))


@node("image.clean_edges", origin="edited")
def clean_edges(
    ctx: Context,
    image: Image,
    *,
    shrink: Annotated[int, Field(ge=0, le=100, unit="pixels")] = 0,
    feather: Annotated[float, Field(ge=0, le=100, unit="pixels")] = 0.0,
) -> Annotated[Image, Channels(4)]:
    """Free the edges of a cutout from the colors of its former background (Germer et al. 2020).

    Args:
        image: Cutout with soft edges; without alpha nothing changes.
        shrink: Distance by which the cutout becomes smaller first.
        feather: Standard deviation of a blur of its edge.
    """
    import numpy as np

    from studio_image.cutout import estimate_foreground
    from studio_image.pixels import match_channels
    from studio_image.select import feather as soften
    from studio_image.select import grow

    if image.channels != 4:
        return Image(match_channels(image.pixels, 4))
    cleaned = np.array(estimate_foreground(image.pixels, ctx.step))
    if shrink or feather:
        cleaned[:, :, 3] = soften(grow(cleaned[:, :, 3], -shrink, ctx.step), feather)
    return Image(cleaned)
