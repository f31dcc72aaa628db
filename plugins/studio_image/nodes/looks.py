"""Looks: vignettes, bloom, gradient maps, few colors, large pixels and shifted channels."""

from __future__ import annotations

from typing import Annotated

from studio.api import Channels, Color, Context, Field, Image, node, parse_color

Share = Annotated[float, Field(ge=0, le=1)]
Shift = Annotated[int, Field(ge=-1000, le=1000, unit="pixels")]


@node("image.vignette", origin="edited")
def add_vignette(
    ctx: Context,
    image: Image,
    *,
    strength: Share = 0.6,
    radius: Annotated[float, Field(ge=0, le=1, unit="share")] = 0.4,
    softness: Annotated[float, Field(ge=0, le=2, unit="share")] = 0.6,
    color: Color = "black",
) -> Image:
    """Darken an image towards its corners; alpha stays.

    Args:
        image: Image to change.
        strength: Share of the color in the corners, from 0 to 1.
        radius: Distance from the middle at which it begins; 1 is a corner.
        softness: Length of the transition; 1 is from the middle to a corner.
        color: Color of the corners; its alpha is ignored.
    """
    from studio_image import looks

    return Image(looks.add_vignette(image.pixels, strength, radius, softness, parse_color(color)))


@node("image.bloom", origin="edited")
def add_bloom(
    ctx: Context,
    image: Image,
    *,
    threshold: Share = 0.7,
    radius: Annotated[float, Field(gt=0, le=2000, unit="pixels")] = 20.0,
    strength: Annotated[float, Field(ge=0, le=10, unit="factor")] = 0.8,
) -> Image:
    """Let light shine out of the bright parts of an image, as in a lens; computed in linear light.

    Args:
        image: Image to change.
        threshold: Luma above which a part shines, from 0 to 1.
        radius: Standard deviation of the light's blur.
        strength: Factor of the light that is added.
    """
    from studio_image import looks

    return Image(looks.add_bloom(image.pixels, threshold, radius, strength))


@node("image.gradient_map", origin="edited")
def map_gradient(
    ctx: Context,
    image: Image,
    *,
    colors: Annotated[list[Color], Field(min_length=2, max_length=64)] = ["#1b1464", "#c1272d", "#fcee21"],  # noqa: B006  (never written to)
    strength: Share = 1.0,
) -> Annotated[Image, Channels(3, 4)]:
    """Color an image by its luma, as in a duotone; alpha stays.

    Args:
        image: Image to change.
        colors: Colors from black to white, evenly spaced.
        strength: How much of the change is made, from 0 to 1.
    """
    from studio_image import looks

    return Image(looks.map_gradient(image.pixels, [parse_color(color) for color in colors], strength))


@node("image.quantize", origin="edited")
def quantize_image(
    ctx: Context,
    image: Image,
    *,
    color_count: Annotated[int, Field(ge=2, le=256)] = 16,
    dither: bool = False,
) -> Annotated[Image, Channels(3, 4)]:
    """Reduce an image to a few of its colors (median cut, Heckbert 1982); alpha stays.

    Args:
        image: Image to change; it is rounded to 8 bits.
        color_count: Number of colors of the result.
        dither: Mix neighboring pixels so that more colors seem to be there (Floyd and Steinberg 1976).
    """
    from studio_image import looks

    return Image(looks.quantize(image.pixels, color_count, dither=dither))


@node("image.pixelate", origin="edited")
def pixelate_image(
    ctx: Context, image: Image, *, size: Annotated[int, Field(ge=1, le=65_535, unit="pixels")] = 16
) -> Image:
    """Show an image in large squares, each of the mean color; its size stays.

    Args:
        image: Image to change.
        size: Side of a square.
    """
    from studio_image import looks

    return Image(looks.pixelate(image.pixels, size))


@node("image.shift_channels", origin="edited")
def shift_channels(
    ctx: Context, image: Image, *, red_x: Shift = 6, red_y: Shift = 0, blue_x: Shift = -6, blue_y: Shift = 0
) -> Annotated[Image, Channels(3, 4)]:
    """Move the red and the blue channel of an image apart, as in a cheap lens or a misprint; alpha stays.

    Args:
        image: Image to change.
        red_x: Distance by which red moves to the right.
        red_y: Distance by which red moves down.
        blue_x: Distance by which blue moves to the right.
        blue_y: Distance by which blue moves down.
    """
    from studio_image import looks

    return Image(looks.shift_channels(image.pixels, (red_x, red_y), (blue_x, blue_y)))
