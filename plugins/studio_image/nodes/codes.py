"""Images drawn from descriptions: SVG documents and QR codes."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, File, Image, MediaError, check_inputs, node, parse_color
from studio_image.color import Ink
from studio_image.qr_level import Level

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]


def check_source(svg: str | None, svg_file: File | None) -> None:
    """Raise MediaError E507 unless there is one document."""
    if (svg is None) == (svg_file is None):
        found = "no SVG was given" if svg is None else "both 'svg' and 'svg_file' are given"
        raise MediaError("E507", found, hint="give one of them")


@node("image.draw_svg", check=check_inputs(check_source), origin="edited")
def draw_svg(
    ctx: Context,
    *,
    svg: Annotated[str | None, Field(max_length=8_000_000)] = None,
    svg_file: File | None = None,
    width: Side | None = None,
    height: Side | None = None,
) -> Image:
    """Draw an SVG, such as a logo or an icon, as an image with transparency, at any size without loss of sharpness.

    `image.composite` lays it over others. The drawing may embed PNG, JPEG, GIF and WebP images; a reference to a file
    or an address is an error. Text is drawn in fonts that come with Studio: "League Spartan", "EB Garamond",
    "Bebas Neue", and "DejaVu Sans" for all others. It needs `pip install 'studio[drawing]'`.

    Args:
        svg: SVG document as text, such as one that `logic.template` fills.
        svg_file: SVG file, instead of `svg`.
        width: Largest width of the result; null follows from the height, or the drawing's own size.
        height: Largest height of the result; null follows from the width, or the drawing's own size.

    Raises:
        MediaError: E514 for a document that is invalid, refers to files or takes too long, E513 without resvg-py.
    """
    from studio_image.svg import draw_svg as draw
    from studio_image.svg_safety import read_svg

    check_source(svg, svg_file)
    text = svg if svg is not None else read_svg(svg_file.path)  # type: ignore[union-attr]  # one is given
    ctx.step(0, 1)
    return Image(draw(text, width, height))


@node("image.qr_code", origin="edited")
def draw_qr_code(
    ctx: Context,
    text: Annotated[str, Field(min_length=1, max_length=8000)],
    *,
    size: Annotated[int, Field(ge=21, le=16_384, unit="pixels")] = 512,
    error_correction: Level = "medium",
    quiet_zone: Annotated[int, Field(ge=0, le=40)] = 4,
    color: Ink = "black",
    background: Ink = "white",
) -> Image:
    """Draw a QR code (ISO/IEC 18004) of a text, such as an address; every module is a whole number of pixels.

    It needs `pip install 'studio[drawing]'`.

    Args:
        text: Text to encode, up to 2953 bytes; less with more error correction.
        size: Width and height of the image.
        error_correction: Share of the code that may be damaged: 7 % ("low"), 15 % ("medium"), 25 % ("quartile") or
            30 % ("high"). "high" survives a logo in the middle.
        quiet_zone: Empty space on each side, at least, in modules; readers expect 4.
        color: Color of the dark modules.
        background: Color of the light modules and the quiet zone; may be transparent.

    Raises:
        MediaError: E507 if the text is too long, or the size too small for it, E513 without segno.
    """
    import numpy as np

    from studio_image.qr_code import create_modules, place_modules

    dark = place_modules(create_modules(text, error_correction), size, quiet_zone)
    inks = np.array([parse_color(background), parse_color(color)], np.float32)
    channels = 4 if (inks[:, 3] < 1).any() else 3
    return Image(np.rint(inks[:, :channels] * 255).astype(np.uint8)[dark.astype(np.intp)])
