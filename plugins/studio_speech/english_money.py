"""English amounts of money: signs, codes, decimal commas, scales, ranges and rates."""

from __future__ import annotations

import re

from studio_speech.english_numbers import SIGNS, SPACED, read_decimal, read_number

_SIGNS = {
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "AU$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "R$": ("real", "reais", "centavo", "centavos"), "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"), "₹": ("rupee", "rupees", "paisa", "paise"),
    "Rs.": ("rupee", "rupees", "paisa", "paise"), "Rs": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"), "₩": ("won", "won", "jeon", "jeon"),
    "₺": ("lira", "lira", "kurus", "kurus"), "₪": ("shekel", "shekels", "agora", "agorot"),
    "₫": ("dong", "dong", "xu", "xu"), "₱": ("peso", "pesos", "centavo", "centavos"),
    "฿": ("baht", "baht", "satang", "satang"), "₴": ("hryvnia", "hryvnias", "kopiyka", "kopiykas"),
    "₡": ("colon", "colones", "centimo", "centimos"), "₲": ("guarani", "guaranis", "centimo", "centimos"),
    "₸": ("tenge", "tenge", "tiyn", "tiyn"), "₾": ("lari", "lari", "tetri", "tetri"),
    "₼": ("manat", "manat", "qepik", "qepik"), "₵": ("cedi", "cedis", "pesewa", "pesewas"),
    "₮": ("tugrik", "tugriks", "mongo", "mongo"), "₭": ("kip", "kip", "att", "att"),
    **dict.fromkeys(("kr.", "kr", "Kr.", "Kr"), ("krone", "kroner", "ore", "ore")),
    **dict.fromkeys(("Fr.", "Fr", "SFr."), ("franc", "francs", "centime", "centimes")),
    "zł": ("zloty", "zlotys", "grosz", "groszy"), "Kč": ("Czech koruna", "Czech korunas", "haler", "halers"),
    "₦": ("naira", "naira", "kobo", "kobo"), "₿": ("bitcoin", "bitcoins", "satoshi", "satoshis"),
}  # fmt: skip
_CODES = {
    "USD": _SIGNS["US$"], "EUR": _SIGNS["€"], "GBP": _SIGNS["£"], "JPY": _SIGNS["¥"], "INR": _SIGNS["₹"],
    "RUB": _SIGNS["₽"], "KRW": _SIGNS["₩"], "CAD": _SIGNS["C$"], "AUD": _SIGNS["A$"], "NZD": _SIGNS["NZ$"],
    "HKD": _SIGNS["HK$"], "SGD": _SIGNS["S$"], "BRL": _SIGNS["R$"], "TRY": _SIGNS["₺"], "ILS": _SIGNS["₪"],
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"), "CNY": ("yuan", "yuan", "fen", "fen"),
    "SEK": ("Swedish krona", "Swedish kronor", "ore", "ore"),
    "NOK": ("Norwegian krone", "Norwegian kroner", "ore", "ore"),
    "DKK": ("Danish krone", "Danish kroner", "ore", "ore"), "PLN": ("zloty", "zlotys", "grosz", "groszy"),
    "CZK": ("Czech koruna", "Czech korunas", "haler", "halers"),
    "MXN": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "ZAR": ("rand", "rand", "cent", "cents"), "HUF": ("forint", "forints", "filler", "filler"),
    "RON": ("Romanian leu", "Romanian lei", "ban", "bani"), "BGN": ("lev", "leva", "stotinka", "stotinki"),
    "ISK": ("Icelandic krona", "Icelandic kronur", "aurar", "aurar"), "THB": _SIGNS["฿"], "UAH": _SIGNS["₴"],
    "VND": _SIGNS["₫"], "PHP": _SIGNS["₱"], "NGN": _SIGNS["₦"], "BTC": _SIGNS["₿"],
    "IDR": ("rupiah", "rupiah", "sen", "sen"), "MYR": ("ringgit", "ringgit", "sen", "sen"),
    "AED": ("dirham", "dirhams", "fils", "fils"), "SAR": ("riyal", "riyals", "halala", "halalas"),
    "EGP": ("Egyptian pound", "Egyptian pounds", "piastre", "piastres"),
    "ARS": ("Argentine peso", "Argentine pesos", "centavo", "centavos"),
    "CLP": ("Chilean peso", "Chilean pesos", "centavo", "centavos"),
    "COP": ("Colombian peso", "Colombian pesos", "centavo", "centavos"),
    "PEN": ("sol", "soles", "centimo", "centimos"), "KES": ("Kenyan shilling", "Kenyan shillings", "cent", "cents"),
    "TWD": ("Taiwan dollar", "Taiwan dollars", "cent", "cents"), "RMB": ("yuan", "yuan", "fen", "fen"),
}  # fmt: skip
_SCALES = {
    "k": "thousand", "m": "million", "mn": "million", "mm": "million", "b": "billion", "bn": "billion", "t": "trillion",
    "tn": "trillion", "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion",
    "lakh": "lakh", "crore": "crore",
}  # fmt: skip
_RATES = {
    "hr": "hour", "h": "hour", "hour": "hour", "day": "day", "d": "day", "week": "week", "wk": "week", "mo": "month",
    "month": "month", "yr": "year", "year": "year", "person": "person", "night": "night", "lb": "pound",
    "kg": "kilogram", "g": "gram", "oz": "ounce", "gal": "gallon", "l": "liter", "unit": "unit", "item": "item",
    "mile": "mile", "mi": "mile", "km": "kilometer", "each": "each", "kwh": "kilowatt hour", "min": "minute",
    "seat": "seat", "user": "user", "share": "share", "barrel": "barrel", "bbl": "barrel", "ton": "ton",
}  # fmt: skip
_AMOUNT = (
    rf"(?:{SPACED}|[1-9]\d{{0,2}}(?: \d{{3}}){{2,}}(?!\d|[ -]\d)"
    r"|\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?|\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?|\.\d+)"
)
_SCALE = r"(?:\s?(thousand|million|billion|trillion|lakh|crore)|(?i:\s?(bn|mn|tn))|(?i:([kmbt]|mm)))?"
_SIGN = "(" + "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)) + ")"
_CODE = "(" + "|".join(_CODES) + ")"
_DASH = r"\s?[-–—]\s?"
_REST = r"(\+)?((?:-[a-z]+)+)?"
_RATE = rf"(?:\s?/\s?({'|'.join(sorted(_RATES, key=len, reverse=True))}))?"


