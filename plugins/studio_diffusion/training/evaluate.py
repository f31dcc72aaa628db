"""Scores of the small model on prompts fixed in advance.

Beside them stand those of drawn scenes (the ceiling) and of shuffled prompts (the floor).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.inspection import (
    compute_edge_score,
    count_things,
    cut_largest,
    cut_square,
    cut_thing,
    find_background,
    has_gradient,
    has_size,
    is_at,
    name_color,
    name_place,
    name_thing_color,
    split_pair,
)
from studio_diffusion.training.judge import Judge, rank
from studio_diffusion.training.scenes import Scene, Thing
from studio_diffusion.training.sharpness import measure_sharpness
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.trials import make_test_scenes
from studio_diffusion.training.vocabulary import COUNTS, SHAPES, with_article

SEEDS = (0, 1, 2)
SHARPNESS = "sharpness"
_TITLES = {
    "thing": "thing",
    "color": "thing in a color",
    "unseen color": "thing in an unseen color",
    "count": "thing counted",
    "place": "thing in a place",
    "synonym": "thing by a synonym",
}


class Tally:
    """Adds up what was right, by what was asked for."""

    def __init__(self) -> None:
        self._found: dict[str, list[float]] = {}

    def add(self, name: str, right: bool) -> None:
        """Count one picture."""
        self._found.setdefault(name, []).append(float(right))

    def compute_shares(self) -> dict[str, float]:
        """Return the share of right pictures, 0..1, by name."""
        return {name: round(float(np.mean(values)), 4) for name, values in self._found.items()}


def score(
    scenes: Sequence[Scene], pictures: np.ndarray, drawn: np.ndarray, judge: Judge, artwork: Artwork, device: str
) -> dict[str, float]:
    """Score pictures, one for each scene, against the drawn ones: shares 0..1 by what was asked for."""
    tally = Tally()
    cuts = [_cut(scene, picture, artwork) for scene, picture in zip(scenes, pictures, strict=True)]
    numbers = {word: i for i, word in enumerate(judge.words)}
    for scene, picture, draw, ranks in zip(scenes, pictures, drawn, rank(judge, np.stack(cuts), device), strict=True):
        if scene.kind == "pair":
            _score_pair(scene, picture, judge, numbers, tally, device)
            continue
        asked = numbers[scene.things[0].word]
        name = _TITLES.get(scene.kind, "thing elsewhere")
        tally.add(f"{name}, top-1", ranks[0] == asked)
        tally.add(f"{name}, top-5", asked in ranks)
        if scene.kind == "unseen color":
            right = name_thing_color(picture) == scene.things[0].color
            tally.add("unseen pair: thing and color", bool(right and ranks[0] == asked))
        if scene.kind in _MEASURES:
            tally.add(scene.kind, _MEASURES[scene.kind](scene, picture, draw, artwork))
    return tally.compute_shares()


def _cut(scene: Scene, picture: np.ndarray, artwork: Artwork) -> np.ndarray:
    """Cut out what the judge is to look at."""
    if scene.kind == "count":
        return cut_largest(picture)
    if scene.kind in ("place", "gradient"):
        return cut_square(picture, artwork.find_box(scene))
    return cut_thing(picture)


def _score_pair(
    scene: Scene, picture: np.ndarray, judge: Judge, numbers: dict[str, int], tally: Tally, device: str
) -> None:
    relation = scene.labels["relation"]
    halves = rank(judge, np.stack(split_pair(picture, relation)), device, 1)[:, 0].tolist()
    asked = [numbers[thing.word] for thing in scene.things]
    loose = relation in ("and", "next to")
    tally.add("both of two things", halves == asked or (loose and halves == asked[::-1]))
    tally.add("one of two things", any(h == a for h, a in zip(halves, asked, strict=True)))


def _has_color(scene: Scene, picture: np.ndarray, drawn: np.ndarray, artwork: Artwork) -> bool:
    return name_thing_color(picture) == scene.things[0].color


def _has_place(scene: Scene, picture: np.ndarray, drawn: np.ndarray, artwork: Artwork) -> bool:
    return name_place(picture, [artwork.find_box(scene, i) for i in range(len(scene.things))]) == scene.background


_MEASURES: dict[str, Callable[[Scene, np.ndarray, np.ndarray, Artwork], bool]] = {
    "color": _has_color,
    "unseen color": _has_color,
    "background": lambda scene, picture, *_: name_color(find_background(picture)) == scene.background,
    "position": lambda scene, picture, *_: is_at(picture, scene.labels["where"]),
    "size": lambda scene, picture, drawn, _: has_size(picture, drawn, scene.labels["size"]),
    "count": lambda scene, picture, *_: count_things(picture) == COUNTS[scene.labels["count"]],
    "place": _has_place,
    "gradient": lambda scene, picture, drawn, _: has_gradient(picture, drawn),
}
"""What is measured of the pictures of a kind beside the thing: scene, picture and drawn scene in."""


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
    every, everything = np.concatenate(sets), np.tile(drawn, (len(SEEDS), 1, 1, 1))
    scores = score(scenes * len(SEEDS), every, everything, judge, artwork, device)
    ceiling = score(scenes, drawn, drawn, judge, artwork, device)
    floor = score(scenes, sets[0][shuffle_by_kind(scenes)], drawn, judge, artwork, device)
    for shares, pictures in ((scores, sets[0]), (ceiling, drawn), (floor, np.stack([soften(p) for p in drawn]))):
        shares[SHARPNESS] = round(measure_sharpness(list(pictures), list(drawn)), 4)
    spread = np.mean([np.abs(a.astype(float) - b).mean() for i, a in enumerate(sets) for b in sets[i + 1 :]]) / 255
    return {
        "scores": scores,
        "ceiling": ceiling,
        "floor": floor,
        "difference between seeds": round(float(spread), 4),
        "prompts": len(scenes),
        "seeds": len(SEEDS),
        "pictures": {"scenes": scenes, "sets": sets},
    }


def soften(picture: np.ndarray) -> np.ndarray:
    """Return a picture of half the size, enlarged: what is blurred enough to see."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    soft: np.ndarray = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return soft


