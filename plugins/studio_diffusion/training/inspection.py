"""What one picture of the small model shows: its background, where its thing is, which colors, how many things."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from studio_diffusion.training.backgrounds import PLACES, VARIANTS, paint_background
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.vocabulary import COLORS, POSITIONS, RELATIONS

_PALETTE = np.array(list(COLORS.values()), np.float32)
_NAMES = list(COLORS)
_PLACE_SIDE = 32


def find_background(picture: np.ndarray) -> np.ndarray:
    """Return the color of the rim, 3 x 0..255."""
    rim = np.concatenate(
        [
            picture[:3].reshape(-1, 3),
            picture[-3:].reshape(-1, 3),
            picture[:, :3].reshape(-1, 3),
            picture[:, -3:].reshape(-1, 3),
        ]
    )
    return np.median(rim.astype(np.float32), 0)


def find_mask(picture: np.ndarray) -> np.ndarray:
    """Return where something stands before the background, as bool."""
    mask = np.abs(picture.astype(np.float32) - find_background(picture)).max(-1) > 34
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).astype(bool)


def find_box(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return x0, y0, x1, y1 of what is there; None if there is nothing to speak of."""
    if mask.sum() < 0.006 * mask.size:
        return None
    ys, xs = np.nonzero(mask)
    x0, x1 = np.percentile(xs, (0.5, 99.5))
    y0, y1 = np.percentile(ys, (0.5, 99.5))
    return int(x0), int(y0), int(x1) + 1, int(y1) + 1


def name_color(color: np.ndarray) -> str:
    """Return the name of the nearest color word."""
    return _NAMES[int(((_PALETTE - color) ** 2).sum(1).argmin())]


def name_thing_color(picture: np.ndarray) -> str:
    """Return the color word that most of the thing's pixels are nearest to, "" if the picture is blank."""
    mask = find_mask(picture)
    if find_box(mask) is None:
        return ""
    pixels = picture[mask].astype(np.float32)
    nearest = ((pixels[:, None] - _PALETTE[None]) ** 2).sum(-1).argmin(1)
    return _NAMES[int(np.bincount(nearest, minlength=12).argmax())]


def cut_thing(picture: np.ndarray) -> np.ndarray:
    """Cut the thing out and enlarge it until it fills most of the frame, as the judge learned it."""
    box = find_box(find_mask(picture))
    side = picture.shape[0]
    if box is None:
        return np.full((side, side, 3), find_background(picture), np.uint8)
    x0, y0, x1, y1 = box
    frame = np.empty((side, side, 3), np.uint8)
    frame[:] = find_background(picture)
    scale = 0.85 * side / max(x1 - x0, y1 - y0)
    width, height = (max(1, round((b - a) * scale)) for a, b in ((x0, x1), (y0, y1)))
    part = cv2.resize(picture[y0:y1, x0:x1], (width, height), interpolation=cv2.INTER_CUBIC)
    left, top = (side - width) // 2, (side - height) // 2
    frame[top : top + height, left : left + width] = part
    return frame


def is_at(picture: np.ndarray, where: str) -> bool:
    """Say whether the thing's middle lies where the words ask for it."""
    box = find_box(find_mask(picture))
    if box is None:
        return False
    side = picture.shape[0]
    middle = ((box[0] + box[2]) / 2 / side - 0.5, (box[1] + box[3]) / 2 / side - 0.5)
    return all(m * d > 0.12 if d else abs(m) < 0.12 for m, d in zip(middle, POSITIONS[where], strict=True))


def has_size(picture: np.ndarray, drawn: np.ndarray, size: str) -> bool:
    """Say whether the thing is as small or large as in a drawn scene; things of the usual size pass for neither."""
    box, asked = find_box(find_mask(picture)), find_box(find_mask(drawn))
    if box is None or asked is None:
        return False
    ratio = max(box[2] - box[0], box[3] - box[1]) / max(asked[2] - asked[0], asked[3] - asked[1])
    return 0.6 < ratio < 1.4 if size == "small" else ratio > 0.89


