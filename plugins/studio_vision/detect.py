"""Objects found in images: what they are, and the box around each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    given = model.prepare(pixels, model.fit_size(tall, wide, _SIDES.get(model.name, _DEFAULT_SIDE)))
    scores, labels, boxes = _look(model, given, words)
    found = []
    for score, label, (middle, centre, across, down) in zip(scores, labels, boxes, strict=True):
        left, right = (middle - across / 2) * wide, (middle + across / 2) * wide
        top, bottom = (centre - down / 2) * tall, (centre + down / 2) * tall
        box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
        if score >= threshold and box[2] > box[0] and box[3] > box[1]:
            found.append(Found(label, float(score), box))
    return _drop_overlapping(sorted(found, key=lambda each: -each.score))


_Answer = tuple[list[str], torch.Tensor, torch.Tensor]
"""Names, N; how sure each is of each box, boxes x N; the boxes, boxes x 4."""


def _look(model: SeeingModel, given: torch.Tensor, words: Sequence[str]) -> tuple[FloatArray, list[str], FloatArray]:
    """Return score, label and box of whatever a network found; middle, width and height of a box are from 0 to 1."""
    ask: Callable[[SeeingModel, torch.Tensor, Sequence[str]], _Answer] = _ask_labels
    if model.tokenizer is not None:
        ask = _ask_in_one_text if model.name == "GroundingDinoForObjectDetection" else _ask_each_word
    with torch.inference_mode():
        names, chances, places = ask(model, given, words)
        scores, picked = chances.max(-1)
    labels = [names[index] for index in picked.tolist()]
    found = check_finite(scores.cpu().numpy(), model)
    boxes = check_finite(places.float().cpu().numpy(), model)
    if model.tokenizer is None and words:
        wanted = {word.lower() for word in words}
        keep = [index for index, label in enumerate(labels) if label.lower() in wanted]
        return found[keep], [labels[index] for index in keep], boxes[keep]
    return found, labels, boxes


def _ask_labels(model: SeeingModel, given: torch.Tensor, _words: Sequence[str]) -> _Answer:
    """Ask a network for the labels that it knows."""
    answer = model.network(pixel_values=given)
    logits = answer.logits[0].float()
    known = model.network.config.id2label
    names = [str(known[index]) for index in range(len(known))]
    single = logits.shape[-1] == len(names)  # without a class for "nothing"
    return names, (logits.sigmoid() if single else logits.softmax(-1))[:, : len(names)], answer.pred_boxes[0]


def _ask_each_word(model: SeeingModel, given: torch.Tensor, words: Sequence[str]) -> _Answer:
    """Ask OWL-ViT, which takes each word as a text of its own."""
    tokens = model.tokenizer(list(words), return_tensors="pt", padding="max_length", truncation=True)
    tokens = {name: tokens[name].to(given.device) for name in ("input_ids", "attention_mask")}
    answer = model.network(pixel_values=given, **tokens)
    return list(words), answer.logits[0].float().sigmoid(), answer.pred_boxes[0]


def _ask_in_one_text(model: SeeingModel, given: torch.Tensor, words: Sequence[str]) -> _Answer:
    """Ask Grounding DINO (Liu et al. 2023), which takes all words as sentences of one text, in lower case.

    A word is as sure as the surest of its tokens. Words that the text is too long for are not found.
    """
    sentences = [" ".join(word.lower().replace(".", " ").split()) for word in words]
    text = " ".join(f"{sentence}." for sentence in sentences)
    longest = int(model.network.config.max_text_len)
    tokens = model.tokenizer(
        text, return_tensors="pt", return_offsets_mapping=True, truncation=True, max_length=longest
    )
    offsets = tokens["offset_mapping"][0].tolist()
    read = {name: tokens[name].to(given.device) for name in ("input_ids", "attention_mask")}
    answer = model.network(pixel_values=given, **read)
    chances = answer.logits[0].float().sigmoid()
    columns, start = [], 0
    for sentence in sentences:
        end = start + len(sentence)
        inside = [index for index, (first, last) in enumerate(offsets) if start <= first < last <= end]
        columns.append(chances[:, inside].amax(-1) if inside else torch.zeros_like(chances[:, 0]))
        start = end + 2  # a full stop and a space
    return list(words), torch.stack(columns, -1), answer.pred_boxes[0]


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
