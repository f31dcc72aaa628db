"""Objects cut out: where points or boxes say that they are, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from studio_vision.detect import find_overlap
from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite

_SIDE, _STEP = 384, 32  # of what Mask2Former sees
_POINTS_AT_ONCE = 64
_LEAST_SCORE, _LEAST_STABILITY, _MOST_OVERLAP = 0.88, 0.95, 0.7
"""What Kirillov et al. (2023) keep of the masks that a grid of points gives."""


@dataclass(frozen=True)
class Prompt:
    """Where an object is, in pixels of the image.

    Attributes:
        points: x, y, and whether the point is on the object.
        box: Left, top, right, bottom; None for points alone.
    """

    points: tuple[tuple[float, float, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Cut:
    """An object cut out.

    Attributes:
        mask: Height x width, from 0 to 1.
        score: How good the network thinks the mask is.
        label: What it is; "" where the network does not know.
    """

    mask: FloatArray
    score: float
    label: str = ""


def find_objects(model: SeeingModel, pixels: FloatArray, words: Sequence[str], threshold: float) -> list[Cut]:
    """Return every object that a network has a label for, the surest first.

    Args:
        model: The network.
        pixels: Height x width x 3, from 0 to 1.
        words: Labels to keep; empty for all.
        threshold: Least score: how sure the label is, times how sure the mask is.
    """
    height, width = pixels.shape[:2]
    side = tuple(max(_STEP, length // _STEP * _STEP) for length in model.fit_size(height, width, _SIDE))
    with torch.inference_mode():
        found = model.network(pixel_values=model.prepare(pixels, (side[0], side[1])))
        scores, picked = found.class_queries_logits[0].float().softmax(-1)[:, :-1].max(-1)
        masks = found.masks_queries_logits[0].float().sigmoid()
    check_finite(scores.cpu().numpy(), model)
    wanted, names = {word.lower() for word in words}, model.network.config.id2label
    cuts = []
    for score, index, mask in zip(scores.tolist(), picked.tolist(), masks, strict=True):
        inside = mask > 0.5
        label = str(names.get(index, index))
        sure = score * float(mask[inside].mean()) if bool(inside.any()) else 0.0
        if sure > 0 and sure >= threshold and (not wanted or label.lower() in wanted):
            whole = functional.interpolate(mask[None, None], (height, width), mode="bilinear", align_corners=False)
            cuts.append(Cut(check_finite(whole[0, 0].clamp(0, 1).cpu().numpy(), model), sure, label))
    return sorted(cuts, key=lambda cut: -cut.score)


@dataclass(frozen=True)
class _Seen:
    """What Segment Anything sees of an image.

    Attributes:
        features: What its encoder makes of the image.
        scale: Factors from pixels of the image to those that the network sees, down and across.
        side: Height and width of what the network sees.
        inner: Height and width of the image in it; the rest is padding.
        size: Height and width of the image.
    """

    features: Any
    scale: tuple[float, float]
    side: tuple[int, int]
    inner: tuple[int, int]
    size: tuple[int, int]


_Candidate = tuple[float, tuple[float, float, float, float], torch.Tensor]
"""Score, box in the network's mask, and logits, height x width."""


def _see(model: SeeingModel, pixels: FloatArray) -> _Seen:
    height, width = pixels.shape[:2]
    side = model.find_size(int(model.network.config.prompt_encoder_config.image_size))
    # SAM 1 keeps the shape and pads; SAM 2 stretches
    keeps = model.name == "SamModel"
    scale = (min(side[0] / height, side[1] / width),) * 2 if keeps else (side[0] / height, side[1] / width)
    inner = max(1, round(height * scale[0])), max(1, round(width * scale[1]))
    given = functional.pad(model.prepare(pixels, inner), (0, side[1] - inner[1], 0, side[0] - inner[0]))
    return _Seen(model.network.get_image_embeddings(given), scale, side, inner, (height, width))


def find_masks(model: SeeingModel, pixels: FloatArray, prompts: Sequence[Prompt]) -> list[Cut]:
    """Return the object of each prompt.

    Args:
        model: Segment Anything 1 or 2.
        pixels: Height x width x 3, from 0 to 1.
        prompts: Where the objects are.
    """
    with torch.inference_mode():
        seen = _see(model, pixels)
        return [_run(model, seen, prompt) for prompt in prompts]


