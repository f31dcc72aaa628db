"""Templates, and text in general."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes.texts import fill_template

CTX = TestContext()


def test_holes_are_filled_from_the_mapping_and_from_edges() -> None:
    text = fill_template(
        CTX,
        "{a}: {n} {thing}, {ok}, {share}, {list}",
        values={"n": 3, "thing": "äpples", "ok": True, "share": 2.0, "list": [1, "x"]},
        a="Buy",
    )

    assert text == 'Buy: 3 äpples, true, 2, [1, "x"]'


def test_double_braces_write_braces() -> None:
    assert fill_template(CTX, "{{{x}}} {{y}}", values={"x": 1}) == "{1} {y}"


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert fill_template(CTX, "{x}", values={"x": "{y}", "y": "secret"}) == "{y}"


def test_a_missing_value_names_the_hole_and_the_known_ones() -> None:
    with pytest.raises(StudioError) as caught:
        fill_template(CTX, "a {colour} apple", values={"color": "red", "size": 3})

    assert caught.value.code == "E321"
    assert "'{colour}' at character 3" in caught.value.message
    assert "'color', 'size'" in caught.value.hint


@pytest.mark.parametrize(
    "template",
    ["{x.__class__}", "{x[0]}", "{x!r}", "{x:1000000000}", "{x:{y}}", "{}", "{0}", "{ x y }", "{x", "x}", "{{x}"],
)
def test_a_hole_that_is_more_than_a_name_is_refused(template: str) -> None:
    with pytest.raises(StudioError) as caught:
        fill_template(CTX, template, values={"x": 1, "y": 2})

    assert caught.value.code == "E321"


def test_a_template_cannot_grow_without_bound() -> None:
    with pytest.raises(StudioError, match="more than 1000000 characters"):
        fill_template(CTX, "{x}" * 2000, values={"x": "y" * 1000})
