"""English dates, years, decades and times of day."""

from __future__ import annotations

import re
from datetime import date

from studio_speech.english_numbers import read_decade, read_number, read_ordinal_number, read_year

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SHORT = {name[:3]: name for name in MONTHS} | {"Sept": "September"} | {name: name for name in MONTHS}
_MONTH = "(" + "|".join(MONTHS) + r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.?)"
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_YEAR = r"(1[1-9]\d\d|20\d\d)"
_DAY = r"([12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_DASH = r"\s?[-–]\s?"
_ERA = r"\s?(A\.?D\.?|B\.?C\.?E?\.?|C\.E\.|CE)"
_HALF = r"(?:\s?([aApP])\.?\s?[mM]\b\.?)"
_ZONES = r"(?:\s(?:GMT|UTC|EST|EDT|CST|CDT|MST|MDT|PST|PDT|CET|CEST|BST|ET|PT))?"
_ISO = r"\d{4}-\d\d-\d\d"
_NUMERIC = r"\d{1,2}[/.]\d{1,2}[/.]\d{4}"
_NO_DENOMINATORS = frozenset((17, 18, 19, 21, 22, 23, 26, 27, 28, 29, 31))
"""Days that no fraction in use has as its denominator."""
_BEFORE_YEAR = re.compile(
    r"(?:\b(?:in|since|from|until|till|by|of|year|before|after|around|circa|c\.|early|late|mid|during|between|and|to|"
    r"[QH][1-4]|FY|spring|summer|autumn|fall|winter|born|died|est\.|established|founded|class|copyright)|[(,©])\s?$",
    re.IGNORECASE,
)


def say_date(year: int | None, month: int, day: int | None, *, british: bool = False) -> str | None:
    """Return a date in words; None for one that does not exist."""
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    if year is not None and day is not None:
        try:
            date(year, month, day)
        except ValueError:
            return None
    name = MONTHS[month - 1]
    if day is not None:
        name = f"the {read_ordinal_number(day)} of {name}" if british else f"{name} {read_ordinal_number(day)}"
    return name + (f", {read_year(year)}" if year is not None and day is not None else "")


def is_day_first(language: str) -> bool:
    """Say whether 3/4 is the third of April, as everywhere but in the United States."""
    return language.startswith("en-") and not language.startswith(("en-us", "en-ca", "en-shaw"))


def _read_iso(match: re.Match[str], language: str) -> str | None:
    return say_date(int(match[1]), int(match[2]), int(match[3]), british=is_day_first(language))


def _read_numeric(match: re.Match[str], language: str) -> str | None:
    first, second, year = int(match[1]), int(match[3]), complete_year(match[4])
    day_first = match[2] == "." or is_day_first(language)
    month, day = (second, first) if day_first else (first, second)
    if month > 12 >= day:
        month, day = day, month
    return say_date(year, month, day, british=is_day_first(language))


def complete_year(text: str) -> int:
    """Return a year in full: of two digits, the nearest from 1950 to 2049."""
    return int(text) if len(text) == 4 else int(text) + (2000 if int(text) < 50 else 1900)


def _read_month_first(match: re.Match[str], language: str) -> str | None:
    month, first, last, year = _SHORT[match[1].rstrip(".")], int(match[2]), match[3], match[4]
    words = f"{month} {read_ordinal_number(first)}"
    words += f" to {read_ordinal_number(int(last))}" if last else ""
    return words + (f", {read_year(int(year))}" if year else "")


def _read_day_first(match: re.Match[str], language: str) -> str | None:
    _, first, last, month, year = match.groups()
    words = f"the {read_ordinal_number(int(first))}"
    words += f" to the {read_ordinal_number(int(last))}" if last else ""
    return f"{words} of {_SHORT[month.rstrip('.')]}" + (f", {read_year(int(year))}" if year else "")


def _read_month_year(match: re.Match[str], language: str) -> str | None:
    return f"{_SHORT[match[1].rstrip('.')]} {read_year(int(match[2]))}"


def _read_month(match: re.Match[str], language: str) -> str | None:
    return _SHORT[match[1]]


def _read_day(match: re.Match[str], language: str) -> str | None:
    return _DAYS[match[1]]


def _read_decade(match: re.Match[str], language: str) -> str | None:
    return (match[1] or "") + read_decade(int(match[2])) + (match[3] or "")


def _read_decades(match: re.Match[str], language: str) -> str | None:
    return f"{read_decade(int(match[1]))} to {read_decade(int(match[2]))}"


def _read_short_decade(match: re.Match[str], language: str) -> str | None:
    return (match[1] or "") + read_decade(int(match[2]))


