"""Text on images."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from studio.api import Added, Anchor, Color, Context, Field, File, Image, Migration, check_inputs, node, parse_color
from studio_image.checks import check_font
from studio_image.color import ColorOrAuto, Ink
from studio_image.nodes.old_values import zero_to_auto

FontName = Literal["sans", "sans_bold", "serif", "display", "universal"]
Shift = Annotated[float, Field(ge=-1_000_000, le=1_000_000, unit="pixels")]
BoxSide = Annotated[float | None, Field(gt=0, le=1_000_000, unit="pixels"), Added]
Ems = Annotated[float, Field(ge=0, le=10, unit="em")]


@node(
    "image.draw_text",
    check=check_inputs(check_font),
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "size": "font_size",
                "x": "offset_x",
                "y": "offset_y",
                "box": "background",
                "box_radius": "background_radius",
            }
        )
    },
    origin="edited",
)
def draw_text(
    ctx: Context,
    image: Image,
    text: Annotated[str, Field(max_length=20_000)],
    *,
    font_size: Annotated[float, Field(ge=1, le=8192, unit="pixels")] = 48.0,
    color: Color = "white",
    font: FontName = "sans",
    font_file: File | None = None,
    anchor: Anchor = "center",
    offset_x: Shift = 0.0,
    offset_y: Shift = 0.0,
    margin: Annotated[float, Field(ge=0, le=65_535, unit="pixels")] = 16.0,
    align: Literal["auto", "left", "center", "right"] = "auto",
    wrap_width: Annotated[float | None, Field(ge=0, le=1_000_000, unit="pixels")] = None,
    leading: Annotated[float, Field(ge=0.1, le=10, unit="em")] = 1.25,
    tracking: Annotated[float, Field(ge=-0.5, le=10, unit="em")] = 0.0,
    outline: Annotated[float, Field(ge=0, le=500, unit="pixels")] = 0.0,
    outline_color: Color = "black",
    shadow: Ink | None = None,
    shadow_offset: Ems = 0.05,
    shadow_blur: Ems = 0.06,
    background: Ink | None = None,
    padding: Ems = 0.4,
    background_radius: Ems = 0.2,
    fit: Literal["none", "shrink"] = "none",
    box_width: BoxSide = None,
    box_height: BoxSide = None,
) -> Image:
    """Draw text on an image, with kerning, antialiasing, line breaks and wrapping.

    Characters that the font does not have come from the font "universal". Those that it does not have either become an
    empty box, and a warning names them. Right-to-left and joined scripts need the system library fribidi.

    Args:
        image: Image to draw on; a grey image becomes RGB if the text has a color.
        text: Text to draw; line breaks are kept.
        font_size: Size of the font (height of the em).
        color: Color of the letters; may be partly transparent.
        font: Font: "sans" and "sans_bold" (League Spartan), "serif" (EB Garamond), "display" (Bebas Neue, capitals
            only) or "universal" (DejaVu Sans).
        font_file: TrueType or OpenType file to use instead of `font`.
        anchor: Place of the text on the image.
        offset_x: Shift of the text to the right from the anchor.
        offset_y: Shift of the text down from the anchor.
        margin: Smallest distance between the text and the image's edges.
        align: Alignment of lines; "auto" follows the anchor.
        wrap_width: Width at which lines wrap; null for the image's width less the margins, 0 never wraps.
        leading: Distance between lines.
        tracking: Extra space between letters.
        outline: Width of a line around the letters; 0 for none.
        outline_color: Color of the outline.
        shadow: Color of a soft shadow, such as "#000000a0"; null for none.
        shadow_offset: Distance of the shadow to the right and down.
        shadow_blur: Standard deviation of the shadow's blur.
        background: Color of a box behind the text, such as "#00000080"; null for none.
        padding: Space between the text and the edge of the box behind it.
        background_radius: Radius of the corners of the box behind the text.
        fit: "shrink" makes the text smaller until it fits inside the margins; "none" keeps `font_size`.
        box_width: Width of a box at the anchor into which the text is wrapped and made smaller until it fits, with its
            padding; null for the image's width less the margins.
        box_height: Height of that box; null for the image's height less the margins.
    """
    from studio_image import draw_text as drawing
    from studio_image.typeset import Style, load_fonts, warn_about

    style = Style(load_fonts(font, font_file.path if font_file else None), font_size, tracking, leading)
    decoration = drawing.Decoration(
        outline,
        parse_color(outline_color),
        parse_color(shadow) if shadow else None,
        shadow_offset * font_size,
        shadow_blur * font_size,
        parse_color(background) if background else None,
        padding * font_size,
        background_radius * font_size,
    )
    side = "left" if "left" in anchor else "right" if "right" in anchor else "center"
    result, block, excess = drawing.draw_text(
        image.pixels,
        text,
        style,
        parse_color(color),
        align=side if align == "auto" else align,  # type: ignore[arg-type]
        anchor=anchor,
        shift=(offset_x, offset_y),
        margin=margin,
        wrap_width=wrap_width,
        decoration=decoration,
        shrinks=fit == "shrink" or box_width is not None or box_height is not None,
        box=(box_width, box_height),
    )
    warn_about([block], ctx.log)
    room = 2 * decoration.padding if background else 0.0
    if block.width + room > (box_width or math.inf) + 0.5 or block.height + room > (box_height or math.inf) + 0.5:
        ctx.log(
            f"the text does not fit its box and takes {block.width + room:.0f}x{block.height + room:.0f} pixels: "
            "give a larger box, or less text or padding"
        )
    if excess > 0.5:
        ctx.log(f"the text runs off the image by {excess:.0f} pixels: set fit to 'shrink', or give a smaller font_size")
    return Image(result)


@node(
    "image.caption",
    check=check_inputs(check_font),
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "style": "layout",
                "position": "anchor",
                "band_color": "background",
                "text_color": "color",
                "size": "font_scale",
            },
            values={"font_scale": zero_to_auto},
        )
    },
    origin="edited",
)
def caption_image(
    ctx: Context,
    image: Image,
    text: Annotated[str, Field(max_length=2000)],
    *,
    subtitle: Annotated[str, Field(max_length=2000)] = "",
    layout: Literal["band", "overlay", "print"] = "band",
    anchor: Literal["top", "bottom"] = "bottom",
    align: Literal["left", "center", "right"] = "center",
    font_scale: Annotated[float | None, Field(gt=0, le=0.5, unit="share")] = None,
    background: ColorOrAuto = "auto",
    color: ColorOrAuto = "auto",
    font: FontName = "serif",
    font_file: File | None = None,
) -> Image:
    """Add a caption to an image, as on a poster: a title, a thin line and a subtitle in capitals.

    The title is wrapped to at most three lines of similar length, and made smaller until it fits.

    Args:
        image: Image to caption.
        text: Title; line breaks are kept.
        subtitle: Smaller line below the title, in spaced capitals; empty for none.
        layout: Place for the text: "band" adds a strip of color, "overlay" draws over the image's edge on a color
            gradient, "print" adds a paper margin on all sides.
        anchor: Edge of the image with the text.
        align: Alignment of the text.
        font_scale: Font size of the title as a share of the image's width; null for a size that fits.
        background: Color behind the text; "auto" is a dark color of the image, or paper for "print".
        color: Color of the title; "auto" is near black or near white, whichever is easier to read.
        font: Font of the title: "sans", "sans_bold", "serif", "display" (capitals only) or "universal".
        font_file: TrueType or OpenType file to use instead of `font`.
    """
    from studio_image.caption import Look, add_caption
    from studio_image.typeset import load_fonts, warn_about

    if not text.strip() and not subtitle.strip():
        return image
    look = Look(layout, anchor, align, font_scale or 0.0, background, color)
    fonts = load_fonts(font, font_file.path if font_file else None)
    result, blocks = add_caption(image.pixels, text, subtitle, look, fonts, load_fonts("sans"))
    warn_about(blocks, ctx.log)
    return Image(result)
