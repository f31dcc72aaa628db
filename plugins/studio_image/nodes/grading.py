"""Color grading: levels, curves, white balance and lookup tables."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Color, Context, Field, File, Grammar, Image, JsonValue, check_inputs, node, parse_color
from studio_image.checks import check_color_table, check_points

Level = Annotated[float, Field(ge=0, le=1)]
Curve = Annotated[JsonValue, Grammar("a list of points", check_points)]
Channel = Literal["all", "red", "green", "blue"]


@node("image.levels", origin="edited")
def adjust_levels(
    ctx: Context,
    image: Image,
    *,
    black_point: Level = 0.0,
    white_point: Level = 1.0,
    gamma: Annotated[float, Field(ge=0.05, le=20, unit="factor")] = 1.0,
    output_black: Level = 0.0,
    output_white: Level = 1.0,
    channel: Channel = "all",
) -> Image:
    """Map the levels of an image from a black and a white point to others; alpha stays.

    Args:
        image: Image to change.
        black_point: Level that becomes `output_black`; darker ones do too.
        white_point: Level that becomes `output_white`; brighter ones do too. Below `black_point` it inverts.
        gamma: Gamma between both: the exponent is 1 / gamma; above 1 middle tones become brighter.
        output_black: Level of the darkest pixels in the result.
        output_white: Level of the brightest pixels in the result.
        channel: Channel to change; a grey image has only one.
    """
    from studio_image.tone_curves import apply_levels

    ends, target = (black_point, white_point), (output_black, output_white)
    return Image(apply_levels(image.pixels, ends, gamma, target, channel))


@node("image.auto_levels", origin="edited")
def auto_levels(
    ctx: Context,
    image: Image,
    *,
    outlier_share: Annotated[float, Field(ge=0, le=0.49, unit="share")] = 0.005,
    by_channel: bool = False,
) -> Image:
    """Stretch the levels of an image so that they reach from black to white.

    Args:
        image: Image to change; transparent pixels are not counted.
        outlier_share: Share of the pixels that become fully black, and of those that become fully white.
        by_channel: Stretch each channel alone, which also removes a color cast; otherwise hues stay.
    """
    from studio_image.tone_curves import apply_levels, find_levels

    pixels = image.pixels
    for channel, low, high in find_levels(pixels, outlier_share, by_channel=by_channel):
        pixels = apply_levels(pixels, (low, high), 1.0, (0.0, 1.0), channel)
    return Image(pixels)


@node("image.curves", origin="edited")
def apply_curves(
    ctx: Context,
    image: Image,
    *,
    points: Curve = None,
    red: Curve = None,
    green: Curve = None,
    blue: Curve = None,
) -> Image:
    """Change the tones of an image by curves through points (Fritsch and Carlson 1980); alpha stays.

    Each curve is a JSON list of points such as `[[0, 0], [0.25, 0.2], [0.75, 0.8], [1, 1]]`: level before and after,
    from 0 to 1, in order.

    Args:
        image: Image to change.
        points: Curve of all channels, which is applied last; null for none.
        red: Curve of the red channel; null for none.
        green: Curve of the green channel; null for none.
        blue: Curve of the blue channel; null for none.
    """
    from studio_image.tone_curves import apply_curves as apply
    from studio_image.tone_curves import parse_curve

    given: list[tuple[Channel, JsonValue]] = [("red", red), ("green", green), ("blue", blue), ("all", points)]
    return Image(apply(image.pixels, [(name, parse_curve(curve)) for name, curve in given if curve is not None]))


@node("image.white_balance", origin="edited")
def balance_white(
    ctx: Context,
    image: Image,
    *,
    method: Literal["shades_of_grey", "grey_world", "white_patch", "color"] = "shades_of_grey",
    color: Color = "white",
    strength: Level = 1.0,
) -> Image:
    """Remove the color of the light from an image, in linear light; its brightness stays.

    Args:
        image: Image to change; a grey one stays as it is.
        method: How the light is estimated: "grey_world" by the mean (Buchsbaum 1980), "shades_of_grey" by a mean of
            sixth powers (Finlayson and Trezzi 2004), "white_patch" by the brightest pixels (Land 1977); "color" takes
            a `color` of something that should be grey.
        color: Color in the image of something that should be grey or white; for "color".
        strength: How much of the change is made, from 0 to 1.
    """
    import numpy as np

    from studio_image.tone_curves import balance_white as balance

    light = np.array(parse_color(color)[:3], np.float32) if method == "color" else method
    return Image(balance(image.pixels, light, strength))


@node("image.apply_lut", check=check_inputs(check_color_table), origin="edited")
def apply_lut(
    ctx: Context,
    image: Image,
    lut_file: File,
    *,
    strength: Level = 1.0,
    interpolation: Literal["tetrahedral", "trilinear"] = "tetrahedral",
) -> Image:
    """Apply a color lookup table (LUT) to an image; alpha stays.

    Args:
        image: Image to change.
        lut_file: File in the .cube format (Adobe Cube LUT 1.0), of one or three dimensions.
        strength: How much of the change is made, from 0 to 1.
        interpolation: How colors between the table's are found: "tetrahedral" keeps greys grey.
    """
    from studio_image.color_table import apply_color_table, load_color_table

    table = load_color_table(lut_file.path, lut_file.digest)
    return Image(apply_color_table(image.pixels, table, strength, interpolation))
