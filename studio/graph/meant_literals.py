"""Invalid literals that can mean one value only: a number or a bool in quotes, a number a rounding error off."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from studio.api import TypeSpec
from studio.graph.frames import find_frames_fault
from studio.suggestion import suggest

_ROUNDING = 1e-9
_NUMBERS = ("int", "float", "number")


def find_meant_literal(value: Any, spec: TypeSpec) -> Sequence[Any]:
    """Return the one value that is meant by a literal that does not fit its type; none if that is a guess."""
    if spec.depth:
        return ()
    if isinstance(value, str):
        return _read_quoted(value, spec)
    return _find_limit(value, spec) if spec.name in _NUMBERS and isinstance(value, float) else ()


def hint_plain_literal(value: Any, spec: TypeSpec) -> str:
    """Return a hint for a text that is none of the choices, or that should be frames; "" for any other literal."""
    if not isinstance(value, str):
        return ""
    if spec.choices:
        return suggest(value, [str(choice) for choice in spec.choices])
    return find_frames_fault(value) if spec.name == "int" and spec.depth == 1 else ""


def _read_quoted(text: str, spec: TypeSpec) -> Sequence[Any]:
    """Return the number or the bool that a text writes as JSON does."""
    kinds: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "number": (int, float), "bool": (bool,)}
    if spec.name not in kinds:
        return ()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if type(value) not in kinds[spec.name] or (isinstance(value, float) and not math.isfinite(value)):
        return ()
    return (value,)


def _find_limit(value: float, spec: TypeSpec) -> Sequence[Any]:
    """Return the limit that a number is over by a rounding error alone."""
    limits = spec.limits
    bounds = (limits.ge, limits.le) if limits is not None else ()
    near = [bound for bound in bounds if bound is not None and math.isclose(value, float(bound), rel_tol=_ROUNDING)]
    return near if len(near) == 1 else ()