def _parse_amount(text: str) -> tuple[int, str] | None:
    """Return whole and decimals of an amount; a comma before one or two last digits is a decimal one."""
    plain = re.sub(r"['’ \u00a0\u202f]", "", text)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{1,2}|\d+,\d{1,2}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", plain):
        plain = plain.replace(".", "")
    elif not re.fullmatch(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d*(?:\.\d+)?", plain):
        return None
    whole, _, rest = plain.replace(",", "").partition(".")
    return (int(whole or "0"), rest) if len(whole) <= 15 else None


def _say(amount: str, scale: str, names: tuple[str, str, str, str], *, singular: bool = False) -> str | None:
    parsed = _parse_amount(amount)
    if parsed is None:
        return None
    whole, rest = parsed
    one, many, small, smalls = names
    if singular:
        many = one
    if scale:
        return f"{_join(whole, rest)} {_SCALES[scale.lower()]} {many}"
    if len(rest) not in (0, 2):
        return f"{_join(whole, rest)} {many}"
    cents = int(rest or 0)
    said = f"{read_number(cents)} {small if cents == 1 else smalls}"
    if whole == 0 and cents:
        return said
    words = f"{read_number(whole)} {one if whole == 1 else many}"
    return f"{words} and {said}" if cents else words


def _join(whole: int, rest: str) -> str:
    return read_decimal(f"{whole}.{rest}" if rest else str(whole))


def _is_adjective(match: re.Match[str]) -> bool:
    """Say whether an amount stands before a noun, as in "a $20 bill"."""
    before = match.string[: match.start()].rstrip().rpartition(" ")[2].lower()
    following = re.match(r"\s([a-z]+)", match.string[match.end() :])
    return before in ("a", "an") and following is not None and following[1] not in _AFTER_MONEY


_AFTER_MONEY = ("a", "an", "and", "or", "per", "each", "for", "in", "on", "to", "more", "less", "off", "of")


def _read_prefixed(match: re.Match[str], names: tuple[str, str, str, str]) -> str | None:
    sign, _, amount, word, short, letter, rate, plus, rest = match.groups()
    said = _say(amount, word or short or letter or "", names, singular=_is_adjective(match))
    if said is None:
        return None
    return SIGNS[sign] + said + _say_rate(rate) + (" plus" if plus else "") + (rest or "")


def _say_rate(rate: str | None) -> str:
    return "" if not rate else " each" if rate == "each" else f" per {_RATES[rate]}"


def _read_sign(match: re.Match[str], language: str) -> str | None:
    return _read_prefixed(match, _SIGNS[match[2]])


def _read_negative(match: re.Match[str], language: str) -> str | None:
    said = _say(match[2], "", _SIGNS[match[1]])
    return None if said is None else f"minus {said}"


def _read_code(match: re.Match[str], language: str) -> str | None:
    return _read_prefixed(match, _CODES[match[2]])


def _read_suffixed(match: re.Match[str], language: str) -> str | None:
    minus, amount, word, short, letter, name, rate = match.groups()
    said = _say(amount, word or short or letter or "", _SIGNS.get(name) or _CODES[name])
    return None if said is None else ("minus " if minus else "") + said + _say_rate(rate)


def _read_range(match: re.Match[str], language: str) -> str | None:
    sign, first, low_word, low_short, low_letter, other, last, word, short, letter, rate = match.groups()
    low_scale, scale = low_word or low_short or low_letter or "", word or short or letter or ""
    low, high = _parse_amount(first), _parse_amount(last)
    end = _say(last, scale, _SIGNS[other or sign])
    if low is None or high is None or end is None or (other and other != sign):
        return None
    if low_scale and low_scale.lower() != scale.lower():
        start = _say(first, low_scale, _SIGNS[sign])
    elif not scale and (low[1] or high[1]):
        start = _say(first, "", _SIGNS[sign])
    else:
        start = _join(*low)
    return None if start is None else f"{start} to {end}{_say_rate(rate)}"


def _read_cents(match: re.Match[str], language: str) -> str | None:
    parsed = _parse_amount(match[1])
    if parsed is None:
        return None
    return f"{_join(*parsed)} {'cent' if parsed == (1, '') else 'cents'}"


def _read_pence(match: re.Match[str], language: str) -> str | None:
    if not language.startswith(("en-gb", "en-ie")):
        return None
    return f"{read_number(int(match[1]))} {'penny' if match[1] == '1' else 'pence'}"


RULES = (
    (re.compile(rf"{_SIGN}\s?({_AMOUNT}){_SCALE}{_DASH}{_SIGN}?({_AMOUNT}){_SCALE}{_RATE}"), _read_range),
    (re.compile(rf"([-−+±~≈<>≤≥])?{_SIGN}\s?({_AMOUNT}){_SCALE}{_RATE}{_REST}"), _read_sign),
    (re.compile(rf"{_SIGN}[-−]({_AMOUNT})"), _read_negative),
    (re.compile(rf"([-−])?{_CODE}\s?({_AMOUNT}){_SCALE}{_RATE}{_REST}"), _read_code),
    (re.compile(rf"([-−])?({_AMOUNT}){_SCALE}\s?(?:{_SIGN}|{_CODE})".replace(f"(?:{_SIGN}|{_CODE})",
     "(" + "|".join(re.escape(each) for each in [*_CODES, *sorted(_SIGNS, key=len, reverse=True)]) + ")") + _RATE),
     _read_suffixed),
    (re.compile(r"(\d+(?:\.\d+)?)\s?¢"), _read_cents),
    (re.compile(r"¢\s?(\d+(?:\.\d+)?)"), _read_cents),
    (re.compile(r"(\d{1,2})p"), _read_pence),
)  # fmt: skip
