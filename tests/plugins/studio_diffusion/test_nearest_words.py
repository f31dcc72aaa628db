"""What is said of words that a small model does not know."""

from __future__ import annotations

import argparse

import pytest

from studio_diffusion.known_words import Vocabulary, find_unknown, read_vocabulary
from studio_diffusion.nearest_words import describe_unknown, find_nearest
from studio_diffusion.training.export import list_facts
from studio_diffusion.training.vocabulary import FLAT, STYLES, load_concepts

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = Vocabulary(
    ("apple", "heart", "sun", "house", "leaf", "cherry", "wolf", "bear", "log", "hot dog", "bicycle", "maple leaf"),
    ("red", "two", "on the beach"),
    {"bike": "bicycle", "scarlet": "red", "bikes": "bicycle"},
    {"lake": "on the beach", "hot air balloon": "sun", "coyote": "wolf", "wall": "house"},
)


def find(prompt: str, vocabulary: Vocabulary = WORDS) -> dict[str, str]:
    unknown = find_unknown(prompt, vocabulary)
    return find_nearest(unknown, vocabulary) if unknown is not None else {}


def describe(prompt: str) -> tuple[str, str]:
    unknown = find_unknown(prompt, WORDS)
    assert unknown is not None
    return describe_unknown(unknown, WORDS)


@pytest.mark.parametrize(
    ("prompt", "nearest"),
    [
        ("two coyotes by the lake", {"coyotes": "wolf", "lake": "on the beach"}),
        ("a hot air balloon", {"hot air balloon": "sun"}),
        ("a coyotte", {"coyotte": "wolf"}),
    ],
)
def test_the_nearest_word_is_found_by_meaning(prompt: str, nearest: dict[str, str]) -> None:
    assert find(prompt) == nearest


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("appel", "apple"), ("aple", "apple"), ("bycicle", "bicycle"), ("haert", "heart"), ("appels", "apple")],
)
def test_the_nearest_word_is_found_by_spelling(word: str, nearest: str) -> None:
    assert find(f"a {word}") == {word: nearest}


@pytest.mark.parametrize("word", ["mouse", "beard", "logo", "long", "sunning", "housing", "zzz", "hearth"])
def test_another_word_that_looks_alike_is_not_suggested(word: str) -> None:
    assert find(f"an apple {word}") == {}


def test_a_part_of_a_phrase_brings_the_phrase() -> None:
    assert find("a maple") == {"maple": "maple leaf"}


def test_a_word_that_the_prompt_has_already_is_not_suggested() -> None:
    assert find("a wolf and a coyote, a wall") == {"wall": "house"}


def test_a_prompt_without_any_known_thing_brings_some_examples() -> None:
    message, hint = describe("a red appel")

    assert message == "the model knows no thing in 'a red appel'"
    assert hint.startswith("did you mean 'apple'? it knows 12 things, ")


def test_several_unknown_words_are_named_and_each_nearest_word_says_for_which() -> None:
    message, hint = describe("a red bicycle leaning on a brick wall, two appels")

    assert message == "the model does not know 'leaning', 'brick', 'wall' and 'appels' and draws the rest"
    assert hint.startswith("did you mean 'house' for 'wall', 'apple' for 'appels'? it knows 12 things")


def test_what_is_said_of_a_long_prompt_is_short() -> None:
    many = " ".join(chr(97 + i // 26) + chr(97 + i % 26) + "zq" for i in range(500))

    assert len("; ".join(describe(many))) < 300
    assert len("; ".join(describe(f"apple {many}"))) < 300
    assert "and 492 more" in describe(f"apple {many}")[0]


def test_ordinary_prompts_bring_what_the_model_in_the_box_draws_instead() -> None:
    facts = list_facts(list(load_concepts(250)), {*STYLES, FLAT}, argparse.Namespace(side=128))
    vocabulary = read_vocabulary(facts)
    assert vocabulary is not None

    said = {
        "a red bicycle leaning on a brick wall": {"brick": "house"},
        "a cute kitten sleeping on a sofa": {"sofa": "chair"},
        "two leopards running in the savanna": {"leopards": "tiger", "savanna": "in the desert"},
        "a medieval castle on a hill at dusk": {"hill": "mountain", "dusk": "at sunset"},
        "hot air balloon over mountains": {"hot air balloon": "balloon"},
        "vase of flowers on a wooden table": {"vase": "potted plant", "flowers": "sunflower"},
        "a sports car, photorealistic, highly detailed": {"sports car": "racing car"},
        "an elefant with baloons": {"elefant": "elephant", "baloons": "balloon"},
        "a panter in the jungel": {"panter": "tiger", "jungel": "in the forest"},
        "eagle flying over a lake": {"eagle": "bird", "lake": "under water"},
        "four cats": {"four": "three"},
        "a table": {"table": "chair"},
    }
    assert {prompt: find(prompt, vocabulary) for prompt in said} == said
