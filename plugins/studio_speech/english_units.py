"""English measures: numbers with units, ranges, rates, percents, sizes and heights."""

from __future__ import annotations

import re

from studio_speech.english_numbers import (
    NUMBER,
    SIGNS,
    make_plural,
    read_decimal,
    read_fraction,
    read_number,
    read_year,
)

_UNITS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer", "μm": "micrometer",
    "nm": "nanometer", "mi": "mile", "yd": "yard", "ft": "foot", "in.": "inch", "kg": "kilogram", "g": "gram",
    "mg": "milligram", "µg": "microgram", "μg": "microgram", "mcg": "microgram", "lb": "pound", "lbs": "pound",
    "oz": "ounce", "t": "ton", "L": "liter", "l": "liter", "mL": "milliliter", "ml": "milliliter", "cl": "centiliter",
    "dl": "deciliter",
    "dL": "deciliter", "cL": "centiliter",
    "gal": "gallon", "qt": "quart", "pt": "pint", "tbsp": "tablespoon", "tsp": "teaspoon",
    "s": "second", "sec": "second", "secs": "second", "ms": "millisecond", "µs": "microsecond", "μs": "microsecond",
    "ns": "nanosecond", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "yr": "year",
    "yrs": "year", "wk": "week", "wks": "week", "mo": "month", "mos": "month", "Hz": "hertz", "kHz": "kilohertz",
    "MHz": "megahertz", "GHz": "gigahertz", "THz": "terahertz", "W": "watt", "kW": "kilowatt", "MW": "megawatt",
    "GW": "gigawatt", "mW": "milliwatt", "kWh": "kilowatt hour", "MWh": "megawatt hour", "Wh": "watt hour",
    "V": "volt", "kV": "kilovolt", "mV": "millivolt", "mA": "milliampere", "mAh": "milliampere hour", "Ω": "ohm",
    "kΩ": "kilohm", "J": "joule", "kJ": "kilojoule", "MJ": "megajoule", "N": "newton", "Nm": "newton meter",
    "Pa": "pascal", "kPa": "kilopascal", "hPa": "hectopascal", "MPa": "megapascal", "bar": "bar", "psi": "P S I",
    "cal": "calorie", "kcal": "kilocalorie", "dB": "decibel", "dBFS": "decibel full scale", "LUFS": "LUFS",
    "B": "byte", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "PB": "petabyte", "KiB": "kibibyte", "MiB": "mebibyte", "GiB": "gibibyte", "TiB": "tebibyte",
    "kbit": "kilobit", "Mbit": "megabit", "Gbit": "gigabit", "kb": "kilobit", "Mb": "megabit",
    "Gb": "gigabit", "mmHg": "millimeter of mercury",
    "px": "pixel", "MP": "megapixel", "ha": "hectare",
    "ac": "acre", "mol": "mole", "°C": "degree Celsius", "°F": "degree Fahrenheit", "° C": "degree Celsius",
    "° F": "degree Fahrenheit", "°": "degree", "ºC": "degree Celsius", "ºF": "degree Fahrenheit", "K": "kelvin",
    "hp": "horsepower", "lm": "lumen", "lx": "lux", "fl oz": "fluid ounce", "sq ft": "square foot",
    "sq. ft.": "square foot", "sq mi": "square mile", "sq km": "square kilometer", "sq m": "square meter",
    "yds": "yard", "kgs": "kilogram", "kms": "kilometer", "atm": "atmosphere",
    "cu ft": "cubic foot", "AU": "astronomical unit", "ly": "light year", "pc": "parsec",
}  # fmt: skip
_PER = {
    "mph": "miles per hour", "kph": "kilometers per hour", "kmh": "kilometers per hour", "fps": "frames per second",
    "rpm": "revolutions per minute", "bpm": "beats per minute", "mpg": "miles per gallon", "dpi": "dots per inch",
    "ppi": "pixels per inch", "bps": "bits per second", "kbps": "kilobits per second", "Mbps": "megabits per second",
    "Gbps": "gigabits per second", "ppm": "parts per million", "ppb": "parts per billion",
    "km/h": "kilometers per hour", "knots": "knots", "kn": "knots",
}  # fmt: skip
_EACH = ("second", "minute", "hour", "day", "week", "month", "year", "night", "person")
_SAME = {"hertz", "kilohertz", "megahertz", "gigahertz", "terahertz", "P S I", "LUFS", "horsepower", "lux", "kelvin"}
_POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
_AMBIGUOUS = {"t", "B", "pt", "ac", "mo", "pc", "AU", "bar", "K", "MP", "N", "J", "g", "s", "h", "l"}
"""Units that need the number beside them, or a space, and nothing like a name behind: "5 g", and never "5 K Street"."""
_NEEDS_SPACE = {"B", "J", "N", "AU", "pc", "ac", "pt", "MP"}
_NUMBER = rf"(?:{NUMBER}|\d+,\d(?!\d))"
_WORD = "|".join(re.escape(unit) for unit in sorted([*_UNITS, *_PER], key=len, reverse=True))
_RAISED = "(?:km|cm|mm|ft|yd|mi|m)[23]"
_UNIT = rf"((?:{_RAISED}|(?:{_WORD})[²³]?)(?:[/·](?:{'|'.join(_EACH)}|s2|{_RAISED}|(?:{_WORD})[²³]?))?)"
_DASH = r"\s?(?:[-–—]|to)\s?"
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅐": (1, 7),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_FRACTION = rf"(?:(\d+)[ \u00a0]?([{''.join(_VULGAR)}])|(\d+)[ -](\d+)[/⁄](\d+)|([{''.join(_VULGAR)}])"
_FRACTION += r"|(\d+)[/⁄](\d+)(?:rds?|ths?|nds?)?)"


def say_unit(unit: str, *, one: bool) -> str | None:
    """Return a unit in words, in the singular for one."""
    first, _, second = re.sub("·", "/", unit).partition("/")
    if unit in _PER:
        return _PER[unit]
    name = _name_unit(first, one=one)
    other = second if second in _EACH else _name_unit(second, one=True) if second else ""
    return None if name is None or other is None else f"{name} per {other}" if second else name


def _name_unit(unit: str, *, one: bool) -> str | None:
    power = _POWERS.get(unit[-1:], "")
    name = _UNITS.get(unit[:-1] if power else unit)
    if name is None:
        return None
    if power and name == "second":
        name, power = f"second {'squared' if power == 'square' else 'cubed'}", ""
    if not one and name not in _SAME:
        head, middle, rest = name.partition(" ")
        if head in ("degree", "light"):
            name = f"{head}s{middle}{rest}" if head == "degree" else make_plural(name)
        else:
            name = re.sub(r"\bfoots\b", "feet", make_plural(name)) if name != "decibel full scale" else name
    return f"{power} {name}" if power else name


def _read_measure(match: re.Match[str], language: str) -> str | None:
    minus, number, joint, unit = match.groups()
    after = match.string[match.end() :]
    if unit in _AMBIGUOUS and re.match(r" [A-Z]", after):
        return None
    if unit in _NEEDS_SPACE and not joint:
        return None
    if unit == "K" and not joint:
        return f"{read_decimal(number)} K"
    adjective = joint == "-" or _is_adjective(match)
    said = say_unit(unit, one=number == "1" or adjective)
    return None if said is None else f"{SIGNS[minus]}{read_decimal(number)} {said}"


def _is_adjective(match: re.Match[str]) -> bool:
    before = match.string[: match.start()].rstrip().rpartition(" ")[2].lower()
    return before in ("a", "an") and re.match(r"\s[a-z]", match.string[match.end() :]) is not None


def _read_measure_range(match: re.Match[str], language: str) -> str | None:
    minus, first, last, unit = match.groups()
    said = say_unit(unit, one=False)
    return None if said is None else f"{SIGNS[minus]}{read_decimal(first)} to {read_decimal(last)} {said}"


def _read_repeated_range(match: re.Match[str], language: str) -> str | None:
    """Read a range of which both ends have a unit, mostly the same one: "5kg-10kg"."""
    minus, first, unit, last, end = match.groups()
    said, other = say_unit(unit, one=first == "1"), say_unit(end, one=last == "1")
    if said is None or other is None:
        return None
    start = f"{SIGNS[minus]}{read_decimal(first)} {'' if unit == end else f'{said} '}"
    return f"{start}to {read_decimal(last)} {other}"


def _read_feet_range(match: re.Match[str], language: str) -> str | None:
    return f"{read_decimal(match[1])} to {read_decimal(match[2])} feet"


def _read_percent(match: re.Match[str], language: str) -> str | None:
    sign, first, last, mark = match.groups()
    words = SIGNS[sign] + read_decimal(first)
    words += f" to {read_decimal(last)}" if last else ""
    return f"{words} {'percent' if mark != '‰' else 'per mille'}"


def _read_size(match: re.Match[str], language: str) -> str | None:
    numbers = [each for each in match.groups()[:3] if each]
    unit = say_unit(match[4], one=False) if match[4] else ""
    return None if unit is None else " by ".join(map(read_decimal, numbers)) + (f" {unit}" if unit else "")


def _read_sides(match: re.Match[str], language: str) -> str | None:
    """Read a size of which every side has its unit: "2 cm x 3 cm"."""
    sides = []
    for number, unit in re.findall(rf"({_NUMBER})[ -]?{_UNIT}", match[0]):
        said = say_unit(unit, one=number == "1")
        if said is None:
            return None
        sides.append(f"{read_decimal(number)} {said}")
    return " by ".join(sides)


def _read_times(match: re.Match[str], language: str) -> str | None:
    return f"{read_decimal(match[1])} times"


def _read_height(match: re.Match[str], language: str) -> str | None:
    feet, inches = int(match[1]), match[2]
    words = f"{read_number(feet)} {'foot' if feet == 1 or inches else 'feet'}"
    if inches and float(inches) >= 12:
        return f"{read_number(feet)} minute{'' if feet == 1 else 's'} {read_decimal(inches)} seconds"
    return words + (f" {read_decimal(inches)}" if inches else "")


def _read_feet_inches(match: re.Match[str], language: str) -> str | None:
    feet, inches = int(match[1]), int(match[2])
    return (f"{read_number(feet)} {'foot' if feet == 1 else 'feet'} "
            f"{read_number(inches)} {'inch' if inches == 1 else 'inches'}")  # fmt: skip


def _read_fraction(match: re.Match[str], language: str) -> str | None:
    whole, vulgar, mixed, top, bottom, alone, over, under = match.groups()[:8]
    if alone or vulgar:
        parts = _VULGAR[alone or vulgar]
    else:
        parts = (int(top or over), int(bottom or under))
    if parts[1] > 10_000 or parts[0] > 10_000:
        return None
    head = whole or mixed
    said = read_fraction(*parts)
    if not head:
        return said
    return f"{read_number(int(head))} and {'a' + said.removeprefix('one') if parts[0] == 1 else said}"


def _read_fraction_measure(match: re.Match[str], language: str) -> str | None:
    words, unit = _read_fraction(match, language), match[9]
    said = say_unit(unit, one=not (match[1] or match[3]))
    if words is None or said is None:
        return None
    return f"{words} {said}" if match[1] or match[3] else f"{words} {_add_article(said)}"


def _add_article(unit: str) -> str:
    return f"of {'an' if unit[0] in 'aeiou' or unit == 'hour' else 'a'} {unit}"


def _read_scaled_measure(match: re.Match[str], language: str) -> str | None:
    said = say_unit(match[3], one=False)
    return None if said is None else f"{read_decimal(match[1])} {match[2]} {said}"


def _read_angle(match: re.Match[str], language: str) -> str | None:
    parts = [f"{read_decimal(match[1])} degrees", f"{read_decimal(match[2])} minutes"]
    return " ".join([*parts, *([f"{read_decimal(match[3])} seconds"] if match[3] else [])])


def _read_bearing(match: re.Match[str], language: str) -> str | None:
    return f"{read_decimal(match[1])} {'degree' if match[1] == '1' else 'degrees'} {_POINTS[match[2]]}"


def _read_place(match: re.Match[str], language: str) -> str | None:
    return f"{_read_angle(match, language)} {_POINTS[match[4]]}"


def _read_bound(match: re.Match[str], language: str) -> str | None:
    return f"at {'least' if '>' in match[1] else 'most'} {read_decimal(match[2])}{' percent' if match[3] else ''}"


def _read_inches(match: re.Match[str], language: str) -> str | None:
    if match.string[: match.start()].count('"') % 2:
        return None  # the end of a quotation
    rest = match.string[match.end() :]
    return f"{read_decimal(match[1])} {'inch' if match[1] == '1' or re.match(' [a-z]', rest) else 'inches'}"


def _read_fraction_inches(match: re.Match[str], language: str) -> str | None:
    words = _read_fraction(match, language)
    if words is None or match.string[: match.start()].count('"') % 2:
        return None
    return f"{words} inches" if match[1] or match[3] else f"{words} of an inch"


def _read_fraction_compound(match: re.Match[str], language: str) -> str | None:
    words = _read_fraction(match, language)
    return None if words is None else words + (" percent" if match[9] == "%" else match[9])


def _read_lines(match: re.Match[str], language: str) -> str | None:
    return f"{read_year(int(match[1]))} p"


_POINTS = {"N": "north", "S": "south", "E": "east", "W": "west"}

RULES = (
    (re.compile(rf"({NUMBER}) (thousand|million|billion|trillion) {_UNIT}"), _read_scaled_measure),
    (re.compile(r"(\d+(?:\.\d+)?)° ?([NSEW])"), _read_bearing),
    (re.compile(r"(\d+)° ?(\d+)[′'’](?: ?(\d+(?:\.\d+)?)(?:[\"″”]|''))? ?([NSEW])"), _read_place),
    (re.compile(rf"(>=|<=|=>)\s?({NUMBER})(%)?"), _read_bound),
    (re.compile(r"(\d+)° ?(\d+)[′'’](?: ?(\d+(?:\.\d+)?)(?:[\"″”]|''))?"), _read_angle),
    (re.compile(rf"{_FRACTION} ?[\"″]"), _read_fraction_inches),
    (re.compile(rf"{_FRACTION}((?:-[a-z]+)+|%)"), _read_fraction_compound),
    (re.compile(r"(480|720|1080|1440|2160|4320)[pi]"), _read_lines),
    (re.compile(rf"{_FRACTION}[ -]?{_UNIT}"), _read_fraction_measure),
    (re.compile(_FRACTION), _read_fraction),
    (re.compile(rf"([-−+±~≈<>≤≥])?({NUMBER})\s?[%‰]\s?[-–—]\s?({NUMBER})\s?(%|‰)"), _read_percent),
    (re.compile(rf"([-−+±~≈<>≤≥])?({NUMBER})(?:{_DASH}({NUMBER}))?\s?(%|‰|pct\.?)"), _read_percent),
    (re.compile(rf"([-−])?({NUMBER})[ \u00a0]?{_UNIT}\s?[-–—]\s?({NUMBER})[ \u00a0]?{_UNIT}"), _read_repeated_range),
    (re.compile(rf"([-−])?({NUMBER})%?{_DASH}({NUMBER})[  ]?{_UNIT}"), _read_measure_range),
    (re.compile(r"(\d+) ?ft\.? (\d+) ?in\.?"), _read_feet_inches),
    (re.compile(rf"({NUMBER})[\"″”]"), _read_inches),
    (re.compile(r"(\d+)['′’]\s?[-–—]\s?(\d+)['′’]"), _read_feet_range),
    (re.compile(r"(\d+)['′’](?![a-z])(?: ?(\d+(?:\.\d+)?)(?:[\"″”]|''))?"), _read_height),
    (re.compile(rf"{_NUMBER}[ -]?{_UNIT}(?:\s?[x×]\s?{_NUMBER}[ -]?{_UNIT}){{1,2}}"), _read_sides),
    (re.compile(rf"([-−+±~≈<>≤≥])?({_NUMBER})([  -]?){_UNIT}"), _read_measure),
    (re.compile(rf"({NUMBER})\s?[x×]\s?({NUMBER})(?:\s?[x×]\s?({NUMBER}))?(?: ?{_UNIT})?"), _read_size),
    (re.compile(rf"({NUMBER})[x×]"), _read_times),
)
