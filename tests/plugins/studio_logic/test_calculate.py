"""Arithmetic: right results, and nothing but arithmetic."""

from __future__ import annotations

import math

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes.numbers import calculate_number

CTX = TestContext()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-a ** 2", -9),
        ("(a + b) / 2", 3.5),
        ("7 // 2 + 7 % 4", 6),
        ("min(a, b, 2) + max(a, b)", 6),
        ("clamp(10, 0, b)", 4),
        ("mix(0, 10, 0.25)", 2.5),
        ("round(2.5) + round(3.14159, 2)", 5.14),
        ("sqrt(a * a + b * b)", 5.0),
        ("a if a > b else b", 4),
        ("1 < 2 < 3", 1),
        ("not 0 and 2 > 1", 1),
        ("1 and 0", 0),
        ("0 and 1 or 2", 1),
        ("0 or 0", 0),
        ("0 or a > 9 or b", 1),
        ("(-1) ** 1000001", -1),
        ("2 ** 62", 2**62),
        ("2 ** -1", 0.5),
        ("0 ** 0", 1),
        ("int(-2.7) + int(a)", 1),
        ("bool(a) + bool(0.0) + bool(-0.5)", 2),
        ("float(a) / 2", 1.5),
        ("(a & 6) + (a | b) + (a ^ 1)", 11),
        ("1 & 2 == 2", 0),
    ],
)
def test_an_expression_gives_what_paper_and_pencil_give(expression: str, expected: float) -> None:
    assert calculate_number(CTX, expression, a=3, b=4).result == pytest.approx(expected)


def test_whole_numbers_stay_whole_and_fractions_stay_fractions() -> None:
    assert type(calculate_number(CTX, "a * 2", a=3).result) is int
    assert type(calculate_number(CTX, "a / 2", a=4).result) is float


def test_constants_are_those_of_the_math_module() -> None:
    assert calculate_number(CTX, "cos(pi) + log(e)").result == pytest.approx(math.cos(math.pi) + 1)


@pytest.mark.parametrize(
    ("expression", "place", "says"),
    [
        ("2.5 & 1", 1, "need whole numbers"),
        ("1 << 2", 1, "only + -"),
        ("1 + x", 5, "unknown name 'x'"),
        ("2 / (a - a)", 1, "division by zero"),
        ("  a + * b", 5, "syntax"),
        ("foo(1)", 1, "unknown function 'foo'"),
        ("sqrt(1, 2)", 1, "sqrt takes 1 numbers"),
        ("1 + sqrt(-1)", 5, ""),
        ("(-8) ** 0.5", 1, ""),
        ("'a' * 3", 1, "not a number"),
        ("True + 1", 1, "not a number"),
    ],
)
def test_a_mistake_is_named_with_its_place(expression: str, place: int, says: str) -> None:
    with pytest.raises(StudioError) as caught:
        calculate_number(CTX, expression)

    assert caught.value.code == "E322"
    assert f"character {place}:" in caught.value.message
    assert says in caught.value.message


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0]",
        "a.real",
        "[1, 2][0]",
        "(lambda: 1)()",
        "[x for x in (1, 2)]",
        "(a := 5)",
        "f'{a}'",
        "{1: 2}",
        "abs.__self__",
        "min(*[1, 2])",
        "round(number=1)",
        "1 << 100",
        "1 >> 3",
        "~1",
        "a is b",
        "1 in (1, 2)",
    ],
)
def test_nothing_but_arithmetic_gets_through(expression: str) -> None:
    with pytest.raises(StudioError) as caught:
        calculate_number(CTX, expression)

    assert caught.value.code == "E322"


@pytest.mark.parametrize(
    "expression",
    ["9 ** 9 ** 9", "10 ** 1000000000", "2.0 ** 5000", "1e308 * 10", "floor(1e300)", "1e999", "9" * 900,
     "(" * 300 + "1" + ")" * 300, "-" * 500 + "1", "+".join(["1"] * 499), "exp(1000)", "x" * 2000],
)  # fmt: skip
def test_what_would_take_long_or_grow_large_ends_at_once(expression: str) -> None:
    try:
        result: float | None = calculate_number(CTX, expression).result
    except StudioError:
        result = None

    assert result is None or abs(result) <= 2**63
