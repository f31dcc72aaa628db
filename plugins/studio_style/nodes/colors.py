"""Node types that change colors and leave the drawing as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from studio.api import Context, Field, Image, MediaError, Migration, check_inputs, node
from studio_style.checks import check_sources

if TYPE_CHECKING:
    from studio_style.color_match import FloatArray

_LEAST_ALPHA = 0.02


@node("style.color_transfer", version="1.1", code=1, origin="edited")
def transfer_color(
    ctx: Context,
    content: Image,
    style: Image,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    method: Literal["linear", "sliced"] = "linear",
    keep_luma: bool = False,
) -> Image:
    """Transfer the colors of another image to an image, and keep its shapes.

    "linear" is the Monge-Kantorovitch map between the two color distributions (Pitie and Kokaram 2007) with part of the
    tones. "sliced" transfers the whole distribution by sliced optimal transport, with regraining (Pitie et al. 2007).

    Args:
        content: Image to recolor; its alpha is kept.
        style: Image with the colors to use; its alpha is ignored.
        strength: Strength of the transfer: 0 gives the content, 1 the full transfer.
        method: Method: "linear" is gentle; "sliced" transfers every color of the style, in its amount.
        keep_luma: Change only the chroma, and keep light and dark.
    """
    from studio_style.color_match import match_colors
    from studio_style.color_transport import keep_luma as restore_luma
    from studio_style.color_transport import match_distribution
    from studio_style.images import join_alpha, read_rgb

    ctx.step(0, 1)
    pixels = read_rgb(content)
    moved = (match_colors if method == "linear" else match_distribution)(pixels, read_rgb(style))
    if keep_luma:
        moved = restore_luma(moved, pixels)
    return join_alpha(pixels + strength * (moved - pixels), content)


@node(
    "style.colorize",
    code=2,
    check=check_inputs(check_sources),
    version="2.0",
    migrations={1: Migration(inputs={"strength": "saturation"})},
    origin="edited",
)
def colorize_image(
    ctx: Context,
    image: Image,
    *,
    exemplar: Image | None = None,
    scribbles: Image | None = None,
    saturation: Annotated[float, Field(ge=0, le=2, unit="factor")] = 1.0,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Image:
    """Color a black-and-white image from another image or from scribbles; the luma stays.

    Scribbles spread over pixels of similar luma (Levin, Lischinski and Weiss 2004). An exemplar gives its colors to
    pixels of similar luma, texture and place (Welsh et al. 2002). Uncertain pixels get the colors of their certain
    neighbors. Objects are not recognized, so use an exemplar of the same kind of scene. With both, the exemplar colors
    pixels far from scribbles.

    Args:
        image: Image to color; its own colors are ignored and its alpha is kept.
        exemplar: Image with the colors to use, of any size.
        scribbles: Image of the same size with colors painted where they belong, transparent elsewhere.
        saturation: Factor for the saturation of the result; 1 changes nothing.
        seed: Seed that chooses the samples of the exemplar.

    Raises:
        MediaError: E684 if there is neither exemplar nor scribbles, or scribbles that cannot be used.
    """
    from studio_style.color_match import compute_luma
    from studio_style.colorize import borrow_colors, colorize, join_chroma, read_chroma
    from studio_style.images import join_alpha, read_rgb

    check_sources(exemplar, scribbles)
    luma = compute_luma(read_rgb(image))

    def tick() -> None:
        ctx.step(0, 0)

    tick()
    given = None if scribbles is None else _check_scribbles(image, scribbles)
    chroma = None if exemplar is None else borrow_colors(luma, read_rgb(exemplar), seed=seed, tick=tick)
    if given is not None and scribbles is not None:
        chroma = colorize(luma, read_chroma(read_rgb(scribbles)), given, chroma, tick)
    assert chroma is not None
    return join_alpha(join_chroma(luma, saturation * chroma), image)


def _check_scribbles(image: Image, scribbles: Image) -> FloatArray:
    if scribbles.channels != 4:
        raise MediaError(
            "E684",
            "the scribbles have no alpha, so their place is unknown",
            hint="paint them on a transparent image, or use image.apply_mask",
        )
    if (scribbles.width, scribbles.height) != (image.width, image.height):
        sizes = f"{scribbles.width} x {scribbles.height} and the image {image.width} x {image.height}"
        raise MediaError("E684", f"the scribbles are {sizes}", hint="resize them with image.resize, method nearest")
    given = scribbles.pixels[:, :, 3]
    if not (given > _LEAST_ALPHA).any():
        raise MediaError("E684", "the scribbles are transparent everywhere", hint="paint some color on them")
    return given
