"""Trains an autoencoder on images: which are held out, the steps, the statistics, the file, the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from studio.api import Context, Image, Model, ModelError
from studio_train.autoencoders.file import save_autoencoder
from studio_train.autoencoders.linear import fit_linear
from studio_train.autoencoders.model import Autoencoder, Coder, measure
from studio_train.autoencoders.network import VaeCoder
from studio_train.autoencoders.pictures import MOST_STRETCH, Shape, find_shape, find_stretch, make_images, read_images
from studio_train.autoencoders.report import make_report
from studio_train.checkpoint import load_checkpoint, save_checkpoint
from studio_train.training_loop import find_share

_FEWEST_HELD = 2
_BATCH = 16
_RATE = 2e-3
_CHECKPOINT_STEPS = 100
_LONGEST_NORM = 1000.0  # the loss is a sum over all samples of an image
_SHOWN = 4


@dataclass(frozen=True)
class Request:
    """What is to be trained; the fields are the inputs of `train.autoencoder`."""

    images: Sequence[Image]
    method: str
    components: int
    size: int
    steps: int
    held_out: float
    seed: int


def train(ctx: Context, request: Request) -> tuple[Model, dict[str, Any], list[Image]]:
    """Train an autoencoder; return its reference, the report, and images.

    Raises:
        ModelError: E697 if the training diverges.
    """
    shape = find_shape(request.images, request.size)
    ctx.step(0, _count_steps(request))
    batch = read_images(request.images, shape)
    trained, normal = split(batch, request.held_out, request.seed)
    coder = _train_coder(ctx, request, trained, normal)
    autoencoder = Autoencoder(request.method, shape, coder, measure(coder, trained, normal))
    report = make_report(autoencoder, trained, normal, _describe(request, shape, trained, normal))
    _warn_of_stretch(ctx, request.images, shape)
    for warning in report["warnings"]:
        ctx.log(f"{warning['kind'].replace('_', ' ')}: {warning['message']}")
    path = ctx.scratch / "autoencoder.safetensors"
    save_autoencoder(autoencoder, path)
    ctx.step(_count_steps(request), _count_steps(request))
    return ctx.keep(path), report, _draw_previews(autoencoder, normal, request.seed)


def split(batch: torch.Tensor, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images to train with, and those that are held out: at least two of each."""
    held = min(max(_FEWEST_HELD, round(share * len(batch))), len(batch) - _FEWEST_HELD)
    order = torch.randperm(len(batch), generator=torch.Generator().manual_seed(seed))
    return batch[order[held:]], batch[order[:held]]


def _count_steps(request: Request) -> int:
    return request.steps if request.method == "vae" else 1


def _describe(request: Request, shape: Shape, trained: torch.Tensor, normal: torch.Tensor) -> dict[str, Any]:
    vae = {"steps": request.steps} if request.method == "vae" else {}
    return {
        "method": request.method,
        "width": shape[1],
        "height": shape[0],
        "images": {"trained": len(trained), "held_out": len(normal)},
        **vae,
        "seed": request.seed,
    }


def _warn_of_stretch(ctx: Context, images: Sequence[Image], shape: Shape) -> None:
    count = sum(find_stretch(image, shape) > MOST_STRETCH for image in images)
    if count:
        ctx.log(f"{count} of {len(images)} images have other proportions than the model, and were stretched: crop them")


def _train_coder(ctx: Context, request: Request, trained: torch.Tensor, normal: torch.Tensor) -> Coder:
    if request.method == "linear":
        return fit_linear(trained, request.components)
    shape = (trained.shape[2], trained.shape[3])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        coder = VaeCoder(shape, request.components)

    def on_step(step: int) -> None:
        shown = step and step % max(1, request.steps // 4) == 0
        ctx.step(step, request.steps, _draw_preview(coder, normal[0]) if shown else None)

    take_steps(ctx, coder, trained, request, on_step)
    return coder.eval().requires_grad_(False)


def take_steps(
    ctx: Context, coder: VaeCoder, trained: torch.Tensor, request: Request, on_step: Callable[[int], None]
) -> None:
    """Train a network to the end, from where a checkpoint says; each step depends on the seed and its number alone.

    Raises:
        ModelError: E697 if its numbers become NaN or infinite.
    """
    weights = dict(coder.named_parameters())
    optimizer = torch.optim.AdamW(weights.values(), _RATE)
    losses = load_checkpoint(ctx.checkpoint, weights, optimizer)
    for step in range(len(losses), request.steps):
        on_step(step)
        generator = torch.Generator().manual_seed((request.seed * 1_000_003 + step) % 2**63)
        chosen = torch.randint(0, len(trained), (min(_BATCH, len(trained)),), generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = _RATE * find_share(step, request.steps)
        loss = coder.measure_loss(trained[chosen], generator)
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise _refuse(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(weights.values()), _LONGEST_NORM)
        optimizer.step()
        if (step + 1) % _CHECKPOINT_STEPS == 0:
            save_checkpoint(ctx.checkpoint, weights, optimizer, losses)


def _refuse(step: int) -> ModelError:
    return ModelError(
        "E697",
        f"the training diverged at step {step}: its numbers are NaN or infinite",
        hint='take another seed, or the method "linear"',
    )


def _draw_preview(coder: VaeCoder, image: torch.Tensor) -> Image:
    """Show an image that is not trained on beside what the network makes of it so far."""
    with torch.inference_mode():
        rebuilt = coder.decode(coder.encode(image[None]), (image.shape[1], image.shape[2]))
    return make_images(torch.cat([image[None], rebuilt], 3))[0]


def _draw_previews(autoencoder: Autoencoder, normal: torch.Tensor, seed: int) -> list[Image]:
    shown = normal[:_SHOWN]
    pairs = torch.cat([shown, autoencoder.rebuild(shown)], 3)
    drawn = autoencoder.sample(_SHOWN, 1.0, torch.Generator().manual_seed(seed))
    return [*make_images(pairs), *make_images(drawn)]
