"""A sentence split into scenes, and templates filled with them."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_text.nodes.scenes import write_storyboard
from studio_text.storyboard import MOST_SCENES, split_scenes, write_shots


@pytest.mark.parametrize(
    ("sentence", "scenes"),
    [
        ("A fox wakes up, then it finds an apple", ["a fox wakes up", "it finds an apple"]),
        ("A fox and a bear row a boat.", ["a fox and a bear row a boat"]),
        ("The sun rises while Anna sleeps; later, she wakes up.", ["the sun rises", "Anna sleeps", "she wakes up"]),
        ("Mr. Fox pays 1,000.50 francs. J. Bear laughs!", ["Mr. Fox pays 1,000.50 francs", "J. Bear laughs"]),
        ("a house, an apple, and finally a star", ["a house", "an apple", "a star"]),
        ("“Look!” he says — and then silence", ["Look", "he says", "silence"]),
        ("一只狐狸醒来，它找到一个苹果。", ["一只狐狸醒来", "它找到一个苹果"]),
        ("Ein Fuchs erwacht; er findet einen Apfel", ["Ein Fuchs erwacht", "er findet einen Apfel"]),
        ("a well-lit street at 10:30, p.m.", ["a well-lit street at 10:30", "p.m"]),
        ("athens\na thenar\n\n", ["athens", "a thenar"]),
    ],
)
def test_a_sentence_is_split_where_something_new_happens(sentence: str, scenes: list[str]) -> None:
    assert split_scenes(sentence, "") == scenes


def test_a_separator_of_ones_own_splits_and_nothing_else() -> None:
    assert split_scenes("A big, red fox | Then. | ", "|") == ["A big, red fox", "Then."]


def test_templates_are_filled_in_turn_with_the_subject_and_the_style() -> None:
    sentence = "A fox wakes up, it eats, then it sleeps"

    written = write_shots(sentence, ["wide: {scene}", "{number}. {scene} {{{subject}}}"], None, "a fox", "ink", "")

    assert [shot.prompt for shot in written] == [
        "wide: a fox wakes up, ink",
        "2. a fox eats {a fox}, ink",
        "wide: a fox sleeps, ink",
    ]
    assert [shot.caption for shot in written] == ["A fox wakes up.", "A fox eats.", "A fox sleeps."]


@pytest.mark.parametrize(
    ("shots", "scenes"),
    [(1, ["a, b, c"]), (2, ["a", "b, c"]), (3, ["a", "b", "c"]), (5, ["a", "a", "b", "b", "c"])],
)
def test_scenes_are_spread_over_the_shots(shots: int, scenes: list[str]) -> None:
    assert [shot.scene for shot in write_shots("a, b, c", ["{scene}"], shots, "", "", "")] == scenes


def test_a_word_that_says_nothing_to_a_model_is_a_warning_unless_there_is_a_subject() -> None:
    bare, named = TestContext(), TestContext()

    write_storyboard(bare, "a fox wakes up, it eats")
    result = write_storyboard(named, "a fox wakes up, it eats", subject="a fox")

    assert len(bare.messages) == 1
    assert "'it'" in bare.messages[0]
    assert named.messages == []
    assert result.shots[1] == {"number": 2, "scene": "a fox eats", "prompt": "a fox eats", "caption": "A fox eats."}


@pytest.mark.parametrize(
    ("sentence", "templates", "message"),
    [
        ("", ["{scene}"], "the sentence is empty"),
        (" ,. ; and then…", ["{scene}"], "has no words"),
        ("a fox", ["{scene", "{scene}"], "a single '{'"),
        ("a fox", ["{" * 4999], "a single '{'"),
        ("a fox", ["{scene.__class__}"], "unknown placeholder '{scene.__class__}'"),
        ("a fox", [" "], "a template is empty"),
        ("x," * (MOST_SCENES + 1), ["{scene}"], "201 scenes are over the limit"),
        ("word " * 3999 + ",b", ["{sentence}" * 200], "more than 1000000 characters"),
    ],
)
def test_what_gives_no_film_is_an_error(sentence: str, templates: list[str], message: str) -> None:
    with pytest.raises(StudioError) as raised:
        write_shots(sentence, templates, None, "", "", "")

    assert raised.value.code == "E672"
    assert message in raised.value.message
