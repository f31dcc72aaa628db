"""English readings of notations: durations, places in a series, chemical formulas, releases, apertures, ISO weeks."""

from __future__ import annotations

import re

from studio_speech.english_numbers import (
    NUMBER,
    read_decimal,
    read_digits,
    read_number,
    read_ordinal_number,
    read_year,
)
from studio_speech.english_units import say_unit

_SERIES = (
    "page|slide|part|step|sheet|episode|volume|chapter|track|disc|disk|question|photo|image|figure|round|lesson|"
    "section|player|test|file|frame|attempt|issue|item|exercise|level|stage|batch|row|job|match|heat|leg|card|panel"
)
_ELEMENTS = (
    "H|He|Li|Be|C|N|O|F|Na|Mg|Al|Si|P|S|Cl|Ar|K|Ca|Ti|Cr|Mn|Fe|Co|Ni|Cu|Zn|As|Br|Sr|Zr|Ag|Cd|Sn|Ba|Pt|Au|Hg|Pb|Bi"
)
"""Elements whose letters seldom begin another code, such as B2B and USB3."""
_ELEMENT = rf"(?:{'|'.join(sorted(_ELEMENTS.split('|'), key=len, reverse=True))})"
_FORMULA = rf"(?=[A-Z][A-Za-z()]*\d)(?:{_ELEMENT}|\((?=[A-Z])|\)(?=\d))(?:{_ELEMENT}|\d{{1,3}}|\((?=[A-Z])|\)(?=\d))+"
_ALIKE = frozenset(("CO2", "H2", "O2", "N2", "Cl2", "O3"))
_PERIODS = ("year", "month", "week", "day", "hour", "minute", "second")
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d+(?:[.,]\d+)?)Y)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?"
)
_SOFTWARE = (
    "Python|PHP|Ruby|Perl|Java|Node|Node\\.js|Go|Rust|Linux|Ubuntu|Debian|Fedora|macOS|iOS|iPadOS|Android|Django|"
    "PyTorch|NumPy|FFmpeg|Firefox|Chrome|Safari|Blender|CUDA|OpenGL|Vulkan|Bluetooth|version|Version|release|Release"
)
_NAMED_BY_NUMBERS = (
    f"{_SERIES}|call|dial|text|code|pin|zip|room|flat|unit|gate|seat|suite|block|platform|number|no|route|bus|train|line|"
    "flight|code|extension|ext|pages|class|grade|level|version|apartment|apt|lot|of|type|model"
)
_COUNTED_NEXT = r" (?:[a-z]+s|people|men|women|children)\b"
_RELEASE = r"(?:alpha|beta|rc|pre|dev|preview|post|snapshot|a|b)"


def read_duration(text: str) -> str | None:
    """Return a duration of ISO 8601, such as PT1H30M, in words; None for another text."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    parts = [
        f"{read_decimal(each.replace(',', '.'))} {name}{'' if each == '1' else 's'}"
        for each, name in zip(match.groups(), _PERIODS, strict=True)
        if each
    ]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _read_duration(match: re.Match[str], language: str) -> str | None:
    return read_duration(match[0])


def _read_clock(match: re.Match[str], language: str) -> str | None:
    """Read 00:05:30, a running time: its hours are none."""
    minutes, seconds = int(match[1]), match[2]
    said = f"{read_decimal(seconds.lstrip('0') or '0')} second{'' if seconds == '01' else 's'}"
    return f"{read_number(minutes)} minute{'' if minutes == 1 else 's'} and {said}" if minutes else said


def _read_lap(match: re.Match[str], language: str) -> str | None:
    """Read 1:23.45, minutes and seconds with decimals."""
    count = read_number(int(match[1]))
    return f"{count} minute{'' if match[1] == '1' else 's'} {read_decimal(match[2].lstrip('0'))} seconds"


def _read_hours_minutes(match: re.Match[str], language: str) -> str | None:
    return f"{read_number(int(match[1]))} {'oh ' if match[2][0] == '0' else ''}{read_number(int(match[2]))}"


def _read_place(match: re.Match[str], language: str) -> str | None:
    head, place, total = match[1], int(match[2]), int(match[3])
    return f"{head} {read_number(place)} of {read_number(total)}" if 0 < place <= total else None


def _read_week(match: re.Match[str], language: str) -> str | None:
    return f"week {read_number(int(match[2]))} of {read_year(int(match[1]))}"


def _read_formula(match: re.Match[str], language: str) -> str | None:
    """Read a formula letter by letter, with its numbers; it has two elements, or is a well-known molecule."""
    parts = re.findall(rf"{_ELEMENT}|\d+", match[0])
    if match[0] not in _ALIKE and sum(part.isalpha() for part in parts) < 2:
        return None
    return " ".join(read_number(int(part)) if part.isdigit() else " ".join(part.upper()) for part in parts)


def _read_release(match: re.Match[str], language: str) -> str | None:
    head, numbers, name, last = match.groups()
    words = ("version " if head else "") + " point ".join(read_number(int(part[:15])) for part in numbers.split("."))
    said = name if len(name) > 3 else " ".join(name.upper())
    return f"{words} {said}" + (f" {read_number(int(last))}" if last else "")


def _read_software(match: re.Match[str], language: str) -> str | None:
    return f"{match[1]} {' point '.join(read_number(int(part[:15])) for part in match[2].split('.'))}"


def _read_aperture(match: re.Match[str], language: str) -> str | None:
    return f"F {read_decimal(match[1])}"


def _read_acidity(match: re.Match[str], language: str) -> str | None:
    return "P H"


def _read_pressure(match: re.Match[str], language: str) -> str | None:
    """Read a blood pressure."""
    unit = " millimeters of mercury" if match[3] else ""
    return f"{read_number(int(match[1]))} over {read_number(int(match[2]))}{unit}"


def _read_extension(match: re.Match[str], language: str) -> str | None:
    return f"extension {read_digits(match[1])}"


def _read_consumption(match: re.Match[str], language: str) -> str | None:
    count = read_decimal(match[1].replace(",", "."))
    return f"{count} liter{'' if match[1] == '1' else 's'} per one hundred kilometers"


def _read_featuring(match: re.Match[str], language: str) -> str | None:
    before = match.string[: match.start()]
    return None if not before.strip() or re.search(r"\d\s?$", before) else "featuring"


def _read_old_century(match: re.Match[str], language: str) -> str | None:
    first, last = match.groups()
    start = f"{read_ordinal_number(int(first))} to " if last else ""
    return f"{start}{read_ordinal_number(int(last or first))} century"


def _read_fiscal_year(match: re.Match[str], language: str) -> str | None:
    return f"fiscal year {read_year(int(match[1]) if len(match[1]) == 4 else 2000 + int(match[1]))}"


def _read_exposure(match: re.Match[str], language: str) -> str | None:
    """Read 1/250 s, a shutter's time."""
    return f"one {read_ordinal_number(int(match[1])).removeprefix('one ')} of a second"


