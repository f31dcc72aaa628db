"""Objects cut out where points or boxes say that they are: Segment Anything 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite


@dataclass(frozen=True)
class Prompt:
    """Where an object is, in pixels of the image.

    Attributes:
        points: x, y, and whether the point is on the object.
        box: Left, top, right, bottom; None for points alone.
    """

    points: tuple[tuple[float, float, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None


def find_masks(model: SeeingModel, pixels: FloatArray, prompts: Sequence[Prompt]) -> list[tuple[FloatArray, float]]:
    """Return a mask for each prompt, height x width from 0 to 1, and how good the network thinks it is.

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
) -> tuple[FloatArray, float]:
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
    return check_finite(mask.cpu().numpy(), model), float(scores[best])
