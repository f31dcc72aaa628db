"""Images enlarged, freed of noise, and restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from studio.api import Added, Context, Field, Image, Migration, Model, ModelError, ModelKinds, node

Tile = Annotated[int, Field(ge=16, le=8192, unit="pixels")]
Overlap = Annotated[int, Field(ge=0, le=1024, unit="pixels")]
Part = Annotated[float, Field(ge=0, le=1)]
Network = Annotated[Model, ModelKinds("upscaler")]
NetworkOrPipeline = Annotated[Model, ModelKinds("upscaler", "pipeline")]
COMPACT = Model("builtin:compact")
RESTORE = Model("builtin:compact-restore")
Look = Annotated[Literal["faithful", "crisp"], Added]


def check_look(look: str, model: Model) -> None:
    """Refuse a crisp look of the models in the box, which invent nothing.

    Raises:
        ModelError: E695.
    """
    if look == "crisp" and model.scheme == "builtin":
        raise ModelError(
            "E695",
            f"look 'crisp' needs a model that invents detail, and {model.reference} does not",
            hint='studio models get real-esrgan-x4plus, then "model": "local:real-esrgan-x4plus"',
        )


def find_origin(inputs: Mapping[str, Any]) -> str:
    """Return what enlarging does: models in the box keep to what is there, others may invent detail."""
    model = inputs["model"]
    return "enhanced" if isinstance(model, Model) and model.scheme == "builtin" else "altered"


def find_origin_of_repair(inputs: Mapping[str, Any]) -> str:
    """Return what restoring does: what is hidden by motion or darkness is made anew."""
    return "enhanced" if inputs.get("kind", "jpeg") == "jpeg" else "altered"


@node(
    "upscale.image",
    lane="device",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"denoise": "denoise_strength", "tile": "tile_size", "overlap": "tile_overlap"})},
    origin=find_origin,
)
def enlarge_image(
    ctx: Context,
    image: Image,
    *,
    scale: Annotated[float, Field(ge=1, le=8, unit="factor")] = 2.0,
    model: NetworkOrPipeline = COMPACT,
    look: Look = "faithful",
    clean_model: Annotated[Model | None, ModelKinds("upscaler"), Added] = None,
    denoise_strength: Part = 0.0,
    denoise_model: Network = RESTORE,
    self_ensemble: bool = False,
    tile_size: Tile = 256,
    tile_overlap: Overlap = 32,
    prompt: str = "",
    steps: Annotated[int, Field(ge=1, le=1000)] = 20,
    guidance_scale: Annotated[float, Field(ge=0, le=100, unit="factor")] = 0.0,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Image:
    """Enlarge an image with a super-resolution network.

    Alpha is enlarged too, grey stays grey, and 16 bits stay 16 bits. Tiles are written one by one, so memory holds
    little more than the result. Other scales than the model's use the next larger scale, or the model twice, and then
    an antialiased resize. When memory runs out, tiles are halved, and the manifest says so.

    Args:
        image: Image to enlarge, of any size.
        scale: Factor for both sides, whole or fractional.
        model: Weights: "builtin:compact", "builtin:compact-fast", a safetensors file of an architecture that spandrel
            knows, or an upscaling pipeline of diffusers.
        look: "faithful" keeps to what is there. "crisp" invents detail: it looks better and is further from the
            original. It needs a model that is not included: studio models get real-esrgan-x4plus.
        clean_model: Weights to use instead of `model` for an image that was made smaller with antialiasing and has no
            JPEG artifacts, where networks such as SPAN are better. For other images they are worse.
        denoise_strength: How much noise and JPEG artifacts to remove first: 0 is none, 1 all that `denoise_model`
            finds.
        denoise_model: Weights of a restoration network, for `denoise_strength`.
        self_ensemble: Average the results of the eight rotated and flipped images (Timofte et al. 2016): about 0.15 dB
            better, eight times slower.
        tile_size: Side of a tile, the part of the image that is processed at once.
        tile_overlap: Overlap of neighboring tiles, where they are blended.
        prompt: Description of the image, for pipelines of diffusers.
        steps: Denoising steps, for pipelines of diffusers.
        guidance_scale: How strictly to follow the prompt, for pipelines of diffusers.
        seed: Seed of the noise, for pipelines of diffusers.

    Raises:
        MediaError: E506 if the result would be over the limits.
        ModelError: E690 to E694 if a model does not fit, or gives NaN, E695 for a look that a model does not have.
    """
    from contextlib import ExitStack

    from studio_upscale.enlarge import enlarge, restore
    from studio_upscale.tiles import Tiling
    from studio_upscale.upscaler import SelfEnsemble, find_upscaler

    check_look(look, model)
    ctx.step(0, 0)
    if denoise_strength > 0:
        with ctx.open(denoise_model) as opened:
            image = restore(
                [image], find_upscaler(opened), denoise_strength, Tiling(tile_size, tile_overlap, ctx.log), ctx.step
            )[0]
    if scale == 1:
        return image
    with ExitStack() as leases:
        opened = leases.enter_context(ctx.open(model))
        upscaler = find_upscaler(opened, prompt=prompt, steps=steps, guidance_scale=guidance_scale, seed=seed)
        if clean_model is not None and look == "faithful" and upscaler.is_clean(image.stored, scale):
            ctx.log(f"the image is clean: {clean_model.reference} enlarges it")
            upscaler = find_upscaler(leases.enter_context(ctx.open(clean_model)))
        upscaler = SelfEnsemble(upscaler) if self_ensemble else upscaler
        return enlarge([image], upscaler, scale, Tiling(tile_size, tile_overlap, ctx.log), ctx.step)[0]


@node(
    "upscale.denoise",
    lane="device",
    version="2.0",
    migrations={1: Migration(inputs={"tile": "tile_size", "overlap": "tile_overlap"})},
    origin="enhanced",
)
def denoise_image(
    ctx: Context,
    image: Image,
    *,
    strength: Part = 1.0,
    model: Network = RESTORE,
    tile_size: Tile = 256,
    tile_overlap: Overlap = 32,
) -> Image:
    """Remove noise from an image; its size, depth and alpha stay.

    Args:
        image: Image to denoise.
        strength: How much of the noise to remove: 0 is none, 1 all that the model finds.
        model: Weights: "builtin:compact-restore", or a restoration network that spandrel knows.
        tile_size: Side of a tile, the part of the image that is processed at once.
        tile_overlap: Overlap of neighboring tiles, where they are blended.

    Raises:
        ModelError: E690 to E694 if a model does not fit, or gives NaN.
    """
    return _restore(ctx, image, strength, model, tile_size, tile_overlap)


@node(
    "upscale.restore",
    lane="device",
    version="2.0",
    migrations={1: Migration(inputs={"always": "force", "tile": "tile_size", "overlap": "tile_overlap"})},
    origin=find_origin_of_repair,
)
def restore_image(
    ctx: Context,
    image: Image,
    *,
    kind: Annotated[Literal["jpeg", "deblur", "low_light"], Added] = "jpeg",
    strength: Part = 1.0,
    force: bool = False,
    model: Network = RESTORE,
    tile_size: Tile = 256,
    tile_overlap: Overlap = 32,
) -> Image:
    """Remove JPEG artifacts, motion blur or darkness from an image; its size, depth and alpha stay.

    The strength of JPEG's compression is measured, and the image is restored accordingly. An image without JPEG
    artifacts is not changed. Motion blur and darkness need a model that is not included, such as MAXIM (Tu et al.
    2022).

    Args:
        image: Image to restore.
        kind: What to remove: "jpeg" blocks and ringing, "deblur" motion blur (studio models get maxim-deblur),
            "low_light" darkness and its noise (studio models get maxim-low-light).
        strength: How much to remove: 0 is nothing, 1 all that the model finds.
        force: Restore without measuring, for images that were resized after they were compressed.
        model: Weights: "builtin:compact-restore" for JPEG, a restoration network that spandrel knows, or a graph of
            TensorFlow.js from the catalog.
        tile_size: Side of a tile, the part of the image that is processed at once.
        tile_overlap: Overlap of neighboring tiles, where they are blended.

    Raises:
        ModelError: E690 to E694 if a model does not fit, or gives NaN, E695 for a kind that a model does not know.
    """
    from studio_upscale.jpeg import find_harm

    if kind != "jpeg":
        if model.scheme == "builtin":
            name = f"maxim-{kind.replace('_', '-')}"
            raise ModelError(
                "E695",
                f"kind {kind!r} needs a model for it, and {model.reference} is for JPEG",
                hint=f'studio models get {name}, then "model": "local:{name}"',
            )
        return _restore(ctx, image, strength, model, tile_size, tile_overlap)
    harm = 1.0 if force else find_harm(image.stored[..., :3] if image.channels > 2 else image.stored)
    if harm == 0:
        ctx.log("no trace of JPEG: the image stays as it is; force=true restores it nevertheless")
    return _restore(ctx, image, strength * harm, model, tile_size, tile_overlap)


def _restore(ctx: Context, image: Image, strength: float, model: Model, tile: int, overlap: int) -> Image:
    from studio_upscale.enlarge import restore
    from studio_upscale.tiles import Tiling
    from studio_upscale.upscaler import find_upscaler

    ctx.step(0, 0)
    with ctx.open(model) as opened:
        return restore([image], find_upscaler(opened), strength, Tiling(tile, overlap, ctx.log), ctx.step)[0]
