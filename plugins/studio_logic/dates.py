"""Dates written as text, with English names whatever the language of the machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from studio.api import StudioError

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PART = re.compile(r"%(-?[A-Za-z%]?)")
_PARTS: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda date: f"{date.year:04d}",
    "y": lambda date: f"{date.year % 100:02d}",
    "m": lambda date: f"{date.month:02d}",
    "-m": lambda date: str(date.month),
    "B": lambda date: _MONTHS[date.month - 1],
    "b": lambda date: _MONTHS[date.month - 1][:3],
    "d": lambda date: f"{date.day:02d}",
    "-d": lambda date: str(date.day),
    "A": lambda date: _DAYS[date.weekday()],
    "a": lambda date: _DAYS[date.weekday()][:3],
    "H": lambda date: f"{date.hour:02d}",
    "-H": lambda date: str(date.hour),
    "I": lambda date: f"{(date.hour - 1) % 12 + 1:02d}",
    "-I": lambda date: str((date.hour - 1) % 12 + 1),
    "M": lambda date: f"{date.minute:02d}",
    "S": lambda date: f"{date.second:02d}",
    "p": lambda date: "AM" if date.hour < 12 else "PM",
    "j": lambda date: f"{date.timetuple().tm_yday:03d}",
    "V": lambda date: f"{date.isocalendar().week:02d}",
    "G": lambda date: f"{date.isocalendar().year:04d}",
    "%": lambda date: "%",
}


def format_date(date: str, pattern: str, add_days: int) -> str:
    """Return a date of ISO 8601 as a pattern says.

    Raises:
        StudioError: E321 for an invalid date or pattern, and for a year outside 1 to 9999.
    """
    moment = parse_date(date)
    try:
        moment += timedelta(days=add_days)
    except OverflowError:
        message = f"{add_days} days from {date!r} is outside the years 1 to 9999"
        raise StudioError("E321", message, hint="add fewer days") from None
    return _PART.sub(lambda match: _find_part(match)(moment), pattern)


def parse_date(date: str) -> datetime:
    """Return a date of ISO 8601, with or without a time.

    Raises:
        StudioError: E321 for another text.
    """
    try:
        return datetime.fromisoformat(date.strip())
    except ValueError:
        raise StudioError(
            "E321", f"invalid date {date[:40]!r}", hint='write it like "2026-03-14" or "2026-03-14T09:30"'
        ) from None


def check_pattern(pattern: str) -> None:
    """Raise StudioError E321 for a pattern with an unknown part."""
    for match in _PART.finditer(pattern):
        _find_part(match)


def _find_part(match: re.Match[str]) -> Callable[[datetime], str]:
    if match[1] not in _PARTS:
        known = " ".join(f"%{part}" for part in _PARTS)
        raise StudioError("E321", f"unknown part {match[0]!r} of a date", hint=f"parts are {known}")
    return _PARTS[match[1]]
