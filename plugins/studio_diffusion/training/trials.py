"""Scenes that the small model is measured on: their prompts are fixed in advance and never change with the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio_diffusion.training.backgrounds import PLACES
from studio_diffusion.training.scenes import PAIR_SIZE, Scene, Thing, is_held_out, place_things
from studio_diffusion.training.vocabulary import (
    COLORS,
    COUNTS,
    GRADIENT,
    POSITIONS,
    RELATIONS,
    SIZES,
    is_counted,
    load_synonyms,
    make_plural,
    with_article,
)

_NAMES = list(COLORS)


def make_test_scenes(words: Sequence[str]) -> list[Scene]:
    """Return the scenes that the model is measured on, the same for the same words."""
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
    return scenes + _make_further_scenes(words, rng)


def _make_further_scenes(words: Sequence[str], rng: np.random.Generator) -> list[Scene]:
    """Return scenes of counts, places, gradients and synonyms."""
    scenes = []
    for said in [*COUNTS] * 8:
        word = str(rng.choice([word for word in words if is_counted(word)]))
        things = place_things([(word, "", 0)] * COUNTS[said])
        scenes.append(Scene(f"{said} {make_plural(word)}", things, kind="count", labels={"count": said}))
    for place in [*PLACES] * 2:
        word = str(rng.choice(words))
        scenes.append(Scene(f"{with_article(word)} {place}", place_things([(word, "", 0)], place), place, kind="place"))
    for _ in range(12):
        word, (top, bottom) = str(rng.choice(words)), rng.choice(_NAMES, 2, replace=False)
        background = f"{top} and {bottom} {GRADIENT}"
        prompt = f"{with_article(word)} on {with_article(background)} background"
        scenes.append(Scene(prompt, (Thing(word),), background, kind="gradient"))
    synonyms = [(said, word) for said, word in sorted(load_synonyms().items()) if word in words]
    for number in rng.permutation(len(synonyms))[:24]:
        said, word = synonyms[number]
        prompt = with_article(said) if is_counted(word) else said
        scenes.append(Scene(prompt, (Thing(word),), kind="synonym"))
    return scenes
