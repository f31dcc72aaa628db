"""Shows short inputs as they are written, so that `studio explain` can say "5 now, 8 then"."""

from __future__ import annotations

import json
from typing import Any

from studio.api import Model
from studio.cache import MISSING
from studio.execution.call import Call

SHOWN = "shown "
"""Begins the name of a part that is kept with an action, and is no part of its fingerprint."""
_LONGEST = 60
_write_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


def show_inputs(call: Call) -> dict[str, str]:
    """Return those inputs of a call that count and are short, by the names of the parts that show them."""
    shown: dict[str, str] = {}
    for name, end in call.node_type.inputs.items():
        given = call.args.get(name)
        if not end.unkeyed and not (end.added and given is None):
            text = show_value(end.default if given is None else given.value)
            if text:
                shown[SHOWN + name] = text
    return shown


def show_value(value: Any) -> str:
    """Return a plain value as JSON, or "" if it is not plain, not known or not short."""
    if type(value) is int and abs(value) < 10**18:  # the most frequent by far
        return str(value)
    if value is MISSING or not _is_plain(value):
        return ""
    try:
        text = _write_json(value)
    except (TypeError, ValueError, RecursionError):
        return ""
    return text if len(text) <= _LONGEST and text.isprintable() else ""


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= _LONGEST and all(map(_is_plain, value))
    return isinstance(value, str | int | float | Model) or value is None
