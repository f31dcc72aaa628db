"""Values of SSML's attributes, as the W3C writes them (SSML 1.1, and 1.0 where it differs)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from studio_speech.script import Delivery

LONGEST_BREAK_SECONDS = 60.0
VOICE_HERTZ = 102.0
"""The usual voice of espeak-ng: median of the pitch of a long sentence in English, German, French and Spanish."""
VOICE_RANGE_HERTZ = 30.0
"""How far its pitch goes within a sentence, from the 5th to the 95th percentile."""

_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.55, "slow": 0.78, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
_RANGES = {"x-low": 0.2, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.9}
_VOLUMES = {
    "silent": -90.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 6.0,
}  # fmt: skip
_EMPHASIS = {
    "strong": Delivery(rate=0.85, pitch=2.0, range=1.5, volume=4.0),
    "moderate": Delivery(rate=0.92, pitch=1.0, range=1.25, volume=2.0),
    "none": Delivery(),
    "reduced": Delivery(rate=1.08, pitch=-0.5, range=0.8, volume=-2.0),
}
_UNITS = ("hz", "st", "%", "db", "ms", "s", "")
IGNORED_PROSODY = ("contour", "duration")
PROSODY = ("rate", "range", "pitch", "volume")


class InvalidValueError(Exception):
    """A value that is invalid: why, and what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def read_prosody(values: Mapping[str, str]) -> Delivery:
    """Return the change that the attributes rate, range, pitch and volume of prosody make; others are left out.

    Raises:
        InvalidValueError: A value is invalid or out of bounds.
    """
    readers = {"rate": _read_rate, "range": _read_range, "pitch": _read_pitch, "volume": _read_volume}
    found = {name: read(values[name].strip().lower()) for name, read in readers.items() if name in values}
    return Delivery(found.get("rate", 1.0), found.get("pitch", 0.0), found.get("range", 1.0), found.get("volume", 0.0))


def read_emphasis(level: str) -> Delivery:
    """Return the change that an emphasis makes; InvalidValueError for an unknown level."""
    found: Delivery = _choose(level, _EMPHASIS, "level")
    return found


def read_voice(values: Mapping[str, str]) -> str:
    """Return the speakers that a voice element asks for, the preferred first: by name, or of a gender.

    A variant counts the speakers of a gender; children have the last ones, which are the highest.

    Raises:
        InvalidValueError: The gender is unknown, or age or variant is no number.
    """
    names = values.get("name", "").split()
    gender = values.get("gender", "").strip().lower()
    if gender not in ("", "male", "female", "neutral"):
        raise InvalidValueError(f"unknown gender {gender!r}", "there are male, female, neutral")
    numbers = {name: values.get(name, "").strip() for name in ("age", "variant")}
    for name, text in numbers.items():
        if not re.fullmatch(r"\d{0,3}", text):
            raise InvalidValueError(f"invalid {name} {text!r}", "write a whole number")
    if gender in ("male", "female"):
        is_child = numbers["age"] and int(numbers["age"]) < 14
        names.append(f"{gender[0]}{numbers['variant'] or ('5' if is_child else '1')}")
    return " ".join(names)


def read_break(values: Mapping[str, str]) -> float:
    """Return the seconds of a break; InvalidValueError for an unknown strength, and an invalid or long time."""
    if "time" not in values:
        return float(_choose(values.get("strength", "medium"), _BREAKS, "strength"))
    text = values["time"].strip().lower()
    number, unit, _ = _split(text)
    if unit not in ("s", "ms"):
        raise InvalidValueError(f"invalid time {text!r}", 'write "1.5s" or "500ms"')
    seconds = number / 1000 if unit == "ms" else number
    if not 0 <= seconds <= LONGEST_BREAK_SECONDS:
        raise InvalidValueError(f"a break of {text!r} is out of bounds", f"at most {LONGEST_BREAK_SECONDS:g} seconds")
    return seconds


def _read_rate(text: str) -> float:
    """Read a word, a percentage of the usual rate, a change of it in percent, or a plain factor."""
    if text in _RATES:
        return _RATES[text]
    number, unit, is_change = _split(text)
    if unit not in ("%", ""):
        raise InvalidValueError(f"invalid rate {text!r}", 'write "80%", "+10%" or a word such as "fast"')
    factor = number / 100 if unit == "%" else number
    return _check_factor(factor + 1 if is_change else factor, "rate", text, 0.2, 5.0)


def _read_range(text: str) -> float:
    if text in _RANGES:
        return _RANGES[text]
    number, unit, is_change = _split(text)
    if unit == "hz":
        factor = number / VOICE_RANGE_HERTZ + (1 if is_change else 0)
    elif unit == "st":
        factor = 2 ** (number / 12)
    elif unit in ("%", ""):
        factor = (number / 100 if unit == "%" else number) + (1 if is_change else 0)
    else:
        raise InvalidValueError(f"invalid range {text!r}", 'write "+10Hz", "-20%" or a word such as "low"')
    return _check_factor(factor, "range", text, 0.0, 4.0)


def _check_factor(factor: float, name: str, text: str, low: float, high: float) -> float:
    if not low <= factor <= high:
        raise InvalidValueError(f"{name} {text!r} is out of bounds", f"between {low:.0%} and {high:.0%}")
    return factor


def _read_pitch(text: str) -> float:
    """Return a shift in semitones: of hertz, relative to the usual voice."""
    if text in _PITCHES:
        return _PITCHES[text]
    number, unit, is_change = _split(text)
    if unit == "st":
        shift = number
    elif unit in ("hz", "%"):
        factor = number / (VOICE_HERTZ if unit == "hz" else 100) + (1 if is_change else 0)
        shift = 12 * math.log2(factor) if factor > 0 else -math.inf
    else:
        raise InvalidValueError(
            f"invalid pitch {text!r}", 'write "200Hz", "+20Hz", "+2st", "-10%" or a word such as "high"'
        )
    if not -24 <= shift <= 24:
        raise InvalidValueError(f"pitch {text!r} is out of bounds", "at most two octaves up or down")
    return shift


def _read_volume(text: str) -> float:
    """Return a gain in decibels: a plain number is one of SSML 1.0, from 0, silent, to 100, the usual."""
    if text in _VOLUMES:
        return _VOLUMES[text]
    number, unit, is_change = _split(text)
    if unit == "db":
        gain = number
    elif unit in ("%", ""):
        share = (number + 100 if is_change else number) / 100
        gain = max(20 * math.log10(share), -90.0) if share > 0 else -90.0
    else:
        raise InvalidValueError(f"invalid volume {text!r}", 'write "+6dB", "50" or a word such as "soft"')
    if not -90 <= gain <= 24:
        raise InvalidValueError(f"volume {text!r} is out of bounds", "between -90dB and +24dB")
    return gain


def _split(text: str) -> tuple[float, str, bool]:
    """Return the number of a value, its unit, and whether it has a sign, which makes it a change."""
    found = re.fullmatch(r"([+-]?)((?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))\s*([a-z%]*)", text)
    if not found or found[3] not in _UNITS:
        raise InvalidValueError(f"invalid number {text!r}", 'write "1.5" or the like, with its unit')
    return float(found[1] + found[2]), found[3], bool(found[1])


def _choose(text: str, words: Mapping[str, Any], name: str) -> Any:
    if text.strip().lower() not in words:
        raise InvalidValueError(f"unknown {name} {text!r}", f"there are {', '.join(words)}")
    return words[text.strip().lower()]
