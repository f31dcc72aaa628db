"""A LoRA from images and captions: what is drawn first, the training, what is drawn after it, the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from studio.api import Context, Image, Model, ModelError, Packed
from studio_train.report import Drawings, make_report, shrink
from studio_train.tensor_file import save_tensors
from studio_train.training_loop import Examples, Plan
from studio_train.training_loop import train as take_steps

_KNOWN = 12  # prompts of words that the model knows, of which a third is not trained on
_CAPTIONS = 2  # captions that are drawn for the report
_PREVIEWS = 3  # during a training
_FEWEST_STEPS = 60  # shorter ones have no previews


@dataclass(frozen=True)
class Request:
    """What is to be trained; the fields are the inputs of `train.lora`, with a caption for each image."""

    images: Sequence[Image]
    captions: Sequence[str]
    prior_prompts: Sequence[str] | None
    test_prompts: Sequence[str]
    steps: int
    rank: int
    text_rank: int
    learning_rate: float | None
    batch_size: int
    size: int | None
    precision: str
    gradient_checkpointing: bool
    seed: int


def train(ctx: Context, model: Model, request: Request) -> tuple[Model, dict[str, Any], list[Image]]:
    """Train a LoRA; return its reference, the report, and drawings with it.

    Raises:
        ModelError: E616 if the model cannot be trained, E697 if the training diverges, E698 if it is no model that
            draws.
    """
    ctx.step(0, request.steps)
    with ctx.open(model) as opened:
        if getattr(opened, "train_lora", None) is None:
            raise ModelError(
                "E698",
                f"{model} is not a model that draws, and train.lora teaches no other",
                hint="name a folder of Stable Diffusion 1, 2, XL or 3, or builtin:mini",
            )
        bfloat16 = request.precision == "bfloat16" or (request.precision == "auto" and ctx.dtype != "float32")
        with opened.train_lora(
            rank=request.rank,
            text_rank=request.text_rank,
            seed=request.seed,
            size=request.size,
            bfloat16=bfloat16,
            checkpointing=request.gradient_checkpointing,
            log=ctx.log,
        ) as training:
            return _train(ctx, training, request)


def _train(ctx: Context, training: Any, request: Request) -> tuple[Model, dict[str, Any], list[Image]]:
    done = 0

    def tick() -> None:
        ctx.step(done, request.steps)

    captions = list(dict.fromkeys(request.captions))[:_CAPTIONS]
    kept, held = choose_prior(request.prior_prompts, training.words, request.seed)
    prompts = [*captions, *request.test_prompts, *held]
    seeds = _list_seeds(request.seed, len(prompts))  # those of a prompt with the LoRA and without it are equal
    plain_seeds = [
        *_list_seeds(request.seed, len(kept)), *seeds[len(prompts) - len(held) :], *seeds[: len(captions)]
    ]  # fmt: skip
    drawn = _draw_plain(ctx, training, [*kept, *held, *captions], plain_seeds, tick)
    before, base_known, base = drawn.split([len(kept), len(held), len(captions)])
    examples = Examples(training.encode_images(request.images), request.captions)
    prior = Examples(training.encode_images(_make_images(before)), kept) if kept else None
    rate = request.learning_rate or training.learning_rate
    plan = Plan(request.steps, request.batch_size, rate, request.seed)
    shown = find_preview_steps(request.steps)

    def on_step(step: int) -> None:
        nonlocal done
        done = step
        preview = (
            _draw_preview(training, (request.test_prompts or captions)[0], request.seed, tick)
            if step in shown
            else None
        )
        ctx.step(step, request.steps, preview)

    losses = take_steps(training, examples, prior, plan, ctx.checkpoint, on_step)
    after = training.draw(prompts, seeds, tick)
    learned, tests, known = after.split([len(captions), len(request.test_prompts), len(held)])
    drawings = Drawings(
        images=torch.cat([shrink(training.read_images([image])) for image in request.images]),
        learned=learned,
        base=base,
        tests=tests if len(tests) else None,
        known=known if held else None,
        base_known=base_known if held else None,
    )
    report = make_report(losses, drawings, _describe(training, request, rate))
    for warning in report["warnings"]:
        ctx.log(f"{warning['kind'].replace('_', ' ')}: {warning['message']}")
    path = ctx.scratch / "lora.safetensors"
    save_tensors(training.weights, path)
    return ctx.keep(path), report, _make_images(torch.cat([learned, tests]))


def choose_prior(given: Sequence[str] | None, words: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Return prompts whose drawings are trained to stay, and a third to measure by, of two and more.

    Args:
        given: Those of the user; None for some of the words.
        words: Names of things that the model knows.
        seed: Chooses among the words.
    """
    if given is None:
        count = min(_KNOWN, len(words))
        order = np.random.default_rng(seed).permutation(len(words))
        prompts = [f"a {words[index]}" for index in order[:count]]
    else:
        prompts = [each for each in dict.fromkeys(given) if each.strip()]
    third = -(-len(prompts) // 3) if len(prompts) > 1 else 0
    return prompts[third:], prompts[:third]


def find_preview_steps(steps: int) -> frozenset[int]:
    """Return the steps before which a preview is drawn; none of a short training."""
    if steps < _FEWEST_STEPS:
        return frozenset()
    return frozenset(steps * (number + 1) // (_PREVIEWS + 1) for number in range(_PREVIEWS))


def _list_seeds(seed: int, count: int) -> list[int]:
    return [(seed + number) % 2**63 for number in range(count)]


def _draw_plain(
    ctx: Context, training: Any, prompts: Sequence[str], seeds: Sequence[int], tick: Callable[[], None]
) -> torch.Tensor:
    """Draw without the LoRA, once for all trainings of this model that ask for the same."""

    def make() -> Packed:
        drawn = training.draw(prompts, seeds, tick, plain=True)
        return Packed({}, {"drawn": drawn.numpy()})

    packed = ctx.memo(["plain", list(prompts), list(seeds), list(training.size)], make)
    return torch.from_numpy(packed.arrays["drawn"].copy())


def _draw_preview(training: Any, prompt: str, seed: int, tick: Callable[[], None]) -> Image:
    return _make_images(training.draw([prompt], [seed], tick))[0]


def _make_images(batch: torch.Tensor) -> list[Image]:
    pixels = batch.permute(0, 2, 3, 1).numpy().astype(np.float32)
    return [Image(np.ascontiguousarray(each)) for each in pixels]


def _describe(training: Any, request: Request, rate: float) -> dict[str, Any]:
    return {
        "images": len(request.images),
        "captions": len(set(request.captions)),
        "size": list(training.size),
        "steps": request.steps,
        "rank": request.rank,
        "text_rank": request.text_rank,
        "learning_rate": rate,
        "batch_size": request.batch_size,
        "seed": request.seed,
        "trained_weights": sum(weight.numel() for weight in training.weights.values()),
    }
