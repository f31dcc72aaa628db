"""Blur, sharpening, edges and grain."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Added, Channels, Context, Field, Grammar, Image, JsonValue, Migration, check_inputs, node
from studio_image.checks import check_median
from studio_image.kernel import parse_kernel

Kernel = Annotated[JsonValue, Grammar("rows of numbers", parse_kernel)]


@node("image.blur", check=check_inputs(check_median), origin="edited")
def blur_image(
    ctx: Context,
    image: Image,
    *,
    radius: Annotated[float, Field(ge=0, le=2000, unit="pixels")] = 4.0,
    kind: Literal["gaussian", "box", "median"] = "gaussian",
) -> Image:
    """Blur an image; transparent edges get no fringes, and edges are mirrored.

    A Gaussian blur with a radius over 16 pixels is computed on a smaller copy, so its time does not grow with the
    radius.

    Args:
        image: Image to blur.
        radius: Strength of the blur: standard deviation for "gaussian", half the side of the square for "box" and
            "median" (at most 127). A median over 2 pixels works on 8-bit levels.
        kind: Kind of blur: "gaussian", "box", or "median", which removes specks and keeps edges.
    """
    from studio_image.blur import blur

    check_median(radius, kind)
    return Image(blur(image.pixels, radius, kind)) if radius > 0 else image


@node("image.sharpen", origin="edited")
def sharpen_image(
    ctx: Context,
    image: Image,
    *,
    radius: Annotated[float, Field(ge=0, le=200, unit="pixels")] = 1.5,
    amount: Annotated[float, Field(ge=0, le=20, unit="factor")] = 0.8,
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.0,
    kind: Annotated[Literal["unsharp", "adaptive"], Added] = "unsharp",
) -> Image:
    """Sharpen an image by unsharp masking, or by the contrast of each pixel's neighbors; alpha stays.

    "adaptive" is contrast adaptive sharpening (AMD FidelityFX CAS 2019): it sharpens soft parts more than strong edges
    and makes no halos; the outermost pixels stay as they are.

    Args:
        image: Image to sharpen.
        radius: Standard deviation of the blur that unsharp masking subtracts; "adaptive" looks at 3 x 3 pixels.
        amount: Strength of the sharpening. For "unsharp" 0 changes nothing; "adaptive" goes from 0, its least, to 1.
        threshold: Smallest difference that "unsharp" sharpens, so that noise is not.
        kind: Kind of sharpening.
    """
    from studio_image.sharpen import sharpen, sharpen_adaptively

    if kind == "adaptive":
        return Image(sharpen_adaptively(image.pixels, min(amount, 1.0)))
    return Image(sharpen(image.pixels, radius, amount, threshold)) if radius > 0 and amount > 0 else image


@node(
    "image.edges",
    version="2.0",
    migrations={1: Migration(inputs={"low": "low_threshold", "high": "high_threshold", "blur": "sigma"})},
    origin="edited",
)
def detect_edges(
    ctx: Context,
    image: Image,
    *,
    low_threshold: Annotated[float, Field(ge=0, le=1)] = 0.08,
    high_threshold: Annotated[float, Field(ge=0, le=1)] = 0.2,
    sigma: Annotated[float, Field(ge=0, le=100, unit="pixels")] = 1.0,
) -> Annotated[Image, Channels(1)]:
    """Find edges (Canny 1986) as white lines, one pixel wide, on black; computed from the luma at 8 bits.

    Args:
        image: Image to find edges in.
        low_threshold: Smallest gradient that continues an edge; 1 is a step from black to white.
        high_threshold: Smallest gradient that starts an edge; 1 is a step from black to white.
        sigma: Standard deviation of a Gaussian blur before the search.
    """
    from studio_image.detect_edges import detect_edges as detect

    return Image(detect(image.pixels, low_threshold, high_threshold, sigma))


@node("image.convolve", origin="edited")
def convolve_image(
    ctx: Context,
    image: Image,
    kernel: Kernel,
    *,
    normalize: bool = True,
    offset: Annotated[float, Field(ge=-1, le=1, unit="share")] = 0.0,
) -> Image:
    """Filter an image by a kernel: each pixel becomes a sum of its neighbors times numbers; alpha stays.

    For example `[[0, -1, 0], [-1, 5, -1], [0, -1, 0]]` sharpens, and `[[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]` with an
    `offset` of 0.5 embosses. Edges are mirrored.

    Args:
        image: Image to filter.
        kernel: Rows of numbers, an odd number of rows and of columns, up to 31 x 31. It lies over the image as it is
            written, its middle on the pixel.
        normalize: Divide by the sum of the numbers, so that the brightness stays; a sum of 0 changes nothing.
        offset: What is added to each color afterwards: 0.5 shows sums below 0 as dark grey.

    Raises:
        MediaError: E507 for an invalid kernel.
    """
    from studio_image.convolve import convolve

    return Image(convolve(image.pixels, kernel, normalize=normalize, offset=offset))


@node("image.add_noise", origin="edited")
def add_noise(
    ctx: Context,
    image: Image,
    *,
    amount: Annotated[float, Field(ge=0, le=1)] = 0.05,
    kind: Literal["gaussian", "uniform", "salt_pepper"] = "gaussian",
    monochrome: bool = False,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> Image:
    """Add noise or film grain to an image; alpha stays.

    Args:
        image: Image to change.
        amount: Strength of the noise: its standard deviation, or for "salt_pepper" the share of samples that turn black
            or white.
        kind: Distribution of the noise.
        monochrome: Add the same noise to all color channels, like film grain.
        seed: Seed of the noise; another seed gives different noise.
    """
    from studio_image.generate import add_grain

    return Image(add_grain(image.pixels, amount, kind, monochrome=monochrome, rng=ctx.rng(seed)))
