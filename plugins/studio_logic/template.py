"""Text with named holes: a hole is a name and nothing else, so that a template can reach no attribute or index."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from studio.api import StudioError

MOST_CHARACTERS = 1_000_000  # of a text that a node makes
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w*")


def fill_template(template: str, values: Mapping[str, Any]) -> str:
    """Replace each `{name}` by its value; `{{` and `}}` are braces.

    Raises:
        StudioError: E321 for a hole without a value, a hole that is not a name, a single brace, or a text too long.
    """
    parts: list[str] = []
    end, length = 0, 0
    for match in _TOKEN.finditer(template):
        parts += [template[end : match.start()], _fill_token(match, values)]
        end = match.end()
        length += len(parts[-1]) + len(parts[-2])
        if length > MOST_CHARACTERS:
            break
    parts.append(template[end:])
    if length + len(parts[-1]) > MOST_CHARACTERS:
        raise StudioError(
            "E321",
            f"the filled template has more than {MOST_CHARACTERS} characters",
            hint="shorten the template or its values",
        )
    return "".join(parts)


def _fill_token(match: re.Match[str], values: Mapping[str, Any]) -> str:
    name = _read_hole(match)
    if name is None:
        return match[0][0]
    if name not in values:
        raise _refuse_hole(match, values)
    return format_value(values[name])


def _read_hole(match: re.Match[str]) -> str | None:
    """Return the name in a hole, or None for two braces."""
    token, name = match[0], match[1]
    if token in ("{{", "}}"):
        return None
    if name is None:
        raise StudioError("E321", f"a single {token!r} at {_place(match)}", hint=f"write {token * 2!r} for a brace")
    if not _NAME.fullmatch(name.strip()):
        raise StudioError(
            "E321",
            f"{token[:60]!r} at {_place(match)} is not a placeholder",
            hint="a placeholder is a name in braces, like {subject}; {{ and }} write braces",
        )
    return name.strip()


def _refuse_hole(match: re.Match[str], values: Mapping[str, Any]) -> StudioError:
    known = ", ".join(repr(key) for key in list(values)[:20]) or "none"
    message = f"no value for the placeholder {match[0]!r} at {_place(match)}"
    return StudioError("E321", message, hint=f"values are there for: {known}")


def _place(match: re.Match[str]) -> str:
    return f"character {match.start() + 1} of the template"


def check_template(template: str) -> None:
    """Raise StudioError E321 for a single brace, or a hole that is not a name."""
    for match in _TOKEN.finditer(template):
        _read_hole(match)


def check_holes(template: str, values: Mapping[str, Any], elsewhere: Collection[str]) -> None:
    """Raise StudioError E321 for a hole that has no value, and gets none elsewhere.

    Args:
        template: The template.
        values: Values by name.
        elsewhere: Names that may get a value elsewhere.
    """
    for match in _TOKEN.finditer(template):
        name = _read_hole(match)
        if name is not None and name not in values and name not in elsewhere:
            raise _refuse_hole(match, values)


def format_value(value: Any) -> str:
    """Write plain JSON as text: text as it is, numbers without a needless ".0", the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not isinstance(value, bool) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
