"""Arithmetic written as text, read with Python's grammar and worked out node by node: nothing is executed."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
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


def _truncate(x: Number) -> Number:
    return int(x)


def _bool(x: Number) -> Number:
    return int(bool(x))


def _and(a: Number, b: Number) -> Number:
    return _need_whole(a) & _need_whole(b)


def _or(a: Number, b: Number) -> Number:
    return _need_whole(a) | _need_whole(b)


def _xor(a: Number, b: Number) -> Number:
    return _need_whole(a) ^ _need_whole(b)


def _need_whole(x: Number) -> int:
    if not isinstance(x, int):
        raise ValueError("& | ^ need whole numbers; write int(...)")
    return x


_FUNCTIONS: Mapping[str, tuple[Callable[..., Number], int, int]] = {
    "abs": (abs, 1, 1),
    "int": (_truncate, 1, 1),
    "float": (float, 1, 1),
    "bool": (_bool, 1, 1),
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
    ast.BitAnd: _and,
    ast.BitOr: _or,
    ast.BitXor: _xor,
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
    tree = _parse(expression)
    _check(expression, tree, {*_CONSTANTS, *names})
    return _Calculation(expression, {**_CONSTANTS, **names}).work_out(tree, 0)


def check_expression(expression: str) -> None:
    """Raise StudioError E322 for an expression that is wrong whatever the numbers a, b, c and d are."""
    expression = expression.strip()
    _check(expression, _parse(expression), {*_CONSTANTS, "a", "b", "c", "d"})


def _parse(expression: str) -> ast.expr:
    if len(expression) > _MOST_CHARACTERS:
        raise _problem(expression, 0, f"it has {len(expression)} characters, over {_MOST_CHARACTERS}")
    try:
        return ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise _problem(expression, (error.offset or 1) - 1, error.msg) from None
    except (ValueError, RecursionError, MemoryError):
        raise _problem(expression, 0, "it cannot be read") from None


def _check(expression: str, tree: ast.expr, names: Collection[str]) -> None:
    """Raise StudioError E322 for a part that no expression may have, wherever it is."""
    waiting: list[tuple[ast.expr, int]] = [(tree, 0)]
    while waiting:
        at, depth = waiting.pop()
        message = f"it is nested more than {_MOST_DEPTH} deep" if depth > _MOST_DEPTH else _find_fault(at, names)
        if message:
            raise _problem(expression, at.col_offset, message)
        parts = at.args if isinstance(at, ast.Call) else list(ast.iter_child_nodes(at))
        waiting += [(part, depth + 1) for part in reversed(parts) if isinstance(part, ast.expr)]


def _find_fault(at: ast.expr, names: Collection[str]) -> str:
    """Return what is wrong with a part by itself, or ""."""
    match at:
        case ast.Constant():
            return "" if type(at.value) in (int, float) else f"{at.value!r} is not a number"
        case ast.Name():
            return "" if at.id in names else f"unknown name {at.id!r}; known are {', '.join(sorted(names))}"
        case ast.UnaryOp():
            return "~ is not allowed here" if isinstance(at.op, ast.Invert) else ""
        case ast.BinOp():
            known = isinstance(at.op, ast.Pow) or type(at.op) in _BINARY
            return "" if known else "only + - * / // % ** & | ^ are allowed"
        case ast.Compare():
            known = all(type(kind) in _COMPARISONS for kind in at.ops)
            return "" if known else "only < <= == != >= > compare numbers"
        case ast.Call():
            return _find_call_fault(at)
        case ast.IfExp() | ast.BoolOp():
            return ""
    return f"{_NAMES.get(type(at), 'this')} is not allowed here"


def _find_call_fault(at: ast.Call) -> str:
    name = at.func.id if isinstance(at.func, ast.Name) else ""
    if name not in _FUNCTIONS:
        return f"unknown function {ast.unparse(at.func)[:40]!r}; known are {', '.join(sorted(_FUNCTIONS))}"
    _, least, most = _FUNCTIONS[name]
    if at.keywords or not least <= len(at.args) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        return f"{name} takes {wanted} numbers"
    return ""


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
        """Return the value of one part, which is always a finite number in bounds; the part was checked."""
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
                return at.value  # type: ignore[return-value]  # `_check` lets numbers alone through
            case ast.Name():
                return self.names[at.id]
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
        raise AssertionError(at)

    def compute_choice(self, at: ast.BoolOp, depth: int) -> Number:
        want = isinstance(at.op, ast.Or)
        return int(want if any(bool(self.work_out(v, depth)) is want for v in at.values) else not want)

    def compute_unary(self, at: ast.UnaryOp, depth: int) -> Number:
        value = self.work_out(at.operand, depth)
        if isinstance(at.op, ast.Not):
            return int(not value)
        return -value if isinstance(at.op, ast.USub) else value

    def compute_binary(self, at: ast.BinOp, depth: int) -> Number:
        left, right = self.work_out(at.left, depth), self.work_out(at.right, depth)
        if isinstance(at.op, ast.Pow):
            return self.raise_power(at, left, right)
        result: Number = _BINARY[type(at.op)](left, right)
        return result

    def raise_power(self, at: ast.expr, base: Number, exponent: Number) -> Number:
        if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
            if abs(base) > 1 and exponent * math.log2(abs(base)) > 64:
                raise self.fail(at, "the result is too large")
            return int(base ** min(exponent, 64) if abs(base) > 1 else base ** (2 - exponent % 2) if exponent else 1)
        return math.pow(base, exponent)

    def compute_call(self, at: ast.Call, depth: int) -> Number:
        assert isinstance(at.func, ast.Name)
        function = _FUNCTIONS[at.func.id][0]
        return function(*(self.work_out(argument, depth) for argument in at.args))

    def compute_comparison(self, at: ast.Compare, depth: int) -> Number:
        left = self.work_out(at.left, depth)
        for kind, part in zip(at.ops, at.comparators, strict=True):
            right = self.work_out(part, depth)
            if not _COMPARISONS[type(kind)](left, right):
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