def _read_year_alone(match: re.Match[str], language: str) -> str | None:
    before, after = match.string[: match.start()], match.string[match.end() :]
    if not _BEFORE_YEAR.search(before[-16:]) or re.match(r"%|\s(?:[a-z]+s|people|percent)\b", after):
        return None
    return read_year(int(match[1]))


def _read_early_year(match: re.Match[str], language: str) -> str | None:
    """Read 1010 to 1099, which behind other words than these are rather sizes, such as 1024."""
    is_year = re.search(r"\b(?:in|since|until|year) $", match.string[: match.start()], re.IGNORECASE)
    return _read_year_alone(match, language) if is_year else None


def _read_era(match: re.Match[str], language: str) -> str | None:
    letters = " ".join(letter for letter in match[2] if letter.isalpha())
    return f"{read_year(int(match[1]))} {letters}"


def _read_era_first(match: re.Match[str], language: str) -> str | None:
    return f"A D {read_year(int(match[1]))}"


def _read_years(match: re.Match[str], language: str) -> str | None:
    first, last = int(match[1]), match[2]
    end = int(last) if len(last) == 4 else int(match[1][:2] + last)
    if end <= first:
        return say_date(first, int(last), None) and f"{MONTHS[int(last) - 1]} {read_year(first)}"
    return f"{read_year(first)} to {read_year(end) if len(last) == 4 else read_number(int(last))}"


def _read_season(match: re.Match[str], language: str) -> str | None:
    """Read 1999/2000 and 2008/09: a year and the next one."""
    first, last = int(match[1]), match[2]
    if int(last) % 100 != (first + 1) % 100 or (len(last) == 4 and int(last) != first + 1):
        return None
    return f"{read_year(first)} to {read_year(first + 1) if len(last) == 4 else read_number(int(last))}"


def _read_day_of_month(match: re.Match[str], language: str) -> str | None:
    """Read 12/31, a day that is no usual fraction, by the order of the region."""
    first, last = int(match[1]), int(match[2])
    is_american = language == "en-us"
    month, day = (first, last) if is_american else (last, first)
    if not 1 <= month <= 12 or day not in _NO_DENOMINATORS:
        return None
    name = MONTHS[month - 1]
    return f"{name} {read_ordinal_number(day)}" if is_american else f"the {read_ordinal_number(day)} of {name}"


def _say_time(hours: int, minutes: int | None, half: str | None) -> str | None:
    if hours > 24 or (minutes or 0) > 59 or (half and not 1 <= hours <= 12):
        return None
    words = read_number(hours)
    if minutes:
        words += f" {'oh ' if minutes < 10 else ''}{read_number(minutes)}"
    elif not half:
        words = f"{words} o'clock" if 1 <= hours <= 12 else f"{words} hundred"
    return words + (f" {half.upper()} M" if half else "")


def _read_time(match: re.Match[str], language: str) -> str | None:
    hours, minutes, seconds, half = match.groups()
    words = _say_time(int(hours), int(minutes), half)
    if words is None or not int(seconds or 0):
        return words
    count = "second" if int(seconds) == 1 else "seconds"
    head = f"{read_number(int(hours))} {'oh ' if int(minutes) < 10 else ''}{read_number(int(minutes))}"
    return f"{head} and {read_number(int(seconds))} {count}" + (f" {half.upper()} M" if half else "")


def _read_moment(match: re.Match[str], language: str) -> str | None:
    day = say_date(int(match[1]), int(match[2]), int(match[3]), british=is_day_first(language))
    time = _say_time(int(match[4]), int(match[5]), None)
    return None if day is None or time is None else f"{day}, {time}{_say_zone(match[6])}"


def _say_zone(zone: str | None) -> str:
    """Return what is said of a distance from universal time."""
    if not zone:
        return ""
    if zone == "Z":
        return " U T C"
    hours, rest = int(zone[1:3]), int(zone[-2:])
    return f" U T C {'minus' if zone[0] == '-' else 'plus'} {read_number(hours)}" + (
        f" {read_number(rest)}" if rest else ""
    )


def _read_dates(match: re.Match[str], language: str) -> str | None:
    """Read a range of two whole dates."""
    ends = [re.fullmatch(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})", each) for each in match.groups()]
    if all(ends):
        said = [_read_numeric(each, language) for each in ends if each]
    else:
        said = [
            _read_iso(each, language)
            for text in match.groups()
            if (each := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text))
        ]
    return " to ".join(each for each in said if each) if len(said) == 2 and all(said) else None


def _read_months(match: re.Match[str], language: str) -> str | None:
    return f"{_SHORT[match[1].rstrip('.')]} to {_SHORT[match[2].rstrip('.')]} {read_year(int(match[3]))}"


def _read_twelve(match: re.Match[str], language: str) -> str | None:
    return f"twelve {match[1]}"


