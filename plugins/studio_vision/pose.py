"""Joints of people, found in boxes (ViTPose, Xu et al. 2022), and what is drawn and derived from them."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from studio.api import JsonValue
from studio_vision.boxes import Box
from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite

_ROOM = 1.25  # of a box, as the network was trained
_BONES = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10), (1, 2),
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
_HEAD = 5
_NAMES = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow",
    "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle",
    "right ankle",
)  # fmt: skip
"""Joints of COCO, in its order; the first five are the head."""


@dataclass(frozen=True)
class Person:
    """Joints of one person: name, x, y in pixels, and how sure the network is."""

    joints: tuple[tuple[str, float, float, float], ...]

    @property
    def score(self) -> float:
        """The mean of the joints' scores."""
        return sum(joint[3] for joint in self.joints) / len(self.joints)

    def to_json(self) -> JsonValue:
        """Return it as JSON."""
        rows = [{"name": n, "x": round(x, 2), "y": round(y, 2), "score": round(s, 4)} for n, x, y, s in self.joints]
        return {"score": round(self.score, 4), "joints": rows}


def find_people(model: SeeingModel, pixels: FloatArray, boxes: Sequence[Box]) -> list[Person]:
    """Return the joints of the person in each box.

    Args:
        model: The network.
        pixels: Height x width x 3, from 0 to 1.
        boxes: Left, top, right, bottom around each person, in pixels.
    """
    size = model.network.config.backbone_config.image_size
    height, width = (int(size[0]), int(size[1])) if isinstance(size, list | tuple) else (int(size), int(size))
    return [_find_person(model, pixels, box, height, width) for box in boxes]


def _find_person(model: SeeingModel, pixels: FloatArray, box: Box, height: int, width: int) -> Person:
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    pixel = _ROOM * max((box[2] - box[0]) / width, (box[3] - box[1]) / height)  # of the image for one of the network
    start = middle[0] - pixel * width / 2, middle[1] - pixel * height / 2
    matrix = np.array([[pixel, 0, start[0]], [0, pixel, start[1]]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(np.ascontiguousarray(pixels), matrix, (width, height), flags=flags)
    seen = np.asarray(warped, np.float32)
    with torch.inference_mode():
        found = model.network(pixel_values=model.prepare(seen, (height, width))).heatmaps[0]
    maps = check_finite(found.float().cpu().numpy(), model)
    names = _find_names(model.network.config.id2label, len(maps))
    joints = []
    for name, heat in zip(names, maps, strict=True):
        x, y, score = _find_peak(heat)
        across, down = width / heat.shape[1], height / heat.shape[0]
        joints.append((name, start[0] + pixel * (x + 0.5) * across, start[1] + pixel * (y + 0.5) * down, score))
    return Person(tuple(joints))


def _find_names(labels: Mapping[int, str], count: int) -> list[str]:
    if count == len(_NAMES):
        return list(_NAMES)
    return [str(labels.get(index, index)) for index in range(count)]


def _find_peak(heat: FloatArray) -> tuple[float, float, float]:
    """Return x, y and height of the top of a map, a quarter towards the higher neighbor."""
    y, x = divmod(int(heat.argmax()), heat.shape[1])
    moved = []
    for line, place in ((heat[y], x), (heat[:, x], y)):
        step = math.copysign(0.25, line[place + 1] - line[place - 1]) if 0 < place < len(line) - 1 else 0.0
        moved.append(place + step)
    return moved[0], moved[1], float(min(1.0, max(0.0, heat[y, x])))


def draw_people(people: Sequence[Person], size: tuple[int, int], threshold: float) -> npt.NDArray[np.uint8]:
    """Draw bones and joints on black, height x width x 3: a control image for a ControlNet of poses."""
    height, width = size
    drawn = np.zeros((height, width, 3), np.uint8)
    thick = max(1, round(min(size) / 128))
    for person in people:
        bones = _BONES if len(person.joints) == len(_NAMES) else ()
        for index, (first, second) in enumerate(bones):
            ends = [person.joints[end] for end in (first, second)]
            if all(end[3] >= threshold for end in ends):
                places = [(round(end[1]), round(end[2])) for end in ends]
                cv2.line(drawn, places[0], places[1], _find_color(index, len(_BONES)), thick, cv2.LINE_AA)
        for index, (_, x, y, score) in enumerate(person.joints):
            if score >= threshold:
                color = _find_color(index, len(person.joints))
                cv2.circle(drawn, (round(x), round(y)), 2 * thick, color, -1, cv2.LINE_AA)
    return drawn


def _find_color(index: int, count: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(index / count, 1.0, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def find_face(person: Person, size: tuple[int, int], threshold: float) -> Box | None:
    """Return the box around a face, left, top, right, bottom, from the joints of the head; None if too few are seen.

    Its side is 2.4 times as long as the farthest joints of the head are apart, which is about from chin to hair.
    """
    seen = [joint for joint in person.joints[:_HEAD] if joint[3] >= threshold]
    if len(person.joints) != len(_NAMES) or len(seen) < 3:
        return None
    xs, ys = [joint[1] for joint in seen], [joint[2] for joint in seen]
    side = 2.4 * max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    left, top = max(0.0, x - side / 2), max(0.0, y - side / 2)
    right, bottom = min(float(size[1]), x + side / 2), min(float(size[0]), y + side / 2)
    return (left, top, right, bottom) if right > left and bottom > top else None
