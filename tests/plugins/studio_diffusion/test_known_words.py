"""Words that a small model knows, and those of a prompt that it does not."""

from __future__ import annotations

import pytest

from studio_diffusion.known_words import Vocabulary, find_unknown

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = Vocabulary(
    ("apple", "heart", "sun", "house", "leaf", "cherry", "wolf", "hot dog", "bicycle"),
    ("red", "two", "on the beach"),
    {"bike": "bicycle", "scarlet": "red"},
)


def find(prompt: str) -> tuple[str, ...]:
    unknown = find_unknown(prompt, WORDS)
    return unknown.words if unknown is not None else ()


@pytest.mark.parametrize("prompt", ["apples", "CHERRIES", "Leaves", "the wolf's", "two wolves", "", "a big image", "!"])
def test_known_words_count_in_any_form(prompt: str) -> None:
    assert find(prompt) == ()


def test_unknown_words_beside_known_things_are_found() -> None:
    assert find("a red bicycle leaning on a brick wall, a bicycle") == ("leaning", "brick", "wall")


def test_a_synonym_is_known_and_names_a_thing_if_its_word_does() -> None:
    assert find("two scarlet bikes on the beach") == ()
    nothing = [
        unknown.nothing for prompt in ("a scarlet zebra", "a blurry bike") if (unknown := find_unknown(prompt, WORDS))
    ]
    assert nothing == [True, False]


def test_a_phrase_is_known_only_as_a_whole() -> None:
    assert find("two Hot dogs") == ()
    assert find("a hot day") == ("hot", "day")
    assert find("a beach") == ("beach",)


@pytest.mark.parametrize(("prompt", "word"), [("\N{RED APPLE}", "\N{RED APPLE}"), ("42", "42"), ("a red fish", "fish")])
def test_signs_and_words_that_are_not_known_are_found(prompt: str, word: str) -> None:
    assert find(prompt) == (word,)


@pytest.mark.parametrize("prompt", ["red", "two", "on the beach"])
def test_known_words_that_name_no_thing_are_said_to_name_none(prompt: str) -> None:
    unknown = find_unknown(prompt, WORDS)

    assert unknown is not None
    assert unknown.nothing
