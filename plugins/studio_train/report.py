"""What a training came to, measured on what the model draws with it and without, and an honest word where it is bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

_SIDE = 32  # pixels: distances are those of small copies, which noise and fine lines do not change
_MIDDLE = slice(6, 26)  # of a small copy: the thing and not its background
_EQUAL = 1 / 255
_COPY = 0.05
_COLLAPSED = 0.02
_DRIFTED = 0.15
_LEARNED = 0.9  # of the distance without the LoRA
_POINTS = 100  # of the loss curve


@dataclass(frozen=True)
class Drawings:
    """What the model drew: each batch x 3 x height x width in [0, 1], float32.

    Attributes:
        images: What it learned from; small copies that `shrink` made are enough.
        learned: Drawn of captions, with the LoRA.
        base: The same without.
        tests: Drawn of prompts that no caption has, with the LoRA; None if there are no such prompts.
        known: Drawn of prompts that it knew before and did not train on, with the LoRA; None if there are none.
        base_known: The same without.
    """

    images: torch.Tensor
    learned: torch.Tensor
    base: torch.Tensor
    tests: torch.Tensor | None = None
    known: torch.Tensor | None = None
    base_known: torch.Tensor | None = None


def make_report(losses: Sequence[float], drawings: Drawings, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the report as plain JSON.

    Args:
        losses: The loss of each step.
        drawings: What the model drew.
        settings: How it was trained, to be repeated.

    Returns:
        The settings; `loss` with `first`, `last` and a `curve` of at most 100 points, each the mean of some steps;
        `distance` of drawings to the nearest image, `with_lora` and `without`; `drift` of what the model knew before,
        null if it is unknown; `nearest_copy`, the least distance of a drawing of a test prompt to an image, null where
        there are none; `warnings`, each with `kind` and `message`; `verdict`: "good" or "bad".
    """
    distance = {
        "with_lora": _round(_find_nearest(drawings.learned, drawings.images, middle=True).mean()),
        "without": _round(_find_nearest(drawings.base, drawings.images, middle=True).mean()),
    }
    drift = None
    if drawings.known is not None and drawings.base_known is not None:
        drift = _round((drawings.known - drawings.base_known).square().mean((1, 2, 3)).sqrt().mean())
    copies = None if drawings.tests is None else _find_nearest(drawings.tests, drawings.images, middle=False)
    warnings = [
        *_judge_images(drawings.images),
        *_judge_drawings(drawings, copies),
        *_judge_numbers(distance, drift),
    ]
    return {
        **settings,
        "loss": _describe_loss(losses),
        "distance": distance,
        "drift": drift,
        "nearest_copy": None if copies is None else _round(copies.min()),
        "warnings": [{"kind": kind, "message": message} for kind, message in warnings],
        "verdict": "bad" if any(kind not in ("one_image", "equal_images") for kind, _ in warnings) else "good",
    }


def _round(value: torch.Tensor | float) -> float:
    return round(float(value), 4)


def _describe_loss(losses: Sequence[float]) -> dict[str, Any]:
    each = -(-len(losses) // _POINTS)
    curve = [losses[at : at + each] for at in range(0, len(losses), each)]
    tenth = max(1, len(losses) // 10)
    return {
        "first": _round(sum(losses[:tenth]) / tenth),
        "last": _round(sum(losses[-tenth:]) / tenth),
        "curve": [_round(sum(part) / len(part)) for part in curve],
    }


def shrink(images: torch.Tensor) -> torch.Tensor:
    """Return the small copies that distances are measured on: batch x 3 x 32 x 32, of the same range."""
    return torch.nn.functional.interpolate(images, (_SIDE, _SIDE), mode="area")


def _find_distances(first: torch.Tensor, second: torch.Tensor, *, middle: bool) -> torch.Tensor:
    """Return the root mean square differences of each with each."""
    part = _MIDDLE if middle else slice(None)
    a, b = (shrink(images)[:, :, part, part].flatten(1) for images in (first, second))
    distances: torch.Tensor = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") / a.shape[1] ** 0.5
    return distances


def _find_nearest(drawn: torch.Tensor, images: torch.Tensor, *, middle: bool) -> torch.Tensor:
    """Return how far each drawing is from the image that is nearest to it."""
    return _find_distances(drawn, images, middle=middle).min(1).values


def _find_between(images: torch.Tensor) -> torch.Tensor:
    """Return the distances of all pairs of images."""
    distances = _find_distances(images, images, middle=False)
    rows, columns = torch.triu_indices(len(images), len(images), 1)
    return distances[rows, columns]


def _judge_images(images: torch.Tensor) -> list[tuple[str, str]]:
    if len(images) == 1:
        return [("one_image", "one image shows a thing from one side only: give about five")]
    between = _find_between(images)
    if bool((between < _EQUAL).all()):
        return [("equal_images", "all images are equal: give different ones")]
    count = int((between < _EQUAL).sum())
    return [("equal_images", f"{count} pairs of images are equal, which count twice")] if count else []


def _judge_drawings(drawings: Drawings, copies: torch.Tensor | None) -> list[tuple[str, str]]:
    found = []
    drawn = drawings.learned if drawings.tests is None else torch.cat([drawings.learned, drawings.tests])
    flat = drawn.flatten(1).std(1) < _COLLAPSED / 2
    alike = len(drawn) > 1 and bool(_find_between(drawn).mean() < _COLLAPSED)
    if bool(flat.any()) or alike:
        what = "some drawings are of one color" if bool(flat.any()) else "drawings of different prompts are alike"
        found.append(("collapsed", f"{what}: lower learning_rate, or take fewer steps"))
    if copies is not None and bool((copies < _COPY).float().mean() > 0.5):
        found.append(
            (
                "memorized",
                "most test prompts are drawn as copies of an image: take fewer steps or a lower rank, or more images",
            )
        )
    return found


def _judge_numbers(distance: dict[str, float], drift: float | None) -> list[tuple[str, str]]:
    found = []
    if distance["with_lora"] > _LEARNED * distance["without"]:
        found.append(("not_learned", "drawings are hardly nearer to the images than without the LoRA: take more steps"))
    if drift is not None and drift > _DRIFTED:
        found.append(
            ("drifted", f"what the model knew before changed by {drift:g}: lower learning_rate, or take fewer steps")
        )
    return found
