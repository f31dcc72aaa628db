"""Objects cut out: where points or boxes say that they are (Segment Anything 1 and 2), or all (Mask2Former)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite

_SIDE, _STEP = 384, 32  # of what Mask2Former sees


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
    side = tuple(max(_STEP, length // _STEP * _STEP) for length in model.find_size(_SIDE))
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


def find_masks(model: SeeingModel, pixels: FloatArray, prompts: Sequence[Prompt]) -> list[Cut]:
    """Return the object of each prompt.

    Args:
        model: The network.
        pixels: Height x width x 3, from 0 to 1.
        prompts: Where the objects are.
    """
    height, width = pixels.shape[:2]
    side = model.find_size(int(model.network.config.prompt_encoder_config.image_size))
    # SAM 1 keeps the shape and pads; SAM 2 stretches
    keeps = model.name == "SamModel"
    scale = (min(side[0] / height, side[1] / width),) * 2 if keeps else (side[0] / height, side[1] / width)
    inner = max(1, round(height * scale[0])), max(1, round(width * scale[1]))
    given = functional.pad(model.prepare(pixels, inner), (0, side[1] - inner[1], 0, side[0] - inner[0]))
    with torch.inference_mode():
        seen = model.network.get_image_embeddings(given)
        return [_run(model, seen, prompt, scale, side, inner, (height, width)) for prompt in prompts]


def _run(
    model: SeeingModel,
    seen: Any,
    prompt: Prompt,
    scale: tuple[float, float],
    side: tuple[int, int],
    inner: tuple[int, int],
    size: tuple[int, int],
) -> Cut:
    device = model.network.device
    inputs: dict[str, Any] = {"image_embeddings": seen, "multimask_output": prompt.box is None}
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
    logits = found.pred_masks.reshape(1, -1, *found.pred_masks.shape[-2:])[:, best : best + 1].float()
    whole = functional.interpolate(logits, side, mode="bilinear", align_corners=False)[..., : inner[0], : inner[1]]
    mask = functional.interpolate(whole, size, mode="bilinear", align_corners=False)[0, 0].sigmoid()
    return Cut(check_finite(mask.cpu().numpy(), model), float(scores[best]))
