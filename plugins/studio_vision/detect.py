"""Objects found in images: what they are, and the box around each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite

_GREY = 0.5
_SIDES = {"OwlViTForObjectDetection": 768, "Owlv2ForObjectDetection": 960}
_DEFAULT_SIDE = 640


@dataclass(frozen=True)
class Found:
    """An object: what it is, how sure the network is, and left, top, right and bottom in pixels."""

    label: str
    score: float
    box: tuple[float, float, float, float]


def detect(model: SeeingModel, pixels: FloatArray, words: Sequence[str], threshold: float) -> list[Found]:
    """Return the objects in an image, the surest first; of boxes that mostly overlap, the surest.

    Args:
        model: The network.
        pixels: Height x width x 3, from 0 to 1.
        words: What to look for; for a network with labels of its own, which of them to keep, all if empty.
        threshold: Least score.
    """
    height, width = pixels.shape[:2]
    tall, wide = height, width
    if model.name == "Owlv2ForObjectDetection":  # it sees a square
        tall = wide = max(height, width)
        pixels = np.pad(pixels, ((0, tall - height), (0, wide - width), (0, 0)), constant_values=_GREY)
    given = model.prepare(pixels, model.find_size(_SIDES.get(model.name, _DEFAULT_SIDE)))
    scores, labels, boxes = _look(model, given, words)
    found = []
    for score, label, (middle, centre, across, down) in zip(scores, labels, boxes, strict=True):
        left, right = (middle - across / 2) * wide, (middle + across / 2) * wide
        top, bottom = (centre - down / 2) * tall, (centre + down / 2) * tall
        box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
        if score >= threshold and box[2] > box[0] and box[3] > box[1]:
            found.append(Found(label, float(score), box))
    return _drop_overlapping(sorted(found, key=lambda each: -each.score))


def _look(model: SeeingModel, given: torch.Tensor, words: Sequence[str]) -> tuple[FloatArray, list[str], FloatArray]:
    with torch.inference_mode():
        if model.tokenizer is not None:
            tokens = model.tokenizer(list(words), return_tensors="pt", padding="max_length", truncation=True)
            tokens = {name: tokens[name].to(given.device) for name in ("input_ids", "attention_mask")}
            answer = model.network(pixel_values=given, **tokens)
            scores, picked = answer.logits[0].float().sigmoid().max(-1)
            names = list(words)
        else:
            answer = model.network(pixel_values=given)
            logits = answer.logits[0].float()
            known = model.network.config.id2label
            names = [str(known[index]) for index in range(len(known))]
            single = logits.shape[-1] == len(names)  # without a class for "nothing"
            scores, picked = (logits.sigmoid() if single else logits.softmax(-1))[:, : len(names)].max(-1)
    labels = [names[index] for index in picked.tolist()]
    found = check_finite(scores.cpu().numpy(), model)
    boxes = check_finite(answer.pred_boxes[0].float().cpu().numpy(), model)
    if model.tokenizer is None and words:
        wanted = {word.lower() for word in words}
        keep = [index for index, label in enumerate(labels) if label.lower() in wanted]
        return found[keep], [labels[index] for index in keep], boxes[keep]
    return found, labels, boxes


def _drop_overlapping(found: Sequence[Found], most: float = 0.6) -> list[Found]:
    kept: list[Found] = []
    for each in found:
        if all(each.label != other.label or find_overlap(each.box, other.box) <= most for other in kept):
            kept.append(each)
    return kept


def find_overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    """Return the common area of two boxes as a part of what both cover."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return across * down / (areas - across * down)
