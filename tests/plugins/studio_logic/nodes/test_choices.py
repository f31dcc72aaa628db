"""Switches, and what they ask to be evaluated."""

from __future__ import annotations

import pytest

from studio.api import StudioError, get_node_type
from studio.testing import TestContext
from studio_logic.nodes import choices

CTX = TestContext()


@pytest.mark.parametrize("condition", [True, False])
def test_a_switch_needs_and_returns_only_the_branch_it_takes(condition: bool) -> None:
    needs = get_node_type(choices.switch_value).needs
    assert needs is not None
    wanted = list(needs(condition=condition))

    assert wanted == ["if_true" if condition else "if_false"]
    assert choices.switch_value(CTX, condition, **{wanted[0]: "here"}) == "here"


def test_a_chosen_branch_without_a_value_is_an_error() -> None:
    with pytest.raises(StudioError, match="'if_false' was chosen"):
        choices.switch_value(CTX, False, if_true=1)


def test_a_choice_needs_only_its_case() -> None:
    needs = get_node_type(choices.choose_value).needs
    assert needs is not None

    assert list(needs(case=3)) == ["case_3"]
    assert choices.choose_value(CTX, 3, case_1="a", case_3=0) == 0


def test_a_match_takes_the_case_of_its_name_or_otherwise() -> None:
    needs = get_node_type(choices.match_text).needs
    assert needs is not None
    names = ["small", "large"]

    assert list(needs(text="large", names=names)) == ["case_2"]
    assert list(needs(text="huge", names=names)) == ["otherwise"]
    assert choices.match_text(CTX, "large", names, case_1=1, case_2=2) == 2
    assert choices.match_text(CTX, "huge", names, otherwise=9) == 9


def test_a_match_without_a_case_names_the_cases() -> None:
    with pytest.raises(StudioError, match="'huge' is not one of 'small', 'large'"):
        choices.match_text(CTX, "huge", ["small", "large"], case_1=1)


@pytest.mark.parametrize(
    ("operator", "answers"),
    [("<", [True, False, False]), ("<=", [True, True, False]), ("==", [False, True, False]),
     ("!=", [True, False, True]), (">=", [False, True, True]), (">", [False, False, True])],
)  # fmt: skip
def test_numbers_compare_within_a_tolerance(operator: str, answers: list[bool]) -> None:
    pairs = [(1.0, 2.0), (2.05, 2), (3, 2)]

    assert [choices.compare_numbers(CTX, a, b, operator=operator, tolerance=0.1).result for a, b in pairs] == answers


def test_texts_compare_with_and_without_case() -> None:
    assert choices.compare_texts(CTX, "STRASSE", "straße", ignore_case=True).result
    assert not choices.compare_texts(CTX, "Abc", "abc").result
    assert choices.compare_texts(CTX, "poster.png", ".png", operator="ends_with").result


def test_conditions_combine() -> None:
    assert choices.check_all(CTX, [True, True]).result
    assert not choices.check_all(CTX, [True, False]).result
    assert choices.check_all(CTX, []).result
    assert choices.check_any(CTX, [False, True]).result
    assert not choices.check_any(CTX, []).result
    assert choices.negate(CTX, False).result
