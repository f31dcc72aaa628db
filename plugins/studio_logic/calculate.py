"""Arithmetic written as text, read with Python's grammar and worked out node by node: nothing is executed."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import StudioError

Number = int | float

_MOST_CHARACTERS = 1000
_MOST_DEPTH = 40
_LARGEST_INT = 2**63
_CONSTANTS: Mapping[str, Number] = {"pi": math.pi, "tau": math.tau, "e": math.e}


def _clamp(x: Number, low: Number, high: Number) -> Number:
    return min(max(x, low), high)


def _mix(a: Number, b: Number, t: Number) -> Number:
    return a + (b - a) * t


def _sign(x: Number) -> Number:
    return (x > 0) - (x < 0)


def _round(x: Number, digits: Number = 0) -> Number:
    digits = int(digits)
    return round(x) if digits == 0 else round(float(x), max(-300, min(300, digits)))


_FUNCTIONS: Mapping[str, tuple[Callable[..., Number], int, int]] = {
    "abs": (abs, 1, 1),
    "min": (min, 2, 16),
    "max": (max, 2, 16),
    "round": (_round, 1, 2),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "exp": (math.exp, 1, 1),
    "log": (math.log, 1, 2),
    "log2": (math.log2, 1, 1),
    "log10": (math.log10, 1, 1),
    "sin": (math.sin, 1, 1),
    "cos": (math.cos, 1, 1),
    "tan": (math.tan, 1, 1),
    "atan": (math.atan, 1, 1),
    "atan2": (math.atan2, 2, 2),
    "hypot": (math.hypot, 2, 8),
    "radians": (math.radians, 1, 1),
    "degrees": (math.degrees, 1, 1),
    "clamp": (_clamp, 3, 3),
    "mix": (_mix, 3, 3),
    "sign": (_sign, 1, 1),
}
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def calculate(expression: str, names: Mapping[str, Number]) -> Number:
    """Work out an expression over named numbers.

    Raises:
        StudioError: E322 with the character at which it goes wrong.
    """
    expression = expression.strip()
    if len(expression) > _MOST_CHARACTERS:
        raise _problem(expression, 0, f"it has {len(expression)} characters, over {_MOST_CHARACTERS}")
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise _problem(expression, (error.offset or 1) - 1, error.msg) from None
    except (ValueError, RecursionError, MemoryError):
        raise _problem(expression, 0, "it cannot be read") from None
    return _Calculation(expression, {**_CONSTANTS, **names}).work_out(tree.body, 0)


def _problem(expression: str, place: int, message: str) -> StudioError:
    shown = expression if len(expression) <= 80 else expression[:77] + "..."
    return StudioError(
        "E322", f"{shown!r}, character {place + 1}: {message}", hint='an expression is like "min(a, 2) * (b + 1) / c"'
    )


class _Calculation:
    """One expression being worked out."""

    def __init__(self, expression: str, names: Mapping[str, Number]) -> None:
        self.expression = expression
        self.names = names

    def fail(self, at: ast.expr, message: str) -> StudioError:
        return _problem(self.expression, at.col_offset, message)

    def work_out(self, at: ast.expr, depth: int) -> Number:
        """Return the value of one part, which is always a finite number in bounds."""
        if depth > _MOST_DEPTH:
            raise self.fail(at, f"it is nested more than {_MOST_DEPTH} deep")
        try:
            value = self.compute(at, depth + 1)
        except ZeroDivisionError:
            raise self.fail(at, "division by zero") from None
        except (ValueError, OverflowError) as error:
            raise self.fail(at, str(error)) from None
        if (isinstance(value, int) and abs(value) > _LARGEST_INT) or not math.isfinite(value):
            raise self.fail(at, "the result is too large")
        return value

    def compute(self, at: ast.expr, depth: int) -> Number:
        match at:
            case ast.Constant():
                return self.compute_constant(at)
            case ast.Name():
                return self.compute_name(at)
            case ast.UnaryOp():
                return self.compute_unary(at, depth)
            case ast.BinOp():
                return self.compute_binary(at, depth)
            case ast.Call():
                return self.compute_call(at, depth)
            case ast.IfExp():
                return self.work_out(at.body if self.work_out(at.test, depth) else at.orelse, depth)
            case ast.Compare():
                return self.compute_comparison(at, depth)
            case ast.BoolOp():
                return self.compute_choice(at, depth)
        raise self.fail(at, f"{_NAMES.get(type(at), 'this')} is not allowed here")

    def compute_constant(self, at: ast.Constant) -> Number:
        if type(at.value) not in (int, float):
            raise self.fail(at, f"{at.value!r} is not a number")
        return at.value  # type: ignore[return-value]  # checked in the line above

    def compute_name(self, at: ast.Name) -> Number:
        if at.id not in self.names:
            raise self.fail(at, f"unknown name {at.id!r}; known are {', '.join(sorted(self.names))}")
        return self.names[at.id]

    def compute_choice(self, at: ast.BoolOp, depth: int) -> Number:
        want = isinstance(at.op, ast.Or)
        return int(want if any(bool(self.work_out(v, depth)) is want for v in at.values) else not want)

    def compute_unary(self, at: ast.UnaryOp, depth: int) -> Number:
        value = self.work_out(at.operand, depth)
        if isinstance(at.op, ast.Not):
            return int(not value)
        if isinstance(at.op, ast.Invert):
            raise self.fail(at, "~ is not allowed here")
        return -value if isinstance(at.op, ast.USub) else value

    def compute_binary(self, at: ast.BinOp, depth: int) -> Number:
        left, right = self.work_out(at.left, depth), self.work_out(at.right, depth)
        if isinstance(at.op, ast.Pow):
            return self.raise_power(at, left, right)
        function = _BINARY.get(type(at.op))
        if function is None:
            raise self.fail(at, "only + - * / // % ** are allowed")
        result: Number = function(left, right)
        return result

    def raise_power(self, at: ast.expr, base: Number, exponent: Number) -> Number:
        if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
            if abs(base) > 1 and exponent * math.log2(abs(base)) > 64:
                raise self.fail(at, "the result is too large")
            return int(base ** min(exponent, 64) if abs(base) > 1 else base ** (2 - exponent % 2) if exponent else 1)
        return math.pow(base, exponent)

    def compute_call(self, at: ast.Call, depth: int) -> Number:
        name = at.func.id if isinstance(at.func, ast.Name) else ""
        if name not in _FUNCTIONS:
            raise self.fail(
                at, f"unknown function {ast.unparse(at.func)[:40]!r}; known are {', '.join(sorted(_FUNCTIONS))}"
            )
        function, least, most = _FUNCTIONS[name]
        if at.keywords or not least <= len(at.args) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise self.fail(at, f"{name} takes {wanted} numbers")
        return function(*(self.work_out(argument, depth) for argument in at.args))

    def compute_comparison(self, at: ast.Compare, depth: int) -> Number:
        left = self.work_out(at.left, depth)
        for kind, part in zip(at.ops, at.comparators, strict=True):
            right = self.work_out(part, depth)
            function = _COMPARISONS.get(type(kind))
            if function is None:
                raise self.fail(at, "only < <= == != >= > compare numbers")
            if not function(left, right):
                return 0
            left = right
        return 1


_NAMES: Mapping[type[ast.expr], str] = {
    ast.Attribute: "an attribute",
    ast.Subscript: "an index",
    ast.Lambda: "a function",
    ast.List: "a list",
    ast.Tuple: "a tuple",
    ast.Dict: "a mapping",
    ast.Set: "a set",
    ast.ListComp: "a loop",
    ast.NamedExpr: ":=",
    ast.JoinedStr: "text",
    ast.Starred: "*",
    ast.Await: "await",
    ast.GeneratorExp: "a loop",
}
