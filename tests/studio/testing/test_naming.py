"""What makes inputs hard to guess: names, units and help."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from studio.api import Context, Field, Image, get_node_type, node
from studio.testing import check_node_type
from studio.testing.naming import find_conflicting_names, find_naming_problems

GOOD = "How much the image is blurred, for a test."


def declare(annotation: Any, default: Any = 1.0, name: str = "amount", description: str = GOOD) -> Any:
    def blur(ctx: Context, **inputs: Any) -> float:
        return 1.0

    space: dict[str, Any] = {"Context": Context, "annotation": annotation, "default": default}
    text = f'def blur(ctx: Context, *, {name}: annotation = default) -> float:\n    """Blur.\n\n    Args:\n'
    exec(f'{text}        {name}: {description}\n    """\n    return 1.0\n', space)  # noqa: S102  # a signature by its parts
    return node("test.blur")(space["blur"])


def find(annotation: Any, default: Any = 1.0, name: str = "amount", description: str = GOOD) -> list[str]:
    return find_naming_problems(get_node_type(declare(annotation, default, name, description)))


@pytest.mark.parametrize(
    ("annotation", "default", "name"),
    [
        (Annotated[float, Field(ge=0, le=1)], 0.5, "strength"),
        (Annotated[float, Field(ge=0.1, le=10, unit="factor")], 1.0, "speed"),
        (Annotated[float, Field(ge=0, le=9, unit="seconds")], 1.0, "fade_seconds"),
        (Annotated[float, Field(ge=1, le=9, unit="stitches")], 1.0, "pitch"),
        (Annotated[int, Field(ge=1, le=9)], 1, "count"),
        (Annotated[int | None, Field(ge=1, le=9)], None, "steps"),
        (Annotated[float, Field(ge=0)], 0.0, "tolerance"),
        (float, 1.0, "number"),
        (str, "", "text"),
    ],
)
def test_names_that_people_can_guess_pass(annotation: Any, default: Any, name: str) -> None:
    assert find(annotation, default, name) == []


@pytest.mark.parametrize(
    ("annotation", "default", "name", "words"),
    [
        (Annotated[float, Field(ge=0, le=2)], 1.0, "strength", "has limits and no unit"),
        (Annotated[list[float] | None, Field(ge=0, le=2)], None, "strengths", "has limits and no unit"),
        (Annotated[float, Field(ge=0, le=2, unit="px")], 1.0, "radius", "write 'pixels', as everywhere"),
        (Annotated[float, Field(ge=0, le=2, unit="decibels")], 1.0, "gain", "write 'dB'"),
        (float, 1.0, "fade_seconds", "no unit 'seconds'"),
        (Annotated[int, Field(unit="frames per second")], 1, "sample_rate", "no unit 'hertz'"),
        (Annotated[float, Field(unit="hertz")], 1.0, "fps", "no unit 'frames per second'"),
        (Annotated[float, Field(unit="factor")], 1.0, "rate", "the name of input 'rate' is vague"),
        (Annotated[int, Field(ge=1)], 1, "most_scenes", "is vague; write min_ or max_"),
        (Annotated[int, Field(ge=1)], 1, "shortest", "is vague"),
    ],
)
def test_names_and_units_that_nobody_guesses_are_found(annotation: Any, default: Any, name: str, words: str) -> None:
    (problem,) = find(annotation, default, name)

    assert words in problem
    assert repr(name) in problem


@pytest.mark.parametrize(
    ("default", "description", "found"),
    [
        (0, "Steps to take; 0 for the model's own number.", True),
        (-1, "Seed of the noise; -1 picks one.", True),
        (0, "Width of the outline; 0 for none.", False),
        (0, "First entry to take, from 0.", False),
        (1, "Steps to take; 0 for the model's own number.", False),
    ],
)
def test_a_default_that_stands_for_something_else_is_found(default: int, description: str, found: bool) -> None:
    assert ["means something else" in problem for problem in find(int, default, "steps", description)] == [True] * found


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("The same, from the top.", "leans on another input's"),
        ("Its color, of any kind.", "leans on another"),
        ("Another.", "leans on another"),
        ("Of the upper one.", "leans on another"),
        ("How many.", "says too little"),
        ("How much the image is blurred", "end it with a full stop"),
    ],
)
def test_help_that_does_not_stand_alone_is_found(description: str, words: str) -> None:
    (problem,) = find(int, 1, "count", description)

    assert words in problem


def test_one_name_for_two_types_is_found() -> None:
    @node("test.one")
    def one(ctx: Context, labels: list[str], size: int = 1) -> int:
        """Do."""
        return 1

    @node("test.two")
    def two(ctx: Context, labels: bool, size: float = 1.0, image: Image | None = None) -> int:
        """Do."""
        return 1

    assert find_conflicting_names([get_node_type(one), get_node_type(two)]) == [
        "input 'labels' takes a list of text in test.one and yes or no in test.two; give one a name of its own"
    ]


def test_a_check_of_a_node_type_tells_it() -> None:
    with pytest.raises(AssertionError, match="names: the name of input 'rate' is vague"):
        check_node_type(declare(float, 1.0, "rate"))
    assert "names" in check_node_type(declare(float)).passed
