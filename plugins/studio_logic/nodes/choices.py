"""Choosing one of several values; only the one that is chosen is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from studio.api import Context, Field, Lazy, Migration, StudioError, node

T = TypeVar("T")


class Answer(NamedTuple):
    """An answer.

    Attributes:
        result: True or false.
    """

    result: bool


def _need_branch(condition: bool, **_: Any) -> Iterable[str]:
    return ("if_true",) if condition else ("if_false",)


def _need_case(case: int, **_: Any) -> Iterable[str]:
    return (f"case_{case}",)


def _need_match(text: str, names: list[str], **_: Any) -> Iterable[str]:
    return (_find_match(text, names),)


def _find_match(text: str, names: list[str]) -> str:
    return f"case_{names.index(text) + 1}" if text in names else "otherwise"


def _demand(value: T | None, name: str) -> T:
    if value is None:
        raise StudioError("E320", f"input {name!r} was chosen but nothing is there", hint=f"give a value at {name!r}")
    return value


def _check_chosen(inputs: Mapping[str, Any], name: str) -> Iterator[tuple[str, StudioError]]:
    """Yield an error if nothing is there at the input that is chosen."""
    if name in inputs:
        try:
            _demand(inputs[name], name)
        except StudioError as error:
            yield name, error


def _check_switch(inputs: Mapping[str, Any], _: object) -> Iterator[tuple[str, StudioError]]:
    if "condition" in inputs:
        yield from _check_chosen(inputs, *_need_branch(inputs["condition"]))


def _check_choice(inputs: Mapping[str, Any], _: object) -> Iterator[tuple[str, StudioError]]:
    if "case" in inputs:
        yield from _check_chosen(inputs, *_need_case(inputs["case"]))


def _check_match(inputs: Mapping[str, Any], _: object) -> Iterator[tuple[str, StudioError]]:
    if not {"text", "names"} <= inputs.keys():
        return
    chosen = _find_match(inputs["text"], inputs["names"])
    if chosen != "otherwise":
        yield from _check_chosen(inputs, chosen)
    elif "otherwise" in inputs and inputs["otherwise"] is None:
        yield "text", _refuse_name(inputs["text"], inputs["names"])


def _refuse_name(text: str, names: list[str]) -> StudioError:
    return StudioError(
        "E320",
        f"{text[:60]!r} is not one of {', '.join(repr(name) for name in names)}",
        hint="use one of these names, or give a value at 'otherwise'",
    )


@node("logic.switch", needs=_need_branch, check=_check_switch, origin="unchanged")
def switch_value(
    ctx: Context,
    condition: bool,
    *,
    if_true: Annotated[T | None, Lazy] = None,
    if_false: Annotated[T | None, Lazy] = None,
) -> T:
    """Return one of two values; nodes that only the other one needs do not run.

    Args:
        condition: Condition: true returns `if_true`, false returns `if_false`.
        if_true: Value to return if the condition is true.
        if_false: Value to return if the condition is false.
    """
    return _demand(if_true, "if_true") if condition else _demand(if_false, "if_false")


@node(
    "logic.choose",
    needs=_need_case,
    check=_check_choice,
    version="2.0",
    migrations={1: Migration(inputs={"index": "case"})},
    origin="unchanged",
)
def choose_value(
    ctx: Context,
    case: Annotated[int, Field(ge=1, le=8)],
    *,
    case_1: Annotated[T | None, Lazy] = None,
    case_2: Annotated[T | None, Lazy] = None,
    case_3: Annotated[T | None, Lazy] = None,
    case_4: Annotated[T | None, Lazy] = None,
    case_5: Annotated[T | None, Lazy] = None,
    case_6: Annotated[T | None, Lazy] = None,
    case_7: Annotated[T | None, Lazy] = None,
    case_8: Annotated[T | None, Lazy] = None,
) -> T:
    """Return one of up to eight values by number; nodes that only the others need do not run.

    Args:
        case: Number of the value to return, from 1: 2 returns `case_2`.
        case_1: The first value.
        case_2: The second value.
        case_3: The third value.
        case_4: The fourth value.
        case_5: The fifth value.
        case_6: The sixth value.
        case_7: The seventh value.
        case_8: The eighth value.
    """
    cases = (case_1, case_2, case_3, case_4, case_5, case_6, case_7, case_8)
    return _demand(cases[case - 1], f"case_{case}")


@node("logic.match", needs=_need_match, check=_check_match, origin="unchanged")
def match_text(
    ctx: Context,
    text: str,
    names: Annotated[list[str], Field(min_length=1, max_length=8)],
    *,
    case_1: Annotated[T | None, Lazy] = None,
    case_2: Annotated[T | None, Lazy] = None,
    case_3: Annotated[T | None, Lazy] = None,
    case_4: Annotated[T | None, Lazy] = None,
    case_5: Annotated[T | None, Lazy] = None,
    case_6: Annotated[T | None, Lazy] = None,
    case_7: Annotated[T | None, Lazy] = None,
    case_8: Annotated[T | None, Lazy] = None,
    otherwise: Annotated[T | None, Lazy] = None,
) -> T:
    """Return one of up to eight values by name; nodes that only the others need do not run.

    Args:
        text: Name of the value to return.
        names: Names of the cases, in order.
        case_1: The value of the first name.
        case_2: The value of the second name.
        case_3: The value of the third name.
        case_4: The value of the fourth name.
        case_5: The value of the fifth name.
        case_6: The value of the sixth name.
        case_7: The value of the seventh name.
        case_8: The value of the eighth name.
        otherwise: Value for any other text; without it, another text is an error.
    """
    cases = {
        f"case_{n}": case for n, case in enumerate((case_1, case_2, case_3, case_4, case_5, case_6, case_7, case_8), 1)
    }
    chosen = _find_match(text, names)
    if chosen == "otherwise" and otherwise is None:
        raise _refuse_name(text, names)
    return _demand(otherwise if chosen == "otherwise" else cases[chosen], chosen)


@node("logic.compare", version="2.0", migrations={1: Migration(outputs={"bool": "result"})})
def compare_numbers(
    ctx: Context,
    a: int | float,
    b: int | float,
    *,
    operator: Literal["<", "<=", "==", "!=", ">=", ">"] = "==",
    tolerance: Annotated[float, Field(ge=0)] = 0.0,
) -> Answer:
    """Compare two numbers.

    Args:
        a: The left number.
        b: The right number.
        operator: Comparison: `a` operator `b`.
        tolerance: Largest difference at which two numbers count as equal.
    """
    equal = a == b or abs(a - b) <= tolerance
    answers = {
        "==": equal,
        "!=": not equal,
        "<": a < b and not equal,
        "<=": a < b or equal,
        ">": a > b and not equal,
        ">=": a > b or equal,
    }
    return Answer(answers[operator])


@node("logic.compare_text", version="2.0", migrations={1: Migration(outputs={"bool": "result"})})
def compare_texts(
    ctx: Context,
    a: str,
    b: str,
    *,
    operator: Literal["equals", "differs", "contains", "starts_with", "ends_with"] = "equals",
    ignore_case: bool = False,
) -> Answer:
    """Compare two texts.

    Args:
        a: Text on the left of the operator.
        b: Text on the right of the operator.
        operator: Comparison: `a` operator `b`.
        ignore_case: Ignore the case of letters (Unicode case folding).
    """
    if ignore_case:
        a, b = a.casefold(), b.casefold()
    answers = {
        "equals": a == b,
        "differs": a != b,
        "contains": b in a,
        "starts_with": a.startswith(b),
        "ends_with": a.endswith(b),
    }
    return Answer(answers[operator])


@node("logic.all", version="2.0", migrations={1: Migration(outputs={"bool": "result"})})
def check_all(ctx: Context, conditions: list[bool]) -> Answer:
    """Return true if all conditions are true; an empty list gives true.

    Args:
        conditions: List of conditions.
    """
    return Answer(all(conditions))


@node("logic.any", version="2.0", migrations={1: Migration(outputs={"bool": "result"})})
def check_any(ctx: Context, conditions: list[bool]) -> Answer:
    """Return true if at least one condition is true; an empty list gives false.

    Args:
        conditions: List of conditions.
    """
    return Answer(any(conditions))


@node("logic.not", version="2.0", migrations={1: Migration(outputs={"bool": "result"})})
def negate(ctx: Context, condition: bool) -> Answer:
    """Return true for false and false for true.

    Args:
        condition: Condition to invert.
    """
    return Answer(not condition)
