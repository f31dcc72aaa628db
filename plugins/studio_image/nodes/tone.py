"""Tones, colors, channels and depth changed or measured."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import (
    SRGB,
    Added,
    Channels,
    Color,
    Context,
    Field,
    Image,
    JsonValue,
    Mask,
    Migration,
    check_inputs,
    convert_color,
    describe_conversion,
    node,
    parse_color,
)
from studio_image.color import ANY_COLOR, place_color
from studio_image.nodes.old_values import read_bits

Grey = Annotated[Image, Channels(1)]
Amount = Annotated[float, Field(ge=-1, le=1, unit="share")]


class Thresholded(NamedTuple):
    """An image in black and white.

    Attributes:
        image: Grey image of zeros and ones.
        mask: Mask of the white pixels.
        threshold: Luma that separates dark and light, from 0 to 1.
    """

    image: Grey
    mask: Mask
    threshold: float


class Histogram(NamedTuple):
    """How often each level occurs.

    Attributes:
        counts: JSON by channel ("red", "green", "blue", "alpha", "grey", "luma"): `counts` (a list, dark to bright),
            and `mean`, `deviation`, `minimum`, `maximum` and `median`, from 0 to 1.
        plot: Plot of the histogram.
    """

    counts: JsonValue
    plot: Annotated[Image, Channels(3)]


class Split(NamedTuple):
    """The channels of an image; those of a grey one are equal, and without alpha the mask is full.

    Attributes:
        red: Red channel as a grey image.
        green: Green channel as a grey image.
        blue: Blue channel as a grey image.
        alpha: Alpha channel as a mask.
    """

    red: Grey
    green: Grey
    blue: Grey
    alpha: Mask


@node("image.adjust", origin="edited")
def adjust_image(
    ctx: Context,
    image: Image,
    *,
    exposure: Annotated[float, Field(ge=-10, le=10, unit="stops")] = 0.0,
    brightness: Annotated[float, Field(ge=0, le=10, unit="factor")] = 1.0,
    contrast: Annotated[float, Field(ge=0, le=10, unit="factor")] = 1.0,
    saturation: Annotated[float, Field(ge=0, le=10, unit="factor")] = 1.0,
    hue: Annotated[float, Field(ge=-360, le=360, unit="degrees")] = 0.0,
    gamma: Annotated[float, Field(ge=0.05, le=20, unit="factor")] = 1.0,
    temperature: Annotated[float, Field(ge=-4, le=4, unit="stops"), Added] = 0.0,
    tint: Annotated[float, Field(ge=-4, le=4, unit="stops"), Added] = 0.0,
    vibrance: Annotated[Amount, Added] = 0.0,
    highlights: Annotated[Amount, Added] = 0.0,
    shadows: Annotated[Amount, Added] = 0.0,
) -> Image:
    """Change exposure, brightness, contrast, saturation, hue and gamma, in this order; alpha stays.

    Brightness, contrast, saturation and hue are those of W3C Filter Effects Module Level 1. White balance and tones are
    changed first, vibrance last.

    Args:
        image: Image to change.
        exposure: Change of exposure in linear light; 1 doubles the light.
        brightness: Factor for brightness, on the encoded values; 1 changes nothing.
        contrast: Factor for contrast around middle grey; 0 gives grey, 1 changes nothing.
        saturation: Factor for saturation; 0 gives grey, 1 changes nothing.
        hue: Rotation of the hue on the color wheel.
        gamma: Gamma: each encoded value gets the exponent 1 / gamma; above 1 shadows become brighter.
        temperature: Red over blue, in linear light; above 0 warmer, below 0 colder. A grey image becomes RGB.
        tint: Red and blue over green, in linear light; above 0 magenta, below 0 green. A grey image becomes RGB.
        vibrance: Saturation of dull colors, from -1 to 1; strong colors change less.
        highlights: Brightness of bright parts, from -1 to 1; white stays.
        shadows: Brightness of dark parts, from -1 to 1; black stays.
    """
    from studio_image import adjust as tones

    pixels = image.pixels
    if temperature or tint:
        pixels = tones.shift_white(pixels, temperature, tint)
    if highlights or shadows:
        pixels = tones.change_tones(pixels, highlights, shadows)
    pixels = tones.adjust(
        pixels,
        exposure=exposure,
        brightness=brightness,
        contrast=contrast,
        saturation=saturation,
        hue=hue,
        gamma=gamma,
    )
    return Image(tones.add_vibrance(pixels, vibrance) if vibrance else pixels)


@node("image.invert", origin="edited")
def invert_image(ctx: Context, image: Image) -> Image:
    """Invert the colors of an image; alpha and depth stay.

    Args:
        image: Image to invert.
    """
    from studio_image.convert import invert

    return Image(invert(image.stored))


@node(
    "image.threshold",
    version="2.0",
    migrations={1: Migration(inputs={"level": "threshold"}, outputs={"level": "threshold"})},
    origin="edited",
)
def threshold_image(
    ctx: Context, image: Image, *, threshold: Annotated[float | None, Field(ge=0, le=1)] = None
) -> Thresholded:
    """Turn an image into black and white by its luma.

    Args:
        image: Image to threshold; alpha is ignored.
        threshold: Luma from which a pixel is white; null finds the level that separates dark and light best (Otsu
            1979).
    """
    from studio_image.pixels import compute_luma
    from studio_image.select import find_threshold, select_luma

    if threshold is None:
        threshold = find_threshold(compute_luma(image.pixels))
    chosen = select_luma(image.pixels, threshold, threshold)
    return Thresholded(Image(chosen), Mask(chosen), threshold)


@node(
    "image.convert",
    version="2.0",
    migrations={1: Migration(inputs={"colors": "channels", "bits": "depth"}, values={"depth": read_bits})},
    origin="edited",
    encodings=ANY_COLOR,
)
def convert_image(
    ctx: Context,
    image: Image,
    *,
    channels: Literal["keep", "grey", "rgb", "rgba"] = "keep",
    background: Color = "white",
    depth: Literal["keep", "uint8", "uint16", "float16", "float32"] = "keep",
) -> Image:
    """Change an image's channels and depth.

    Linear and log images keep their color space, but those of 8 and 16 bits become sRGB, with a warning of what is
    clipped.

    Args:
        image: Image to convert.
        channels: Channels of the result: "grey" is ITU-R BT.601 luma; "rgba" adds an opaque alpha; "keep" changes
            nothing.
        background: Color behind the image when its alpha channel is removed; the alpha of this color is ignored.
        depth: Depth of the samples: "uint8" rounds to 8 bits, "uint16" to 16, "float16" to half floats, which OpenEXR
            files then have; "keep" and "float32" do not round.
    """
    from studio_image.convert import convert_channels, convert_depth

    if depth in ("uint8", "uint16") and image.color != SRGB:
        ctx.log(describe_conversion(image))
        image = convert_color(image)
    ground = place_color(parse_color(background), image.color)
    kept = channels == "keep" or {"grey": 1, "rgb": 3, "rgba": 4}[channels] == image.channels
    if kept and depth in ("keep", "float32"):
        return image
    pixels = image.pixels if kept else convert_channels(image.pixels, channels, ground, image.color)
    return Image(convert_depth(pixels, depth), color=image.color)


def check_spaces(source: str, target: str) -> None:
    """Raise MediaError for a color space that nothing has."""
    from studio_image.color_spaces import check_name

    check_name(source)
    check_name(target)


@node("image.convert_color", check=check_inputs(check_spaces), origin="edited", encodings=ANY_COLOR)
def convert_image_color(
    ctx: Context,
    image: Image,
    *,
    target: Annotated[str, Field(max_length=100)] = "sRGB",
    source: Annotated[str, Field(max_length=100)] = "",
    display: Annotated[str, Field(max_length=100)] = "",
    view: Annotated[str, Field(max_length=100)] = "",
) -> Image:
    """Convert an image to another color space, or make it look as a display shows it.

    Known without the extra `studio[vfx]` are sRGB, Display P3, ACEScg, ACES2065-1, ACEScct, Linear Rec.709 (sRGB),
    Linear Rec.2020, Linear P3-D65, Linear AdobeRGB, Rec.2100-PQ and Rec.2100-HLG. With it, OpenColorIO's ACES 2.0
    configuration for studios adds color spaces of cameras to convert from, and displays with their views.

    Args:
        image: Image to convert.
        target: Color space of the result, by its name or an alias in OpenColorIO; capitals do not count.
        source: Color space that the samples are in, such as "ARRI LogC4"; "" for the one that the image says.
        display: Display that the result is for, such as "sRGB", instead of a target; its view maps tones.
        view: View of the display, such as "ACES 2.0 - SDR 100 nits (Rec.709)"; "" for the display's default.

    Raises:
        MediaError: E509 for an unknown name; E513 for a name that needs the extra.
    """
    from studio_image.color_spaces import convert

    return convert(image, source, target, display, view)


@node("image.histogram", origin="algorithmic")
def measure_histogram(
    ctx: Context,
    image: Image,
    *,
    bins: Annotated[int, Field(ge=2, le=65_536)] = 256,
    width: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 640,
    height: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 320,
) -> Histogram:
    """Count how often each level occurs in each channel, and draw a plot.

    Args:
        image: Image to measure.
        bins: Number of levels from 0 to 1; 256 counts 8-bit levels exactly.
        width: Width of the plot.
        height: Height of the plot; bars are square roots of the counts.
    """
    from studio_image.histogram import measure_channels, plot_histogram

    measures = measure_channels(image.pixels, bins)
    return Histogram(measures, Image(plot_histogram(measures, width, height)))


@node("image.split_channels", origin="edited", encodings=ANY_COLOR)
def split_channels(ctx: Context, image: Image) -> Split:
    """Split an image into its channels.

    Args:
        image: Image to split.
    """
    import numpy as np

    stored, color = image.stored, image.color
    red, green, blue = (Image(stored[:, :, min(index, image.channels - 1)], color=color) for index in range(3))
    full = np.full(stored.shape[:2], 255, np.uint8)
    return Split(red, green, blue, Mask(stored[:, :, 3] if image.channels == 4 else full))


@node("image.merge_channels", origin="edited", encodings=ANY_COLOR)
def merge_channels(
    ctx: Context, red: Grey, green: Grey, blue: Grey, *, alpha: Mask | None = None
) -> Annotated[Image, Channels(3, 4)]:
    """Merge channels into an RGB image, or into RGBA with a mask for alpha.

    The image has the color space of the red channel; green and blue are converted to it.

    Args:
        red: Grey image for the red channel.
        green: Grey image for the green channel, of the same size.
        blue: Grey image for the blue channel, of the same size.
        alpha: Mask for the alpha channel, of the same size; null for an RGB image.
    """
    import numpy as np

    from studio_image.bounds import check_same_size

    green, blue = convert_color(green, red.color), convert_color(blue, red.color)
    planes = [red.pixels[:, :, 0], green.pixels[:, :, 0], blue.pixels[:, :, 0]]
    planes += [alpha.pixels] if alpha is not None else []
    for name, plane in zip(("green", "blue", "alpha"), planes[1:], strict=False):
        check_same_size((plane.shape[1], plane.shape[0]), (red.width, red.height), name, "red")
    return Image(np.stack(planes, axis=2), color=red.color)