def _make_sketch_scenes(words: Sequence[str], count: int) -> list[Scene]:
    rng = np.random.default_rng(31)
    chosen = [str(word) for word in rng.choice(words, count, replace=len(words) < count)]
    shifts = [0.5 + rng.uniform(-0.1, 0.1, 2) for _ in chosen]
    return [Scene(with_article(w), (Thing(w, "", 0.8, x, y, 0),)) for w, (x, y) in zip(chosen, shifts, strict=True)]


def evaluate_sketches(
    generate: Callable[[Sequence[str], np.ndarray, int], np.ndarray],
    words: Sequence[str],
    artwork: Artwork,
    judge: Judge,
    device: str,
    count: int = 24,
) -> dict[str, Any]:
    """Measure how well sketches are followed: mean edge F-score with the sketch given, and with another (chance)."""
    scenes = _make_sketch_scenes(words, count)
    sketches = np.stack([trace_sketch(artwork.draw(scene)) for scene in scenes])
    pictures = generate([scene.prompt for scene in scenes], sketches, 0)
    results: dict[str, Any] = {}
    for reach in (2, 1):
        for against, others in (("", sketches), (", against another sketch", np.roll(sketches, 1, 0))):
            found = [compute_edge_score(p, s, reach) for p, s in zip(pictures, others, strict=True)]
            results[f"edge F-score within {reach} px{against}"] = round(float(np.mean(found)), 4)
    first = rank(judge, np.stack([cut_thing(p) for p in pictures]), device)[:, 0]
    right = [judge.words[number] == scene.things[0].word for number, scene in zip(first, scenes, strict=True)]
    results["thing, top-1"] = round(float(np.mean(right)), 4)
    return results | {"pictures": {"sketches": sketches, "made": pictures}}


def list_known_words(words: Sequence[str]) -> list[str]:
    """Return the things that the model can draw, shapes included."""
    return sorted({*words, *SHAPES})
