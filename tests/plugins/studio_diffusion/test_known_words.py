"""Words that a small model knows, and the nearest of those that it does not."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = ["apple", "heart", "sun", "house", "leaf", "cherry", "wolf", "red"]


@pytest.mark.parametrize("prompt", ["apples", "CHERRIES", "Leaves", "the wolf's", "two wolves", "", "a big image", "!"])
def test_known_words_count_in_any_form(prompt: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown(prompt, WORDS) == ""


@pytest.mark.parametrize(("prompt", "nearest"), [("a hearth", "'heart'"), ("mouse", "'house'"), ("zzz", "")])
def test_unknown_words_bring_the_nearest_and_some_examples(prompt: str, nearest: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    told = describe_unknown(prompt, WORDS)

    assert repr(prompt) in told
    assert ("did you mean" in told) == bool(nearest)
    assert nearest in told
    assert "'apple'" in told


def test_a_phrase_is_known_only_as_a_whole() -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown("two Hot dogs", ["hot dog"]) == ""
    assert "'hot dog'" in describe_unknown("a hot day", ["hot dog"])


@pytest.mark.parametrize("prompt", ["\N{RED APPLE}", "42", "a \N{DOG FACE}"])
def test_signs_that_are_no_words_are_not_known_either(prompt: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    assert repr(prompt) in describe_unknown(prompt, WORDS)


def test_a_color_alone_names_nothing_unknown_and_hides_no_unknown_thing() -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown("red", ["apple"], ["red"]) == ""
    assert "knows no word of 'a red zebra'. It knows" in describe_unknown("a red zebra", ["apple"], ["red"])
    assert len(describe_unknown("zebra " * 500, ["apple"])) < 250
