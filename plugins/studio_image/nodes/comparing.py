"""Numbers about images: differences and main colors."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, Image, node


class Difference(NamedTuple):
    """How much two images differ.

    Attributes:
        psnr: Peak signal-to-noise ratio in dB; 100 for equal images.
        ssim: Structural similarity (Wang et al. 2004), 1 for equal images.
        delta_e: Mean color distance (CIE 1976); about 2.3 is just noticeable.
    """

    psnr: float
    ssim: float
    delta_e: float


class Palette(NamedTuple):
    """The main colors of an image.

    Attributes:
        colors: Colors as "#rrggbb", the most frequent first.
        shares: Share of each color in the image, from 0 to 1.
    """

    colors: list[str]
    shares: list[float]


@node("image.measure")
def measure_difference(ctx: Context, image: Image, other: Image) -> Difference:
    """Measure how much an image differs from another of the same size.

    Args:
        image: Image to compare.
        other: Image to compare it with; if the channels differ, both get the larger number.
    """
    from studio_image import measures
    from studio_image.bounds import check_same_size
    from studio_image.pixels import match_channels

    check_same_size((other.width, other.height), (image.width, image.height), "the other image", "the image")
    count = max(image.channels, other.channels)
    first, second = (match_channels(each.pixels, count) for each in (image, other))
    return Difference(
        measures.measure_psnr(first, second),
        measures.measure_ssim(first, second),
        measures.measure_delta_e(first, second),
    )


@node("image.palette")
def find_palette(ctx: Context, image: Image, *, color_count: Annotated[int, Field(ge=1, le=64)] = 6) -> Palette:
    """Find the main colors of an image (median cut, Heckbert 1982), for backgrounds and letters that match it.

    Args:
        image: Image to look at; transparent pixels are not counted.
        color_count: Largest number of colors.
    """
    from studio_image import measures

    found = measures.find_palette(image.pixels, color_count)
    return Palette([color for color, _ in found], [share for _, share in found])
