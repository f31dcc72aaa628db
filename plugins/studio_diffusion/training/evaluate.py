"""Scores of the small model on prompts fixed in advance.

Beside them stand those of drawn scenes (the ceiling) and of shuffled prompts (the floor).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.judge import Judge, rank
from studio_diffusion.training.scenes import PAIR_SIZE, Scene, Thing, is_held_out
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.vocabulary import COLORS, POSITIONS, RELATIONS, SHAPES, SIZES, with_article

SEEDS = (0, 1, 2)
_PALETTE = np.array(list(COLORS.values()), np.float32)
_NAMES = list(COLORS)


def make_test_scenes(words: Sequence[str]) -> list[Scene]:
    """Return the 200 scenes that the model is measured on, the same for the same words.

    The prompts never change with the model: they come from a generator with a seed of its own.
    """
    rng = np.random.default_rng(20_261_121)

    def pick() -> str:
        return str(rng.choice(words))

    scenes = [Scene(with_article(w), (Thing(w),), kind="thing") for w in rng.choice(words, 60, replace=len(words) < 60)]
    for held_out, count, kind in ((False, 36, "color"), (True, 30, "unseen color")):
        while count:
            word, color = pick(), str(rng.choice(_NAMES))
            if is_held_out(word, color) == held_out:
                scenes.append(Scene(with_article(f"{color} {word}"), (Thing(word, color),), kind=kind))
                count -= 1
    for i in range(24):
        word, color = pick(), _NAMES[i % 12]
        scenes.append(
            Scene(f"{with_article(word)} on {with_article(color)} background", (Thing(word),), color, kind="background")
        )
    for where in [*POSITIONS] * 2:
        word, (dx, dy) = pick(), POSITIONS[where]
        thing = Thing(word, "", 0.46, 0.5 + 0.26 * dx, 0.5 + 0.26 * dy)
        scenes.append(Scene(f"{with_article(word)} {where}", (thing,), kind="position", labels={"where": where}))
    for size in ["small", "large"] * 7:
        word = pick()
        thing = Thing(word, "", SIZES[size])
        scenes.append(Scene(with_article(f"{size} {word}"), (thing,), kind="size", labels={"size": size}))
    for i in range(20):
        first, second = (str(w) for w in rng.choice(words, 2, replace=False))
        relation = list(RELATIONS)[i % len(RELATIONS)]
        dx, dy = np.array(RELATIONS[relation]) * 0.25
        things = (Thing(first, "", PAIR_SIZE, 0.5 + dx, 0.5 + dy), Thing(second, "", PAIR_SIZE, 0.5 - dx, 0.5 - dy))
        prompt = f"{with_article(first)} {relation} {with_article(second)}"
        scenes.append(Scene(prompt, things, kind="pair", labels={"relation": relation}))
    return scenes


# -- looking at one picture ------------------------------------------------------------------------------


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


# -- scoring many ----------------------------------------------------------------------------------------


def score(
    scenes: Sequence[Scene], pictures: np.ndarray, drawn: np.ndarray, judge: Judge, device: str
) -> dict[str, float]:
    """Score pictures, one for each scene, against the drawn ones: shares 0..1 by what was asked for."""
    numbers = {word: i for i, word in enumerate(judge.words)}
    found: dict[str, list[float]] = {}

    def add(name: str, value: Any) -> None:
        found.setdefault(name, []).append(float(value))

    cuts = rank(judge, np.stack([cut_thing(p) for p in pictures]), device)
    for scene, picture, draw, ranks in zip(scenes, pictures, drawn, cuts, strict=True):
        thing = scene.things[0]
        if scene.kind == "pair":
            halves = rank(judge, np.stack(split_pair(picture, scene.labels["relation"])), device, 1)[:, 0].tolist()
            asked = [numbers[t.word] for t in scene.things]
            loose = scene.labels["relation"] in ("and", "next to")
            add("both of two things", halves == asked or (loose and halves == asked[::-1]))
            add("one of two things", any(h == a for h, a in zip(halves, asked, strict=True)))
            continue
        name = {"thing": "thing", "color": "thing in a color", "unseen color": "thing in an unseen color"}.get(
            scene.kind, "thing elsewhere"
        )
        add(f"{name}, top-1", ranks[0] == numbers[thing.word])
        add(f"{name}, top-5", numbers[thing.word] in ranks)
        if "color" in scene.kind:
            right = name_thing_color(picture) == thing.color
            add(scene.kind, right)
            if scene.kind == "unseen color":
                add("unseen pair: thing and color", right and ranks[0] == numbers[thing.word])
        elif scene.kind == "background":
            add("background", name_color(find_background(picture)) == scene.background)
        elif scene.kind == "position":
            add("position", is_at(picture, scene.labels["where"]))
        elif scene.kind == "size":
            add("size", has_size(picture, draw, scene.labels["size"]))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


Generate = Callable[[Sequence[str], int], np.ndarray]
"""Prompts and a seed in, count x side x side x 3 uint8 out."""


def shuffle_by_kind(scenes: Sequence[Scene]) -> np.ndarray:
    """Return for each scene the number of another of its kind."""
    kinds = np.array([scene.kind for scene in scenes])
    others = np.arange(len(scenes))
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        others[members] = np.roll(members, 1)
    return others


def evaluate(generate: Generate, words: Sequence[str], artwork: Artwork, judge: Judge, device: str) -> dict[str, Any]:
    """Measure a generator: its scores, the ceiling, the floor, how much seeds differ, and the pictures."""
    scenes = make_test_scenes(words)
    prompts = [scene.prompt for scene in scenes]
    sets = [generate(prompts, seed) for seed in SEEDS]
    drawn = np.stack([artwork.draw(scene) for scene in scenes])
    scores = score(scenes * len(SEEDS), np.concatenate(sets), np.tile(drawn, (len(SEEDS), 1, 1, 1)), judge, device)
    shuffled = score(scenes, sets[0][shuffle_by_kind(scenes)], drawn, judge, device)
    spread = np.mean([np.abs(a.astype(float) - b).mean() for i, a in enumerate(sets) for b in sets[i + 1 :]]) / 255
    return {
        "scores": scores,
        "ceiling": score(scenes, drawn, drawn, judge, device),
        "floor": shuffled,
        "difference between seeds": round(float(spread), 4),
        "pictures": {"scenes": scenes, "sets": sets},
    }


def evaluate_sketches(
    generate: Callable[[Sequence[str], np.ndarray, int], np.ndarray],
    words: Sequence[str],
    artwork: Artwork,
    judge: Judge,
    device: str,
    count: int = 24,
) -> dict[str, Any]:
    """Measure how well sketches are followed: mean edge F-score with the sketch given, and with another (chance)."""
    rng = np.random.default_rng(31)
    chosen = [str(word) for word in rng.choice(words, count, replace=len(words) < count)]
    scenes = []
    for word in chosen:
        x, y = 0.5 + rng.uniform(-0.1, 0.1, 2)
        scenes.append(Scene(with_article(word), (Thing(word, "", 0.8, x, y, 0),)))
    sketches = np.stack([trace_sketch(artwork.draw(scene)) for scene in scenes])
    pictures = generate([scene.prompt for scene in scenes], sketches, 0)
    pairs = list(zip(pictures, sketches, strict=True))
    others = list(zip(pictures, np.roll(sketches, 1, 0), strict=True))
    ranks = rank(judge, np.stack([cut_thing(p) for p in pictures]), device)
    numbers = {word: i for i, word in enumerate(judge.words)}
    return {
        **{
            f"edge F-score within {reach} px{against}": round(
                float(np.mean([compute_edge_score(p, s, reach) for p, s in chosen_pairs])), 4
            )
            for reach in (2, 1)
            for against, chosen_pairs in (("", pairs), (", against another sketch", others))
        },
        "thing, top-1": round(float(np.mean([r[0] == numbers[w] for r, w in zip(ranks, chosen, strict=True)])), 4),
        "pictures": {"sketches": sketches, "made": pictures},
    }


def list_known_words(words: Sequence[str]) -> list[str]:
    """Return the things that the model can draw, shapes included."""
    return sorted({*words, *SHAPES})
