"""Scenes: prompts that are true of what is drawn, counts, places with shadows, and words that are read past."""

from __future__ import annotations

import numpy as np
import pytest

from studio_diffusion.training.backgrounds import PLACES
from studio_diffusion.training.scenes import KINDS, Scene, Scenes, place_things
from studio_diffusion.training.vocabulary import (
    COLORS,
    COUNTS,
    PLACES_SAID,
    is_counted,
    load_concepts,
    make_plural,
    with_article,
)

pytestmark = pytest.mark.xdist_group("diffusers")


def make_scenes(kind: str, count: int = 300) -> list[Scene]:
    shares = [float(name == kind) for name in KINDS]
    rng, scenes = np.random.default_rng(1), Scenes(list(load_concepts()))
    return [scenes.make(rng, shares) for _ in range(count)]


def test_every_kind_of_scene_is_made() -> None:
    rng, scenes = np.random.default_rng(2), Scenes(list(load_concepts()))

    kinds = {scenes.make(rng).kind for _ in range(200)}

    assert kinds == set(KINDS)


def test_steady_scenes_keep_things_near_their_place() -> None:
    shares = [float(kind == "plain") for kind in KINDS]
    words = list(load_concepts())

    def spread(*, steady: bool) -> tuple[float, float]:
        rng, scenes = np.random.default_rng(3), Scenes(words, steady=steady)
        things = [scenes.make(rng, shares).things[0] for _ in range(300)]
        return float(np.std([thing.x for thing in things])), float(np.mean([thing.angle != 0 for thing in things]))

    (near, seldom), (far, often) = spread(steady=True), spread(steady=False)
    assert near < 0.4 * far
    assert 0 < seldom < 0.5 * often


def test_a_count_draws_as_many_of_one_thing_as_the_prompt_says() -> None:
    for scene in make_scenes("count"):
        said = [number for word, number in COUNTS.items() if word in scene.prompt.split()]
        assert said == [len(scene.things)]
        assert len({(thing.word, thing.color) for thing in scene.things}) == 1
        assert make_plural(scene.things[0].word) in scene.prompt
        assert is_counted(scene.things[0].word)


def test_things_that_are_counted_do_not_touch() -> None:
    for count in COUNTS.values():
        for place in ("", "on grass", "in space"):
            things = place_things([("cat", "", 0)] * count, place)
            gaps = [max(abs(a.x - b.x), abs(a.y - b.y)) - a.size for a in things for b in things if a is not b]
            assert min(gaps) > 0
            assert all(thing.size / 2 <= thing.x <= 1 - thing.size / 2 for thing in things)


def test_a_place_is_named_and_its_things_stand_on_its_ground() -> None:
    scenes = make_scenes("place")

    assert {scene.background for scene in scenes} == set(PLACES)
    for scene in scenes:
        assert any(said in scene.prompt for said in (scene.background, *PLACES_SAID[scene.background]))
        ground = PLACES[scene.background].ground
        assert all(thing.stands == bool(ground) and thing.y == (ground or 0.5) for thing in scene.things)
        assert not any(thing.color and thing.color in PLACES[scene.background].hidden for thing in scene.things)


def test_a_thing_never_has_a_color_of_its_background() -> None:
    for scene in make_scenes("plain", 600):
        assert not any(thing.color in scene.background.split() for thing in scene.things if thing.color)
        said = [color for color in COLORS if color in scene.prompt.split()]
        asked = {*scene.background.split(), *(thing.color for thing in scene.things)} & set(COLORS)
        assert asked <= set(said)


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("cat", "cats"),
        ("fox", "foxes"),
        ("wolf", "wolves"),
        ("cherry", "cherries"),
        ("monkey", "monkeys"),
        ("potato", "potatoes"),
        ("piano", "pianos"),
        ("maple leaf", "maple leaves"),
        ("sheep", "sheep"),
    ],
)
def test_plurals(word: str, plural: str) -> None:
    assert make_plural(word) == plural


@pytest.mark.parametrize(("word", "named"), [("owl", "an owl"), ("unicorn", "a unicorn"), ("red owl", "a red owl")])
def test_articles(word: str, named: str) -> None:
    assert with_article(word) == named


def test_no_article_stands_before_what_is_several_or_a_mass() -> None:
    prompts = [scene.prompt for scene in make_scenes("plain", 2000)]

    assert not [prompt for prompt in prompts if prompt.startswith(("a scissors", "a gloves", "a bacon", "a cheese"))]
    assert [prompt for prompt in prompts if prompt.startswith("scissors")]