def find_everything(
    model: SeeingModel, pixels: FloatArray, points_per_side: int, threshold: float, step: Callable[[int, int], None]
) -> list[Cut]:
    """Return every object that a grid of points finds, the surest first (Kirillov et al. 2023, section 5).

    Masks that are not sure, that change much with their threshold, or whose box is that of a surer one are left out.

    Args:
        model: Segment Anything 1 or 2.
        pixels: Height x width x 3, from 0 to 1.
        points_per_side: Points of the grid along each side.
        threshold: Least score; at least .88 is asked for.
        step: Called with the number of points done, and that of all.
    """
    height, width = pixels.shape[:2]
    middles = [(index + 0.5) / points_per_side for index in range(points_per_side)]
    grid = [(across * width, down * height) for down in middles for across in middles]
    kept: list[_Candidate] = []
    with torch.inference_mode():
        seen = _see(model, pixels)
        for start in range(0, len(grid), _POINTS_AT_ONCE):
            step(start, len(grid))
            points = grid[start : start + _POINTS_AT_ONCE]
            kept = _drop_twins([*kept, *_run_points(model, seen, points, max(threshold, _LEAST_SCORE))])
        step(len(grid), len(grid))
        return [Cut(_enlarge(model, seen, logits), score) for score, _, logits in kept]


def _drop_twins(found: Sequence[_Candidate]) -> list[_Candidate]:
    kept: list[_Candidate] = []
    for each in sorted(found, key=lambda each: -each[0]):
        if all(find_overlap(each[1], other[1]) <= _MOST_OVERLAP for other in kept):
            kept.append(each)
    return kept


def _run_points(
    model: SeeingModel, seen: _Seen, points: Sequence[tuple[float, float]], least: float
) -> list[_Candidate]:
    """Return score, box and logits of the good masks that single points give."""
    device = model.network.device
    places = torch.tensor([[[[x * seen.scale[1], y * seen.scale[0]]] for x, y in points]], device=device)
    labels = torch.ones(1, len(points), 1, dtype=torch.int64, device=device)
    answer = model.network(
        image_embeddings=seen.features, input_points=places.float(), input_labels=labels, multimask_output=True
    )
    masks = answer.pred_masks[0].float().flatten(0, 1)
    scores = answer.iou_scores[0].float().flatten()
    check_finite(scores.cpu().numpy(), model)
    high, low = ((masks > offset).sum((-2, -1)).float() for offset in (1.0, -1.0))
    good = (scores >= least) & (high > 0) & (high >= _LEAST_STABILITY * low)
    return [
        (float(scores[index]), _find_box(masks[index] > 0), masks[index].clone())
        for index in good.nonzero()[:, 0].tolist()
    ]


def _find_box(mask: torch.Tensor) -> tuple[float, float, float, float]:
    down, across = (mask.any(axis).nonzero()[:, 0] for axis in (1, 0))
    return float(across[0]), float(down[0]), float(across[-1] + 1), float(down[-1] + 1)


def _enlarge(model: SeeingModel, seen: _Seen, logits: torch.Tensor) -> FloatArray:
    """Return the mask of an image from logits, height x width."""
    whole = functional.interpolate(logits[None, None].float(), seen.side, mode="bilinear", align_corners=False)
    whole = whole[..., : seen.inner[0], : seen.inner[1]]
    mask = functional.interpolate(whole, seen.size, mode="bilinear", align_corners=False)[0, 0].sigmoid()
    return check_finite(mask.cpu().numpy(), model)


def _run(model: SeeingModel, seen: _Seen, prompt: Prompt) -> Cut:
    device, scale = model.network.device, seen.scale
    inputs: dict[str, Any] = {"image_embeddings": seen.features, "multimask_output": prompt.box is None}
    if prompt.points:
        places = [[x * scale[1], y * scale[0]] for x, y, _ in prompt.points]
        inputs["input_points"] = torch.tensor([[places]], dtype=torch.float32, device=device)
        inputs["input_labels"] = torch.tensor([[[int(on) for _, _, on in prompt.points]]], device=device)
    if prompt.box is not None:
        left, top, right, bottom = prompt.box
        box = [left * scale[1], top * scale[0], right * scale[1], bottom * scale[0]]
        inputs["input_boxes"] = torch.tensor([[box]], dtype=torch.float32, device=device)
    found = model.network(**inputs)
    scores = found.iou_scores.reshape(-1)
    best = int(scores.argmax())
    logits = found.pred_masks.reshape(-1, *found.pred_masks.shape[-2:])[best]
    return Cut(_enlarge(model, seen, logits), float(scores[best]))
