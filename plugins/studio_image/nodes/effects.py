"""Shadows, glows, strokes and round corners of what an image shows."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Channels, Color, Context, Field, Image, node, parse_color

Offset = Annotated[int, Field(ge=-10_000, le=10_000, unit="pixels")]
Deviation = Annotated[float, Field(ge=0, le=2000, unit="pixels")]


@node("image.add_shadow", origin="edited")
def add_shadow(
    ctx: Context,
    image: Image,
    *,
    offset_x: Offset = 0,
    offset_y: Offset = 12,
    blur: Deviation = 12.0,
    spread: Annotated[float, Field(ge=0, le=500, unit="pixels")] = 0.0,
    color: Color = "#00000080",
    expand: bool = True,
) -> Annotated[Image, Channels(4)]:
    """Put a soft shadow under what an image shows.

    Args:
        image: Image with transparent parts, such as a cutout; without alpha the whole image throws the shadow.
        offset_x: Distance by which the shadow lies to the right.
        offset_y: Distance by which the shadow lies below.
        blur: Standard deviation of the shadow's blur.
        spread: Distance by which the shadow is larger than the shape.
        color: Color of the shadow; its alpha is the shadow's opacity.
        expand: Enlarge the image so that the shadow fits in; otherwise the size stays and the shadow is cut off.
    """
    from studio_image import layer_effects

    reach = spread + layer_effects.REACH * blur
    room = layer_effects.find_room(reach, offset_x, offset_y) if expand else (0, 0, 0, 0)
    canvas = layer_effects.extend(image.pixels, room)
    return Image(layer_effects.add_shadow(canvas, (offset_x, offset_y), blur, spread, parse_color(color)))


@node("image.add_glow", origin="edited")
def add_glow(
    ctx: Context,
    image: Image,
    *,
    radius: Annotated[float, Field(gt=0, le=2000, unit="pixels")] = 16.0,
    color: Color = "#fff3b0",
    strength: Annotated[float, Field(ge=0, le=10, unit="factor")] = 2.0,
    kind: Literal["outer", "inner"] = "outer",
    expand: bool = True,
) -> Annotated[Image, Channels(4)]:
    """Make what an image shows glow at its edges.

    Args:
        image: Image with transparent parts, such as a cutout or text; without alpha the whole image glows.
        radius: Standard deviation of the glow.
        color: Color of the glow; its alpha is the glow's opacity.
        strength: Factor of the glow's opacity; above 1 the glow is full near the edge.
        kind: "outer" glows around the shape, "inner" from its edges inwards.
        expand: Enlarge the image so that an outer glow fits in; otherwise the size stays and the glow is cut off.
    """
    from studio_image import layer_effects

    inner = kind == "inner"
    room = layer_effects.find_room(layer_effects.REACH * radius) if expand and not inner else (0, 0, 0, 0)
    canvas = layer_effects.extend(image.pixels, room)
    return Image(layer_effects.add_glow(canvas, radius, parse_color(color), strength, inner=inner))


@node("image.add_stroke", origin="edited")
def add_stroke(
    ctx: Context,
    image: Image,
    *,
    width: Annotated[float, Field(gt=0, le=500, unit="pixels")] = 6.0,
    color: Color = "white",
    position: Literal["outside", "center", "inside"] = "outside",
    expand: bool = True,
) -> Annotated[Image, Channels(4)]:
    """Draw a line around what an image shows, as on a sticker.

    Args:
        image: Image with transparent parts, such as a cutout or text; without alpha the line follows the image's edges.
        width: Width of the line.
        color: Color of the line.
        position: Place of the line: "outside" the shape's edge, "inside" it, or "center" for half and half.
        expand: Enlarge the image so that the line fits in; otherwise the size stays and the line is cut off.
    """
    from studio_image import layer_effects

    reach = {"outside": width, "center": width / 2, "inside": 0.0}[position]
    room = layer_effects.find_room(reach) if expand else (0, 0, 0, 0)
    canvas = layer_effects.extend(image.pixels, room)
    return Image(layer_effects.add_stroke(canvas, width, parse_color(color), position))


@node("image.round_corners", origin="edited")
def round_corners(
    ctx: Context, image: Image, *, radius: Annotated[float, Field(ge=0, le=65_535, unit="pixels")] = 32.0
) -> Annotated[Image, Channels(4)]:
    """Round the corners of an image; beyond them it is transparent.

    Args:
        image: Image to round.
        radius: Radius of the corners; at half the shorter side or more its ends are half circles.
    """
    from studio_image import layer_effects

    return Image(layer_effects.round_corners(image.pixels, radius))