def split_pair(picture: np.ndarray, relation: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture of the first thing and that of the second, each alone in a frame."""
    dx, dy = RELATIONS[relation]
    halves = []
    for sign in (1, -1):
        half = picture.copy()
        middle = picture.shape[0] // 2
        rest = {1: slice(0, middle), -1: slice(middle, None)}[sign * (dx or dy)]
        if dx:
            half[:, rest] = find_background(picture)
        else:
            half[rest] = find_background(picture)
        halves.append(cut_thing(half))
    return halves[0], halves[1]


def compute_edge_score(picture: np.ndarray, sketch: np.ndarray, tolerance: int = 2) -> float:
    """Return the F-score of a picture's edges against a sketch's lines, within a tolerance in pixels."""
    made, asked = trace_sketch(picture)[..., 0] > 90, sketch[..., 0] > 90
    if not made.any() or not asked.any():
        return 0.0
    reach = np.ones((2 * tolerance + 1,) * 2, np.uint8)
    precision = (made & (cv2.dilate(asked.astype(np.uint8), reach) > 0)).sum() / made.sum()
    recall = (asked & (cv2.dilate(made.astype(np.uint8), reach) > 0)).sum() / asked.sum()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def count_things(picture: np.ndarray) -> int:
    """Return how many things stand apart before a plain background; specks do not count."""
    side = picture.shape[0]
    reach = np.ones((max(1, side // 40),) * 2, np.uint8)
    joined = cv2.morphologyEx(find_mask(picture).astype(np.uint8), cv2.MORPH_CLOSE, reach)
    areas = cv2.connectedComponentsWithStats(joined)[2][1:, cv2.CC_STAT_AREA]
    return int((areas > max(0.2 * areas.max(), 0.004 * side**2)).sum()) if len(areas) else 0


def cut_largest(picture: np.ndarray) -> np.ndarray:
    """Cut out the largest of several things, as the judge learned them."""
    labels, areas = cv2.connectedComponentsWithStats(find_mask(picture).astype(np.uint8))[1:3]
    if len(areas) < 2:
        return cut_thing(picture)
    alone = picture.copy()
    largest = 1 + int(areas[1:, cv2.CC_STAT_AREA].argmax())
    around = cv2.dilate((labels == largest).astype(np.uint8), np.ones((3, 3), np.uint8))
    alone[around == 0] = find_background(picture)
    return cut_thing(alone)


def cut_square(picture: np.ndarray, box: tuple[int, int, int]) -> np.ndarray:
    """Cut out a square (left, top, side) with a little room and enlarge it to the whole."""
    left, top, side = box
    room, whole = side // 12, picture.shape[0]
    y0, x0 = max(0, top - room), max(0, left - room)
    part = picture[y0 : min(whole, top + side + room), x0 : min(whole, left + side + room)]
    cut: np.ndarray = cv2.resize(part, (whole, whole), interpolation=cv2.INTER_CUBIC)
    return cut


def name_place(picture: np.ndarray, boxes: Sequence[tuple[int, int, int]]) -> str:
    """Return the place whose drawn pictures are nearest to a picture, things left out."""
    side = picture.shape[0]
    seen = np.ones((side, side), np.float32)
    for left, top, length in boxes:
        seen[max(0, top) : top + length, max(0, left) : left + length] = 0
    weights = cv2.resize(seen, (_PLACE_SIDE, _PLACE_SIDE), interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(picture, (_PLACE_SIDE, _PLACE_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    names, drawn = _draw_places()
    return names[int((np.abs(drawn - small) * weights).sum((1, 2, 3)).argmin())]


@functools.cache
def _draw_places() -> tuple[list[str], np.ndarray]:
    names = [name for name in PLACES for _ in range(VARIANTS)]
    return names, np.stack([paint_background(n, _PLACE_SIDE, i % VARIANTS) for i, n in enumerate(names)])


def has_gradient(picture: np.ndarray, drawn: np.ndarray, reach: float = 45) -> bool:
    """Say whether a picture's first and last rows have about the colors of a drawn one's."""
    rim = max(1, picture.shape[0] // 16)
    ends = (slice(0, rim), slice(-rim, None))
    means = [[p[end].reshape(-1, 3).astype(np.float32).mean(0) for end in ends] for p in (picture, drawn)]
    return all(float(np.abs(a - b).max()) < reach for a, b in zip(*means, strict=True))
