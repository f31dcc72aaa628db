"""English numbers that are no measures: telephones, versions, ordinals, ranges, scores, and numbers alone."""

from __future__ import annotations

import re

from studio_speech.english_numbers import NUMBER, SIGNS, read_decimal, read_digits, read_number, read_ordinal_number

_LETTER_SCALES = {"M": "million", "B": "billion", "bn": "billion", "mn": "million", "k": "K", "K": "K", "T": "trillion"}
_OPERATORS = {"+": "plus", "-": "minus", "−": "minus", "×": "times", "*": "times", "÷": "divided by", "/": "divided by",
          "=": "equals", "<": "is less than", ">": "is greater than", "≤": "is at most", "≥": "is at least",
          "≈": "is about", "±": "plus or minus", "≠": "is not", "·": "times",
          "√": "the square root of"}  # fmt: skip


def _say_group(group: str) -> str:
    return f"{read_digits(group[0])} hundred" if group in ("800", "900") else read_digits(group)


def _read_phone(match: re.Match[str], language: str) -> str | None:
    text = match[0]
    plus = "plus " if text.startswith("+") else ""
    groups = re.findall(r"\d+|[A-Z]+", text.partition(" ext")[0])
    words = ", ".join(_say_group(group) if group.isdigit() else group for group in groups)
    extension = re.search(r"ext\.? ?(\d+)|x(\d+)", text)
    return plus + words + (f", extension {read_digits(extension[0])}" if extension else "")


def _read_short_phone(match: re.Match[str], language: str) -> str | None:
    first, last = match.groups()
    if not last.startswith("0") and int(last) > int(first) and int(last) % 50 == 0:
        return None  # a range
    return f"{read_digits(first)}, {read_digits(last)}"


def _read_called(match: re.Match[str], language: str) -> str | None:
    return f"{match[1]} {read_digits(match[2])}"


def _read_groups(match: re.Match[str], language: str) -> str | None:
    groups = match[0].split("-")
    return None if max(map(len, groups)) < 2 else ", ".join(map(read_digits, groups))


def _read_address(match: re.Match[str], language: str) -> str | None:
    address, _, port = match[0].partition(":")
    said = " dot ".join(read_number(int(part)) for part in address.split("."))
    return said + (f", port {read_number(int(port))}" if port else "")


def _read_version(match: re.Match[str], language: str) -> str | None:
    head = "version " if match[1] else ""
    if not match[1] and match[2].count(".") < 2:
        return None
    if not match[1] and re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", match[2]):
        return read_decimal(match[2].replace(".", ""))
    return head + " point ".join(read_number(int(part[:15])) for part in match[2].split("."))


def _read_ordinal(match: re.Match[str], language: str) -> str | None:
    number, suffix, rest = int(match[1].replace(",", "")), match[2].lower(), match[3] or ""
    right = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{read_ordinal_number(number)}{rest}" if suffix == right else None


def _read_ordinal_range(match: re.Match[str], language: str) -> str | None:
    return f"{read_ordinal_number(int(match[1]))} to {read_ordinal_number(int(match[2]))}"


def _read_range(match: re.Match[str], language: str) -> str | None:
    first, last, rest = match.groups()
    if first == last:
        return f"{read_decimal(first)} {read_decimal(last)}{rest or ''}"
    return f"{read_decimal(first)} to {read_decimal(last)}{rest or ''}"


def _read_compound(match: re.Match[str], language: str) -> str | None:
    return f"{read_decimal(match[1])}{match[2]}"


def _read_letter_scale(match: re.Match[str], language: str) -> str | None:
    before = match.string[: match.start()].rstrip().rpartition(" ")[2].lower().rstrip(".")
    if before in ("apt", "apartment", "room", "flat", "unit", "gate", "seat", "suite", "block", "platform", "number"):
        return None
    return f"{read_decimal(match[1])} {_LETTER_SCALES[match[2]]}" + (" plus" if match[3] else "")


def _read_sum(match: re.Match[str], language: str) -> str | None:
    parts = re.findall(rf"{NUMBER}|[^\s\d.,]", match[0])
    return " ".join(_OPERATORS.get(part) or read_decimal(part) for part in parts)


def _read_many(match: re.Match[str], language: str) -> str | None:
    """Read "100s of": hundreds of."""
    return f"{read_decimal(match[1]).removeprefix('one ')}s"


def _read_ratio(match: re.Match[str], language: str) -> str | None:
    return " to ".join(read_number(int(part)) for part in match[0].split(":"))


def _read_powers(match: re.Match[str], language: str) -> str | None:
    number, sign, power = match.groups()
    return f"{read_decimal(number)} times ten to the {'minus ' if sign == '-' else ''}{read_number(int(power))}"


