"""The node type `style.transfer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from studio.api import (
    Context,
    Field,
    Image,
    Mask,
    MediaError,
    Migration,
    Model,
    ModelError,
    ModelKinds,
    check_inputs,
    node,
)
from studio_style.checks import check_method, check_weights

if TYPE_CHECKING:
    from studio_style.color_match import FloatArray
    from studio_style.style_set import StyleSet

_PREVIEW_STEPS = 4
Weights = Annotated[list[float], Field(max_length=8)]


def find_origin(inputs: Mapping[str, Any]) -> str:
    """Return what a style transfer does: some methods compute with patches or colors, others with a trained network."""
    return "altered" if inputs["method"] in ("neural", "adain") else "edited"


@node(
    "style.transfer",
    version="2.0",
    code=4,
    lane="device",
    check=check_inputs(check_weights, check_method),
    migrations={1: Migration(inputs={"weights": "style_weights", "steps": "iterations"})},
    origin=find_origin,
)
def transfer_style(
    ctx: Context,
    content: Image,
    style: Image,
    *,
    more_styles: Annotated[list[Image], Field(max_length=7)] | None = None,
    style_weights: Weights | None = None,
    method: Literal["patch", "neural", "adain", "color"] = "patch",
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    stroke_scale: Annotated[float, Field(ge=0.25, le=4, unit="factor")] = 1.0,
    keep_colors: bool = False,
    quality: Literal["draft", "standard", "fine"] = "standard",
    mask: Mask | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    model: Annotated[Model, ModelKinds("vgg", "adain")] | None = None,
    loss: Literal["sliced", "gram"] = "sliced",
    optimizer: Literal["lbfgs", "adam"] = "lbfgs",
    iterations: Annotated[int, Field(ge=1, le=5000)] | None = None,
) -> Image:
    """Repaint an image with the strokes and the colors of one or more other images.

    "patch", the default, needs no weights: coarse-to-fine patch voting (GPNN, Granot et al. 2022) with image-analogy
    keys (Hertzmann et al. 2001) after a linear color transfer (Pitie and Kokaram 2007). On a CPU, equal inputs give
    equal bits. "neural" optimizes the image for VGG features, with your own weights (Gatys et al. 2016; sliced
    Wasserstein loss, Heitz et al. 2021). "adain" is one pass through a network with your own weights (Huang and
    Belongie 2017). "color" transfers only the colors (sliced optimal transport).

    Args:
        content: Image to repaint, of any size; its alpha is kept.
        style: Image with the strokes and colors to use, of any size; its alpha is ignored.
        more_styles: More images with strokes and colors to use; null for none.
        style_weights: Weight of each style, 0 or more: first of `style`, then of each of `more_styles`; null for equal
            weights.
        method: Method of the transfer; "neural" and "adain" need a model.
        strength: Strength of the style: 0 gives the content, 1 the full style. In between, small strokes appear first.
        stroke_scale: Size of the strokes; at 1 the style image is scaled to the content's area.
        keep_colors: Transfer only the strokes, in luma, and keep the content's colors.
        quality: Size of the painting and length of the search: "draft", "standard" or "fine".
        mask: Mask of the content's size: 1 repaints, 0 keeps the content; null repaints all.
        seed: Seed that chooses among equally good paintings.
        model: Weights for the method: VGG-19 or VGG-16 features for "neural", encoder and decoder for "adain".
        loss: Loss of "neural": "sliced" compares the distributions of features, "gram" their Gram matrices.
        optimizer: Optimizer of "neural": "lbfgs", or "adam", which needs less memory and more steps.
        iterations: Optimizer steps of "neural"; null for 40, 80 or 160, by quality.

    Raises:
        MediaError: E507 if the mask has another size than the content, E682 if weights and styles do not go together.
        ModelError: E680 if the method needs a model and has none, or one of another kind; E683 if it made NaN.
    """
    from studio_style.images import blend_by_mask, join_alpha, read_rgb

    if mask is not None and (mask.height, mask.width) != (content.height, content.width):
        raise MediaError(
            "E507",
            f"the mask is {mask.width} x {mask.height} and the content {content.width} x {content.height}",
            hint="resize the mask with image.resize_mask",
        )
    styles = read_styles([style, *(more_styles or ())], style_weights)
    check_method(method, model)
    pixels = read_rgb(content)
    on_step = create_reporter(ctx)
    ctx.step(0, 0)
    if strength <= 0:
        return join_alpha(pixels, content)
    options: dict[str, Any] = {"strength": strength, "stroke_scale": stroke_scale, "keep_colors": keep_colors}
    options |= {"quality": quality, "device": ctx.device}
    if method == "patch":
        from studio_style.patch_transfer import transfer_style as paint

        painted = paint(pixels, styles, seed=seed, on_step=on_step, **options)
    elif method == "color":
        painted = _recolor(pixels, styles, strength, seed)
    else:
        assert model is not None
        kinds = {"loss": loss, "optimizer": optimizer, "steps": iterations, "seed": seed, "on_step": on_step}
        painted = _run_network(ctx, method, model, pixels, styles, options, kinds)
    if mask is not None:
        painted = blend_by_mask(pixels, painted, mask)
    return join_alpha(painted, content)


def read_styles(images: list[Image], weights: list[float] | None) -> StyleSet:
    """Read style images and their weights; MediaError E682 where they do not go together."""
    from studio_style.images import read_rgb
    from studio_style.style_set import create_style_set

    check_weights(weights, images[1:])
    shares = [1.0] * len(images) if weights is None else list(weights)
    return create_style_set([read_rgb(each) for each in images], shares)


def create_reporter(ctx: Context) -> Callable[[int, int, Callable[[], FloatArray]], None]:
    """Return the function that reports progress, with a preview now and then."""
    calls = 0

    def on_step(done: int, total: int, preview: Callable[[], FloatArray]) -> None:
        nonlocal calls
        calls += 1
        ctx.step(done, total, Image(preview().clip(0.0, 1.0)) if calls % _PREVIEW_STEPS == 0 else None)

    return on_step


def _recolor(pixels: FloatArray, styles: StyleSet, strength: float, seed: int) -> FloatArray:
    from studio_style.color_transport import match_distribution

    moved = match_distribution(pixels, styles.find_palette(), seed=seed)
    return (pixels + strength * (moved - pixels)).astype("float32")


def _run_network(
    ctx: Context,
    method: str,
    model: Model,
    pixels: FloatArray,
    styles: StyleSet,
    options: dict[str, Any],
    kinds: dict[str, Any],
) -> FloatArray:
    from studio_style.networks.adain import AdainNetwork
    from studio_style.networks.vgg import VggFeatures

    with ctx.open(model) as network:
        try:
            if method == "neural" and isinstance(network, VggFeatures):
                from studio_style.optimize_image import optimize_image

                return optimize_image(pixels, styles, network, **options, **kinds)
            if method == "adain" and isinstance(network, AdainNetwork):
                from studio_style.feed_forward import repaint

                return repaint(pixels, styles, network, **options)
        except FloatingPointError:
            hint = 'look at the weights; a smaller `strength` or optimizer "adam" may help'
            raise ModelError("E683", f"{model.reference!r} returned NaN", hint=hint) from None
        kind = "features of a VGG" if method == "neural" else "encoder and decoder of AdaIN"
        raise ModelError(
            "E680",
            f"{model.reference!r} is a {type(network).__name__}, and method {method!r} needs the {kind}",
            hint="take other weights, or the method they are for",
        )
