"""Perspective and lenses."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Context, Field, Grammar, Image, JsonValue, node
from studio_image.corners import parse_corners

Side = Annotated[int, Field(ge=1, le=32_766, unit="pixels")]
Corners = Annotated[JsonValue, Grammar("four corners", parse_corners)]
Strength = Annotated[float, Field(ge=-1, le=1, unit="share")]


@node("image.transform", origin="edited")
def transform_image(
    ctx: Context,
    image: Image,
    corners: Corners,
    *,
    direction: Literal["place", "extract"] = "place",
    width: Side | None = None,
    height: Side | None = None,
) -> Image:
    """Put an image into perspective, as on a screen in a photo, or take a part out of it, as a page seen from aside.

    What lies outside the image is transparent.

    Args:
        image: Image to transform.
        corners: Four points [x, y] in pixels: top left, top right, bottom right, bottom left, for example
            `[[40, 20], [600, 60], [580, 440], [60, 460]]`.
        direction: "place" moves the image's corners to the points, "extract" makes a rectangle of what lies between
            the points.
        width: Width of the result; null for the image's width.
        height: Height of the result; null for the image's height.
    """
    from studio_image.warp import transform

    size = (width or image.width, height or image.height)
    return Image(transform(image.pixels, parse_corners(corners), size, direction))


@node("image.correct_lens", origin="edited")
def correct_lens(
    ctx: Context,
    image: Image,
    *,
    strength: Strength = 0.1,
    outer_strength: Strength = 0.0,
    scale: Annotated[float, Field(ge=0.1, le=10, unit="factor")] = 1.0,
) -> Image:
    """Straighten lines that a lens bends, or bend them (Brown 1966); the size stays, and edges are repeated.

    Args:
        image: Image to correct.
        strength: Share of the distance between middle and corner by which the corners move inwards; below 0 they move
            outwards. Wide-angle lenses (barrel distortion) need a value below 0.
        outer_strength: Share added to the strength with the fourth power of the distance, for the outer parts.
        scale: Factor by which the result is enlarged, to cut off repeated edges.
    """
    from studio_image.warp import correct_lens as correct

    return Image(correct(image.pixels, strength, outer_strength, scale))
