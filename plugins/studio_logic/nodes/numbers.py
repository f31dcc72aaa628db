"""Numbers worked out and rounded."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from studio.api import Context, Field, Grammar, StudioError, check_inputs, node
from studio_logic.calculate import calculate, check_expression


def _check_values(expression: str, a: float, b: float, c: float, d: float) -> None:
    calculate(expression, {"a": a, "b": b, "c": c, "d": d})


@node("logic.calculate", check=check_inputs(_check_values))
def calculate_number(
    ctx: Context,
    expression: Annotated[str, Field(max_length=1000), Grammar("an expression", check_expression)],
    *,
    a: int | float = 0,
    b: int | float = 0,
    c: int | float = 0,
    d: int | float = 0,
) -> int | float:
    """Work out an expression such as "min(a, 2) * (b + 1) / c".

    It knows + - * / // % **, comparisons (1 or 0), and, or, not, `x if test else y`, pi, e, tau, and the functions
    abs, atan, atan2, ceil, clamp, cos, degrees, exp, floor, hypot, log, log2, log10, max, min, mix, radians, round,
    sign, sin, sqrt, tan. Whole numbers stay whole but under /; results over 2**63 are an error.

    Args:
        expression: What to work out.
        a: The number a.
        b: The number b.
        c: The number c.
        d: The number d.
    """
    return calculate(expression, {"a": a, "b": b, "c": c, "d": d})


@node("logic.to_int")
def round_number(
    ctx: Context, number: int | float, *, rounding: Literal["nearest", "down", "up", "to_zero"] = "nearest"
) -> int:
    """Turn a number into a whole one.

    Args:
        number: The number.
        rounding: "nearest" takes the even one of two; "down" and "up" go towards minus and plus infinity.
    """
    if not math.isfinite(number):
        raise StudioError("E322", f"{number} cannot be rounded", hint="give a finite number")
    rounded = {"nearest": round(number), "down": math.floor(number), "up": math.ceil(number), "to_zero": int(number)}
    return rounded[rounding]


@node("logic.to_float")
def widen_number(ctx: Context, number: int | float) -> float:
    """Turn a number into one with a fraction, for inputs that take no whole numbers.

    Args:
        number: The number.
    """
    return float(number)