def _read_hour(match: re.Match[str], language: str) -> str | None:
    return _say_time(int(match[1]), None, match[2])


def _read_times(match: re.Match[str], language: str) -> str | None:
    first, first_minutes, first_half, last, last_minutes, half = match.groups()
    if not half and first_minutes is None:
        return None
    start = _say_time(int(first), int(first_minutes or 0), first_half)
    end = _say_time(int(last), int(last_minutes or 0), half)
    if start is None or end is None:
        return None
    if half and not first_half:
        start = start.removesuffix(" o'clock")
    return f"{start} to {end}"


_FEATURES = {
    "24/7": "twenty four seven", "24x7": "twenty four seven", "9/11": "nine eleven", "50/50": "fifty fifty",
    "20/20": "twenty twenty",
}  # fmt: skip


def _read_feature(match: re.Match[str], language: str) -> str | None:
    """Read 24/7 and 9/11, which are no fractions."""
    return _FEATURES[match[0]]


def _read_names(match: re.Match[str], language: str) -> str | None:
    names = _DAYS | _SHORT
    return f"{names[match[1]]} to {names[match[2]]}" if (match[1] in _DAYS) == (match[2] in _DAYS) else None


_NAMES = "|".join([*_DAYS, *sorted(_SHORT, key=len, reverse=True)])
RULES = (
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), _read_moment),
    (re.compile(rf"({_ISO}|{_NUMERIC})\s?(?:[–—]|to|/| - )\s?({_ISO}|{_NUMERIC})"), _read_dates),
    (re.compile(rf"{_MONTH}{_DASH}{_MONTH} {_YEAR}"), _read_months),
    (re.compile(r"12:00 (noon|midnight)"), _read_twelve),
    (re.compile(rf"({_NAMES})\.?{_DASH}({_NAMES})\b\.?"), _read_names),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), _read_iso),
    (re.compile(r"(\d{4})/(\d\d)/(\d\d)"), _read_iso),
    (re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})"), _read_numeric),
    (re.compile(r"(\d{1,2})(/)(\d{1,2})/(\d\d)"), _read_numeric),
    (re.compile(rf"{_MONTH} {_DAY}(?:{_DASH}{_DAY})?(?:,? (\d{{4}}))?"), _read_month_first),
    (re.compile(rf"([Tt]he )?{_DAY}(?:{_DASH}{_DAY})?(?: of)? {_MONTH}(?:,? (\d{{4}}))?"), _read_day_first),
    (re.compile(rf"{_MONTH},? {_YEAR}"), _read_month_year),
    (re.compile(r"(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.(?= \w)"), _read_month),
    (re.compile(r"(Tues|Thurs?)\."), _read_day),
    (
        re.compile(
            r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?(?=,? (?:\d|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"
        ),
        _read_day,
    ),
    (
        re.compile(r"((?:[Mm]id|[Ee]arly|[Ll]ate|[Pp]re|[Pp]ost)-)?(1[1-9]\d0|20[0-9]0)['’]?s((?:-[a-z]+)+)?"),
        _read_decade,
    ),
    (re.compile(rf"(1[1-9]\d0|20[0-9]0)['’]?s{_DASH}(1[1-9]\d0|20[0-9]0)['’]?s"), _read_decades),
    (re.compile(r"((?:[Mm]id|[Ee]arly|[Ll]ate)-)?['’]?([2-9]0)['’]?s"), _read_short_decade),
    (re.compile(rf"(\d{{1,4}}){_ERA}"), _read_era),
    (re.compile(r"A\.?D\.? (\d{1,4})"), _read_era_first),
    (re.compile(rf"{_YEAR}[-–](1[1-9]\d\d|20\d\d|\d\d)"), _read_years),
    (re.compile(rf"(\d{{1,2}})(?::([0-5]\d))?{_HALF}?{_DASH}(\d{{1,2}})(?::([0-5]\d))?{_HALF}?"), _read_times),
    (re.compile(rf"(\d{{1,2}}):([0-5]\d)(?::([0-5]\d))?{_HALF}?"), _read_time),
    (re.compile(r"(\d{1,2})\.([0-5]\d)()(?:\s?([aApP])\.?[mM]\b\.?)"), _read_time),
    (re.compile(rf"(\d{{1,2}}){_HALF}"), _read_hour),
    (re.compile(r"24[/x]7|9/11|50/50|20/20"), _read_feature),
    (re.compile(rf"{_YEAR}/(1[1-9]\d\d|20\d\d|\d\d)"), _read_season),
    (re.compile(r"(\d\d?)/(\d\d?)"), _read_day_of_month),
    (re.compile(_YEAR), _read_year_alone),
    (re.compile(r"(10[1-9]\d)"), _read_early_year),
)
