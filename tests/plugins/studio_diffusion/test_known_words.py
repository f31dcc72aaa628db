"""Words that a small model knows, and the nearest of those that it does not."""

from __future__ import annotations

import pytest

from studio_diffusion.known_words import Vocabulary, describe_unknown, find_unknown

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = Vocabulary(
    ("apple", "heart", "sun", "house", "leaf", "cherry", "wolf", "hot dog", "bicycle"),
    ("red", "two", "on the beach"),
    {"bike": "bicycle", "scarlet": "red"},
)


def find(prompt: str) -> tuple[str, ...]:
    unknown = find_unknown(prompt, WORDS)
    return unknown.words if unknown is not None else ()


def describe(prompt: str) -> str:
    unknown = find_unknown(prompt, WORDS)
    assert unknown is not None
    return "; ".join(describe_unknown(unknown, WORDS))


@pytest.mark.parametrize("prompt", ["apples", "CHERRIES", "Leaves", "the wolf's", "two wolves", "", "a big image", "!"])
def test_known_words_count_in_any_form(prompt: str) -> None:
    assert find(prompt) == ()


@pytest.mark.parametrize(("prompt", "nearest"), [("a hearth", "'heart'"), ("mouse", "'house'"), ("zzz", "")])
def test_a_prompt_without_any_known_thing_brings_the_nearest_and_some_examples(prompt: str, nearest: str) -> None:
    told = describe(prompt)

    assert told.startswith(f"the model knows no thing in {prompt!r}")
    assert ("did you mean" in told) == bool(nearest)
    assert nearest in told
    assert "'apple'" in told


def test_unknown_words_beside_known_things_are_named() -> None:
    assert find("a red bicycle leaning on a brick wall, a bicycle") == ("leaning", "brick", "wall")
    told = describe("a red bicycle leaning on a brick wal, two appels")
    assert told.startswith("the model does not know 'leaning', 'brick', 'wal' and 'appels' and draws the rest")
    assert "did you mean 'apple'" in told


def test_a_synonym_is_known_and_names_a_thing_if_its_word_does() -> None:
    assert find("two scarlet bikes on the beach") == ()
    assert describe("a scarlet zebra").startswith("the model knows no thing in 'a scarlet zebra'")
    assert describe("a blurry bike").startswith("the model does not know 'blurry'")


def test_a_phrase_is_known_only_as_a_whole() -> None:
    assert find("two Hot dogs") == ()
    assert find("a hot day") == ("hot", "day")
    assert "'hot dog'" in describe("a hot day")
    assert find("a beach") == ("beach",)


@pytest.mark.parametrize("prompt", ["\N{RED APPLE}", "42", "a \N{DOG FACE}"])
def test_signs_that_are_no_words_are_not_known_either(prompt: str) -> None:
    assert repr(prompt) in describe(prompt)


def test_a_color_alone_names_nothing_unknown_and_hides_no_unknown_thing() -> None:
    assert find("red") == ()
    assert find("a red zebra") == ("zebra",)


def test_what_is_said_of_a_long_prompt_is_short() -> None:
    many = " ".join(chr(97 + i // 26) + chr(97 + i % 26) + "zq" for i in range(500))

    assert len(describe(many)) < 300
    assert len(describe(f"apple {many}")) < 300
    assert "and 492 more" in describe(f"apple {many}")
