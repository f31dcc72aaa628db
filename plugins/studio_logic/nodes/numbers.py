"""Numbers worked out and rounded."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from studio.api import Context, Field, Grammar, JsonValue, Migration, StudioError, check_inputs, node
from studio_logic.calculate import calculate, check_expression
from studio_logic.curves import Easing, count_values, find_value, parse_points


class Result(NamedTuple):
    """What was worked out.

    Attributes:
        result: Result of the expression.
        whole: Result rounded to a whole number; a half goes to the even one.
        condition: Whether the result is not 0, such as that of a comparison.
    """

    result: int | float
    whole: int
    condition: bool


class CurveValues(NamedTuple):
    """Values along a curve.

    Attributes:
        values: A value for each frame.
    """

    values: list[float]


class Whole(NamedTuple):
    """A whole number.

    Attributes:
        number: Whole number.
    """

    number: int


class Wide(NamedTuple):
    """A number with a fraction.

    Attributes:
        number: Same number as a float.
    """

    number: float


def _check_values(expression: str, a: float, b: float, c: float, d: float) -> None:
    calculate(expression, {"a": a, "b": b, "c": c, "d": d})


@node(
    "logic.calculate",
    check=check_inputs(_check_values),
    version="2.0",
    migrations={1: Migration(outputs={"number": "result"})},
)
def calculate_number(
    ctx: Context,
    expression: Annotated[str, Field(max_length=1000), Grammar("an expression", check_expression)],
    *,
    a: int | float = 0,
    b: int | float = 0,
    c: int | float = 0,
    d: int | float = 0,
) -> Result:
    """Calculate an expression such as "min(a, 2) * (b + 1) / c"; it gives a number, a whole number and a bool.

    It supports + - * / // % **, comparisons (1 or 0), and, or, not, `x if test else y`, & | ^ of whole numbers, pi, e,
    tau, and the functions abs, atan, atan2, bool, ceil, clamp, cos, degrees, exp, float, floor, hypot, int, log, log2,
    log10, max, min, mix, radians, round, sign, sin, sqrt, tan. `int` rounds to zero, `bool` gives 1 or 0.
    Whole numbers stay whole, except with /. Results over 2**63 are an error.

    Args:
        expression: Expression to calculate.
        a: Value of `a` in the expression.
        b: Value of `b` in the expression.
        c: Value of `c` in the expression.
        d: Value of `d` in the expression.
    """
    result = calculate(expression, {"a": a, "b": b, "c": c, "d": d})
    return Result(result, round(result), bool(result))


@node("logic.to_int", version="2.0", migrations={1: Migration(outputs={"int": "number"})})
def round_number(
    ctx: Context, number: int | float, *, rounding: Literal["nearest", "down", "up", "to_zero"] = "nearest"
) -> Whole:
    """Round a number to a whole number.

    Args:
        number: Number to round.
        rounding: Direction of rounding: "nearest" (a half goes to the even number), "down" to minus infinity, "up" to
            plus infinity, "to_zero" to zero.
    """
    if not math.isfinite(number):
        raise StudioError("E322", f"{number} cannot be rounded", hint="give a finite number")
    rounded = {"nearest": round(number), "down": math.floor(number), "up": math.ceil(number), "to_zero": int(number)}
    return Whole(rounded[rounding])


@node("logic.to_float", version="2.0", migrations={1: Migration(outputs={"float": "number"})})
def widen_number(ctx: Context, number: int | float) -> Wide:
    """Turn a whole number into a float, for inputs that accept only floats.

    Args:
        number: Number to convert.
    """
    return Wide(float(number))


def _check_count(points: JsonValue, fps: float, count: int | None) -> None:
    count_values(parse_points(points), fps, count)


@node("logic.curve", check=check_inputs(_check_count))
def draw_curve(
    ctx: Context,
    points: Annotated[JsonValue, Grammar("points in time", parse_points)],
    *,
    easing: Easing = "linear",
    fps: Annotated[float, Field(gt=0, le=1000, unit="frames per second")] = 25.0,
    count: Annotated[int | None, Field(ge=1, le=1_000_000)] = None,
) -> CurveValues:
    """Move a value from point to point over time: a list with a number for each frame of a video, as keyframes give.

    The list zips with the frames of a video, for example at `opacity` of `image.composite`. Before the first point and
    after the last one the value stays.

    Args:
        points: JSON list `[[seconds, value], ...]` with rising times.
        easing: Way from a point to the next: straight ("linear"), slow at its start ("ease_in"), at its end
            ("ease_out"), at both ("ease_in_out"), or a jump at the next point ("hold").
        fps: Values per second: the frame rate of the video.
        count: Number of values, such as that of the frames; null for as many as reach the last point.

    Raises:
        StudioError: E323 for invalid points, or over a million values.
    """
    curve = parse_points(points)
    return CurveValues([find_value(curve, index / fps, easing) for index in range(count_values(curve, fps, count))])