def _read_share(match: re.Match[str], language: str) -> str | None:
    return f"{read_decimal(match[1])} percent{match[2]}"


def _read_thousand_units(match: re.Match[str], language: str) -> str | None:
    number, unit = _read_thousands(match, language), say_unit(match[2], one=False)
    return f"{number} {unit}" if number and unit else None


def _read_thousands(match: re.Match[str], language: str) -> str | None:
    """Read 12 345 before what is counted; what could be two numbers, such as a room and guests, is left."""
    before = match.string[: match.start()]
    if re.search(rf"(?:\d[-.]?|(?i:\b(?:{_NAMED_BY_NUMBERS})\.?|#)) $", before):
        return None
    return read_decimal(match[1].replace(" ", ""))


RULES = (
    (_DURATION, _read_duration),
    (re.compile(rf"((?i:(?:{_SERIES})s?)) (\d{{1,4}})/(\d{{1,4}})"), _read_place),
    (re.compile(r"(\d{4})-W(\d\d)"), _read_week),
    (re.compile(r"00?:([0-5]\d):([0-5]\d(?:\.\d{1,3})?)"), _read_clock),
    (re.compile(r"([0-5]?\d):([0-5]\d\.\d{1,3})"), _read_lap),
    (re.compile(r"([01]?\d|2[0-3])h([0-5]\d)"), _read_hours_minutes),
    (re.compile(rf"([vV]\.? ?)?(\d+(?:\.\d+)+)-?({_RELEASE})[.-]?(\d{{1,6}})?"), _read_release),
    (re.compile(rf"((?:{_SOFTWARE})) (\d+(?:\.\d+)+)"), _read_software),
    (re.compile(_FORMULA), _read_formula),
    (re.compile(r"[fƒ]/(\d{1,2}(?:\.\d)?)"), _read_aperture),
    (re.compile(r"pH(?!\w)"), _read_acidity),
    (re.compile(r"(\d{2,3})/(\d{2,3}) ?(mmHg|mm Hg)"), _read_pressure),
    (re.compile(r"[Ee]xt\.? (\d{1,6})"), _read_extension),
    (re.compile(r"(\d+(?:[.,]\d+)?) ?[lL]/100 ?km"), _read_consumption),
    (re.compile(r"ft\.(?= [A-Z])"), _read_featuring),
    (re.compile(r"(\d{1,2})(?:st|nd|rd|th)(?:\s?[-–]\s?(\d{1,2})(?:st|nd|rd|th))? c\."), _read_old_century),
    (re.compile(r"FY ?(20\d\d|\d\d)"), _read_fiscal_year),
    (re.compile(r"1/(\d{3}) ?(?:s|sec)\.?(?!\w)"), _read_exposure),
    (re.compile(rf"({NUMBER})%((?:-[a-z]+)+)"), _read_share),
    (re.compile(rf"([1-9]\d{{0,2}} \d{{3}})(?={_COUNTED_NEXT})"), _read_thousands),
    (re.compile(r"([1-9]\d{0,2} \d{3}) (km²?|m²|kg|kWh|kcal|ha|MB|GB)(?!\w)"), _read_thousand_units),
)