def _read_number_sign(match: re.Match[str], language: str) -> str | None:
    return f"number {read_decimal(match[1])}"


def _read_spaced_number(match: re.Match[str], language: str) -> str | None:
    return read_decimal(match[0].replace(" ", ""))


def _read_card(match: re.Match[str], language: str) -> str | None:
    return ", ".join(read_digits(group) for group in match[0].split())


def _read_number(match: re.Match[str], language: str) -> str | None:
    sign, number, plus = match.groups()
    if re.fullmatch(r"\d{16,}", number):
        return None
    return f"{SIGNS[sign]}{read_decimal(number)}" + (" plus" if plus else "")


def _read_exponent(match: re.Match[str], language: str) -> str | None:
    power = match[2].translate(_PLAIN)
    base = read_decimal(match[1]) if match[1][0].isdigit() else match[1]
    named = {"2": "squared", "3": "cubed"}.get(power)
    if named is None:
        sign = "minus " if power.startswith("-") else ""
        named = f"to the {sign}{read_number(int(power.lstrip('+-') or '0'))}"
    return f"{base} {named}"


def _read_raised_power(match: re.Match[str], language: str) -> str | None:
    power = int(match[2].translate(_PLAIN))
    return f"{read_decimal(match[1])} times ten to the {read_number(power)}"


_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_OPERATOR = r"\s?[-−+×*·÷/=<>≤≥≈≠]\s?"
SUMS = (
    (re.compile(rf"√?{NUMBER}(?:{_OPERATOR}√?{NUMBER})*\s?[=<>≤≥≈≠]\s?[-−]?√?{NUMBER}"), _read_sum),
    (re.compile(rf"√{NUMBER}"), _read_sum),
    (re.compile(r"(1,?0{1,3}(?:,?000)*)s(?= of\b)"), _read_many),
    (re.compile(rf"({NUMBER})\s?[×x·]\s?10([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"), _read_raised_power),
    (re.compile(rf"({NUMBER}|[A-Za-z])([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"), _read_exponent),
    (re.compile(rf"({NUMBER}|[A-Za-z])\^(-?\d{{1,3}})"), _read_exponent),
)
ADDRESSES = (
    (re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?"), _read_address),
    (re.compile(r"\d{4}(?: \d{4}){2,4}"), _read_card),
    (re.compile(r"\d{1,3}(?: \d{3}){2,}(?:\.\d+)?"), _read_spaced_number),
)
RULES = (
    (re.compile(r"\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}"), _read_phone),
    (re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?:,? ?(?:ext\.? ?|x)\d{1,6})?"), _read_phone),
    (re.compile(r"(?:1-)?[89]\d\d-(?:[A-Z]{3,8}|\d{3}-[A-Z]{4}|[A-Z]{3}-[A-Z]{4})"), _read_phone),
    (re.compile(r"0\d{2,4} \d{3,4}(?: \d{3,4})?"), _read_phone),
    (re.compile(r"(\d{3})[-–](\d{4})"), _read_short_phone),
    (re.compile(r"([Cc]all|[Dd]ial|[Tt]ext) (\d{3,6})"), _read_called),
    (re.compile(r"\d+(?:-\d+){2,}"), _read_groups),
    (re.compile(r"([vV]\.? ?)?(\d+(?:\.\d+)+)"), _read_version),
    (re.compile(r"(\d[\d,]{0,15})(st|nd|rd|th|ST|ND|RD|TH)((?:-[a-z]+)+)?"), _read_ordinal),
    (re.compile(r"(\d{1,4})(?:st|nd|rd|th)\s?[-–]\s?(\d{1,4})(?:st|nd|rd|th)"), _read_ordinal_range),
    (re.compile(rf"#({NUMBER})"), _read_number_sign),
    (re.compile(rf"({NUMBER})\s?[-–]\s?({NUMBER})((?:-[a-z]+)+)?"), _read_range),
    (re.compile(rf"({NUMBER})((?:-[a-zA-Z]+)+)"), _read_compound),
    (re.compile(rf"({NUMBER})(M|B|bn|mn|K|k|T)(\+)?"), _read_letter_scale),
    (re.compile(rf"({NUMBER})(?:[eE]|\s?[×x]\s?10\^?)([-+]?)(\d{{1,3}})"), _read_powers),
    (re.compile(rf"{NUMBER}(?:\s?[+×*÷]\s?{NUMBER})+"), _read_sum),
    (re.compile(r"\d{1,3}(?::\d{1,3})+"), _read_ratio),
    (re.compile(rf"([-−+±~≈<>≤≥])?\s?({NUMBER})(\+)?"), _read_number),
)
