"""Images from files, to files, and from nothing."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import (
    SRGB,
    Added,
    Color,
    Context,
    Field,
    File,
    Image,
    JsonValue,
    Migration,
    OutputPath,
    check_inputs,
    node,
    parse_color,
)
from studio_image.checks import (
    check_area,
    check_channels,
    check_image_name,
    check_image_profile,
    check_image_range,
    check_layer_names,
    check_layers_name,
)
from studio_image.color import ANY_COLOR
from studio_image.nodes.old_values import turn_to_top

Tag = Annotated[str, Field(max_length=1000), Added]
Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]


class Facts(NamedTuple):
    """What an image is.

    Attributes:
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        channels: Number of channels: 1 (grey), 3 (RGB) or 4 (RGBA).
        bits: Bits per sample: 8, 16, or 32 for float; the fewest that hold the samples exactly.
        facts: Width, height, channels and bits as a JSON mapping, with `megapixels`, `aspect` (width over height),
            `has_alpha`, and `color` unless it is sRGB.
    """

    width: int
    height: int
    channels: int
    bits: int
    facts: JsonValue


class Saved(NamedTuple):
    """A file that was written.

    Attributes:
        path: Path of the file, relative to the run's output folder.
    """

    path: str


@node("image.load", lane="io", code=2, origin="captured")
def load_image(
    ctx: Context,
    file: File,
    *,
    layer: Annotated[str, Field(max_length=255), Added] = "",
    window: Annotated[Literal["display", "data"], Added] = "display",
    dynamic_range: Annotated[Literal["sdr", "keep"], Added] = "sdr",
) -> Image:
    """Load an image from a file.

    EXIF orientation is applied and color profiles are converted to sRGB. Alpha and 16 bits per sample are kept. OpenEXR
    and floats above 1 stay linear light. A warning names what the file contains and the image does not.

    Args:
        file: Image file to read: PNG, JPEG, WebP, TIFF, OpenEXR or another format that Studio reads.
        layer: Layer, part or channel of an OpenEXR file, such as "specular" or "Z"; "" for its plain colors, or its
            only layer.
        window: Part of an OpenEXR file: what it says is shown ("display"), or all of its pixels ("data").
        dynamic_range: What becomes of PQ and HLG in PNG and AVIF: sRGB ("sdr"), or kept deep ("keep") for node types
            that take it, such as `image.resize` and `image.save`. Others get sRGB, with a warning.

    Raises:
        MediaError: E511 if the file cannot be read or lacks the layer; E513 if it needs a package.
    """
    from studio.api import ImageType, MediaLimits

    image, doubts = ImageType().read_layer(
        file.path, MediaLimits(), layer=layer, window=window, dynamic_range=dynamic_range
    )
    for doubt in doubts:
        ctx.log(doubt)
    return image


@node(
    "image.save",
    cache="never",
    lane="io",
    check=check_inputs(check_image_name, check_image_range, check_image_profile),
    version="2.0",
    migrations={1: Migration(outputs={"text": "path"})},
    encodings=ANY_COLOR,
)
def save_image(
    ctx: Context,
    image: Image,
    path: OutputPath,
    *,
    quality: Annotated[int | None, Field(ge=1, le=100)] = None,
    dynamic_range: Annotated[Literal["sdr", "pq", "hlg"], Added] = "sdr",
    max_kilobytes: Annotated[int | None, Field(ge=1, le=4_000_000, unit="kB"), Added] = None,
    dpi: Annotated[float | None, Field(ge=1, le=65_535, unit="pixels per inch"), Added] = None,
    profile: Annotated[Literal["none", "srgb", "display-p3"], Added] = "none",
    title: Tag = "",
    artist: Tag = "",
    copyright: Tag = "",
    description: Tag = "",
) -> Saved:
    """Save an image to a file beside the graph's outputs; the extension chooses the format.

    A graph's own outputs are written without this node. The file is written completely or not at all. OpenEXR holds
    linear light in the primaries of the image, as half floats where these are exact: `image.convert` rounds to them.

    Args:
        image: Image to write.
        path: Path of the file, relative to the run's output folder.
        quality: Quality for JPEG and WebP, from 1 (smallest) to 100 (best); null for the quality of the graph's
            outputs. JPEG draws a transparent image over white. Other formats are lossless.
        dynamic_range: Light of a PNG file: sRGB ("sdr"), or BT.2100 with 16 bits and its tags, as "pq" or "hlg"; light
            of sRGB white has 203 cd/m2.
        max_kilobytes: Most that the file may take, in thousands of bytes: JPEG and WebP get the highest quality, up to
            the given one, that fits, with the graph in the file and before it is signed. Null for any size.
        dpi: Size in print, as pixels per inch; the pixels stay. Null where the file does not say.
        profile: ICC profile in the file, to which the colors are converted. "none" means sRGB. "display-p3" keeps
            colors beyond sRGB that an image of that color space has.
        title: Name of the image, in XMP, EXIF and PNG text; empty for none.
        artist: Who made it; empty for none.
        copyright: Who holds the rights; empty for none.
        description: What it shows; empty for none.

    Raises:
        MediaError: E512 if the format cannot hold the image, its dpi or profile, if it takes more than max_kilobytes,
            or the file cannot be written.
    """
    from studio.api.image_tags import ImageTags
    from studio_image.save import find_loss, save

    check_image_name(path.name)
    check_image_range(dynamic_range, path.name)
    check_image_profile(profile, path.name, dpi, dynamic_range)
    if loss := find_loss(image, path, dynamic_range):
        ctx.log(loss)
    tags = ImageTags(title, artist, copyright, description, dpi, profile)
    save(image, path, quality, dynamic_range, tags, max_kilobytes)
    return Saved(path.name)


@node(
    "image.save_layers",
    cache="never",
    lane="io",
    check=check_inputs(check_layers_name, check_layer_names),
    encodings=ANY_COLOR,
)
def save_layers(
    ctx: Context,
    image: Image,
    layers: Annotated[list[Image], Field(min_length=1, max_length=256)],
    names: Annotated[list[str], Field(min_length=1, max_length=256)],
    path: OutputPath,
) -> Saved:
    """Save an image and more layers as one OpenEXR file beside the graph's outputs, such as the passes of a renderer.

    Layers hold linear light in the primaries of the first image, as half floats where these are exact, each for itself.
    `layer` of `image.load` reads each as it was.

    Args:
        image: Image that every program shows.
        layers: Further layers, all of the size of the image.
        names: Name of each of the layers, such as "diffuse" or "Z"; a grey layer is one channel of that name.
        path: Path of the file, relative to the run's output folder: .exr.

    Raises:
        MediaError: E512 for images of several sizes, names that are invalid or duplicate, and if the file cannot be
            written.
    """
    from studio_image.save import save_as_layers

    check_layers_name(path.name)
    check_layer_names(names, layers)
    save_as_layers([image, *layers], ["", *names], path)
    return Saved(path.name)


@node("image.info", encodings=ANY_COLOR)
def describe_image(ctx: Context, image: Image) -> Facts:
    """Return an image's size, channels and depth.

    Args:
        image: Image to describe.
    """
    bits = {"uint8": 8, "uint16": 16}.get(str(image.compact().dtype), 32)
    size = {"width": image.width, "height": image.height, "channels": image.channels, "bits": bits}
    more = {
        "megapixels": image.width * image.height / 1e6,
        "aspect": image.width / image.height,
        "has_alpha": image.channels == 4,
        **({} if image.color == SRGB else {"color": str(image.color)}),
    }
    return Facts(image.width, image.height, image.channels, bits, size | more)


@node("image.new", check=check_inputs(check_area, check_channels), origin="algorithmic")
def new_image(
    ctx: Context,
    *,
    width: Side = 1024,
    height: Side = 1024,
    color: Color = "white",
    channels: Literal["auto", "grey", "rgb", "rgba"] = "auto",
) -> Image:
    """Make an image of one color.

    Args:
        width: Width of the image.
        height: Height of the image.
        color: Color of the image: "#rrggbb", "#rrggbbaa", a CSS name or "transparent".
        channels: Channels of the image; "auto" is RGBA for a color with transparency, and RGB otherwise.
    """
    from studio_image.generate import fill

    parsed = parse_color(color)
    check_area(width, height)
    check_channels(color, channels)
    count = {"grey": 1, "rgb": 3, "rgba": 4}.get(channels, 4 if parsed[3] < 1 else 3)
    return Image(fill(width, height, parsed, count))


@node(
    "image.gradient",
    check=check_inputs(check_area),
    version="2.0",
    migrations={1: Migration(inputs={"course": "kind", "degrees": "angle"}, values={"angle": turn_to_top})},
    origin="algorithmic",
)
def create_gradient(
    ctx: Context,
    *,
    width: Side = 1024,
    height: Side = 1024,
    colors: Annotated[list[Color], Field(min_length=1, max_length=64)] = ["#0f2027", "#2c5364", "#f2c987"],  # noqa: B006  (never written to)
    kind: Literal["linear", "radial"] = "linear",
    angle: Annotated[float, Field(unit="degrees")] = 180.0,
    linear_light: bool = False,
) -> Image:
    """Draw a gradient, for backgrounds.

    Args:
        width: Width of the image.
        height: Height of the image.
        colors: Colors at equal distances, from the start to the end, or from the center to the corners.
        kind: Shape of the gradient: "linear" runs along the angle, "radial" from the center to the corners.
        angle: Direction of a linear gradient, clockwise as in CSS: 0 runs up, 90 to the right, 180 down.
        linear_light: Mix the colors in linear light instead of encoded values; colors in between are brighter.
    """
    from studio_image.generate import draw_gradient

    check_area(width, height)
    stops = [parse_color(color) for color in colors]
    return Image(draw_gradient(width, height, stops, kind, (90.0 - angle) % 360.0, linear_light=linear_light))


@node("image.noise", check=check_inputs(check_area), origin="algorithmic")
def create_noise(
    ctx: Context,
    *,
    width: Side = 1024,
    height: Side = 1024,
    kind: Literal["white", "gaussian", "clouds"] = "white",
    scale: Annotated[float, Field(ge=1, le=65_535, unit="pixels")] = 128.0,
    monochrome: bool = True,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> Image:
    """Make an image of noise.

    Args:
        width: Width of the image.
        height: Height of the image.
        kind: Kind of noise: "white" (uniform in [0, 1]), "gaussian" (mean 0.5, deviation 1/6) or "clouds" (octaves of
            value noise).
        scale: Size of the largest clouds; only for "clouds".
        monochrome: Make one grey channel instead of three colors.
        seed: Seed of the noise; another seed gives different noise.
    """
    from studio_image.generate import make_noise

    check_area(width, height)
    return Image(make_noise(width, height, kind, scale, 1 if monochrome else 3, ctx.rng(seed)))
