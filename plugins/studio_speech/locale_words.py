"""What languages write short: names of currencies, units and months by region, and abbreviations.

Names of months, currencies and units come from Babel, which has them from the Unicode CLDR.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from studio_speech.number_words import FEMININE, MASCULINE, NEUTER, find_base, find_locale

SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "R$": "BRL", "US$": "USD", "kr": "SEK"}
SIGNS |= {code: code for code in ("EUR", "USD", "GBP", "CHF", "PLN", "BRL", "JPY", "SEK", "DKK", "NOK", "CZK", "MXN")}
SIGNS |= {"Fr.": "CHF", "₽": "RUB", "₺": "TRY", "₩": "KRW", "Kč": "CZK"}
_OF_DOLLAR = {"mx": "MXN", "ar": "ARS", "cl": "CLP", "co": "COP", "ca": "CAD", "uy": "UYU", "cu": "CUP", "do": "DOP"}
_HOME = {**_OF_DOLLAR, "br": "BRL", "ch": "CHF", "pl": "PLN", "gb": "GBP"}
_CENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "de": {
        "GBP": ("Penny", "Pence"),
        "CHF": ("Rappen", "Rappen"),
        "PLN": ("Groschen", "Groschen"),
        "": ("Cent", "Cent"),
    },
    "fr": {"GBP": ("penny", "pence"), "": ("centime", "centimes")},
    "es": {"GBP": ("penique", "peniques"), "EUR": ("céntimo", "céntimos"), "": ("centavo", "centavos")},
    "it": {"GBP": ("penny", "pence"), "": ("centesimo", "centesimi")},
    "nl": {"GBP": ("penny", "pence"), "": ("cent", "cent")},
    "pl": {"PLN": ("grosz", "grosze", "groszy"), "GBP": ("pens", "pensy", "pensów"), "": ("cent", "centy", "centów")},
    "pt": {"GBP": ("penny", "pence"), "EUR": ("cêntimo", "cêntimos"), "": ("centavo", "centavos")},
}
_FEMININE = {
    "de": ("krone", "lira", "rupie", "tonne", "minute", "sekunde", "stunde", "meile"),
    "fr": ("livre", "couronne", "roupie", "lire", "tonne", "heure", "minute", "seconde"),
}
_NEUTER = {"pl": ("euro", "peso")}
UNITS = {
    "km/h": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second", "km²": "area-square-kilometer",
    "m²": "area-square-meter", "m³": "volume-cubic-meter", "km": "length-kilometer", "cm": "length-centimeter",
    "mm": "length-millimeter", "m": "length-meter", "kg": "mass-kilogram", "mg": "mass-milligram", "g": "mass-gram",
    "t": "mass-tonne", "ml": "volume-milliliter", "l": "volume-liter", "L": "volume-liter",
    "°C": "temperature-celsius", "°F": "temperature-fahrenheit", "kWh": "energy-kilowatt-hour", "kW": "power-kilowatt",
    "MW": "power-megawatt", "W": "power-watt", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz", "Hz": "frequency-hertz", "kB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte", "min": "duration-minute", "ha": "area-hectare",
    "V": "electric-volt",
}  # fmt: skip
SCALES = {
    "de": {
        "Mio.": "Millionen",
        "Mrd.": "Milliarden",
        "Millionen": "",
        "Milliarden": "",
        "Million": "",
        "Mio": "Millionen",
    },
    "fr": {"M": "millions", "Md": "milliards", "Mds": "milliards", "millions": "", "milliards": "", "million": ""},
    "es": {"M": "millones", "millones": "", "mil millones": "", "millón": ""},
    "it": {"mln": "milioni", "mld": "miliardi", "milioni": "", "miliardi": ""},
    "nl": {"mln.": "miljoen", "mld.": "miljard", "mln": "miljoen", "miljoen": "", "miljard": ""},
    "pl": {"mln": "milionów", "mld": "miliardów", "tys.": "tysięcy", "milionów": "", "miliardów": ""},
    "pt": {"mi": "milhões", "milhões": "", "bilhões": "", "mil milhões": ""},
}
"""What is written, and what is said if that is something else."""
OF = {"fr": "de", "es": "de", "it": "di", "pt": "de"}
"""The word between millions and what there are millions of."""
PERCENT = {"de": "Prozent", "fr": "pour cent", "es": "por ciento", "it": "per cento", "nl": "procent"}
PERCENT |= {"pl": "procent", "pt": "por cento"}
MINUS = {"de": "minus", "fr": "moins", "es": "menos", "it": "meno", "nl": "min", "pl": "minus", "pt": "menos"}
TO = {"de": "bis", "fr": "à", "es": "a", "it": "a", "nl": "tot", "pt": "a"}
ABBREVIATIONS = {
    "de": {
        "z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt",
        "u. a.": "unter anderem", "u.a.": "unter anderem", "usw.": "und so weiter", "bzw.": "beziehungsweise",
        "ca.": "circa", "Dr.": "Doktor", "Nr.": "Nummer", "Hr.": "Herr", "Fr.": "Frau", "St.": "Sankt",
        "Str.": "Straße", "evtl.": "eventuell", "ggf.": "gegebenenfalls", "inkl.": "inklusive", "vgl.": "vergleiche",
        "v. Chr.": "vor Christus", "n. Chr.": "nach Christus", "o. Ä.": "oder Ähnliches", "Tel.": "Telefon",
        "Prof.": "Professor", "Mio.": "Millionen", "Mrd.": "Milliarden", "i. d. R.": "in der Regel", "§": "Paragraf",
    },
    "fr": {
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle",
        "Dr": "docteur", "etc.": "et cetera", "c.-à-d.": "c'est-à-dire", "p. ex.": "par exemple", "n°": "numéro",
        "nº": "numéro", "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "St": "saint",
        "Ste": "sainte", "bd": "boulevard", "env.": "environ", "tél.": "téléphone",
    },
    "es": {
        "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores", "Dr.": "doctor", "Dra.": "doctora",
        "D.": "don", "D.ª": "doña", "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "p. ej.": "por ejemplo",
        "etc.": "etcétera", "n.º": "número", "nº": "número", "Ud.": "usted", "Uds.": "ustedes",
        "aprox.": "aproximadamente",
        "a. C.": "antes de Cristo", "d. C.": "después de Cristo", "pág.": "página", "tel.": "teléfono",
        "Avda.": "avenida",
        "C/": "calle", "Prof.": "profesor",
    },
    "it": {
        "Sig.": "signor", "Sig.ra": "signora", "Sig.na": "signorina", "dott.": "dottor", "Dott.": "dottor",
        "dott.ssa": "dottoressa", "ecc.": "eccetera", "pag.": "pagina",
        "tel.": "telefono", "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "prof.": "professor",
        "Prof.": "professor",
        "ing.": "ingegner", "avv.": "avvocato", "S.": "San", "p.es.": "per esempio",
    },
    "nl": {
        "dhr.": "de heer", "mevr.": "mevrouw", "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld",
        "d.w.z.": "dat wil zeggen",
        "enz.": "enzovoort", "m.b.t.": "met betrekking tot", "nr.": "nummer", "dr.": "doctor", "prof.": "professor",
        "ca.": "circa", "o.a.": "onder andere", "t/m": "tot en met", "blz.": "bladzijde", "v.Chr.": "voor Christus",
        "a.u.b.": "alstublieft", "i.p.v.": "in plaats van", "St.": "Sint",
    },
    "pl": {
        "np.": "na przykład", "itd.": "i tak dalej", "itp.": "i tym podobne", "tj.": "to jest", "tzn.": "to znaczy",
        "m.in.": "między innymi", "ul.": "ulica", "dr": "doktor", "prof.": "profesor", "nr": "numer",
        "godz.": "godzina",
        "tzw.": "tak zwany", "św.": "święty", "p.n.e.": "przed naszą erą", "n.e.": "naszej ery",
        "str.": "strona", "tel.": "telefon",
    },
    "pt": {
        "Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora", "etc.": "et cetera",
        "p. ex.": "por exemplo", "n.º": "número", "nº": "número", "Av.": "avenida", "R.": "rua", "pág.": "página",
        "a.C.": "antes de Cristo", "d.C.": "depois de Cristo", "tel.": "telefone", "Prof.": "professor", "D.": "dona",
        "V. Ex.ª": "vossa excelência", "Exmo.": "excelentíssimo",
    },
}  # fmt: skip


def find_currency(sign: str, language: str) -> str:
    """Return the code of a currency by its sign; a dollar sign alone is that of the region."""
    if sign == "$":
        return _OF_DOLLAR.get(language.rpartition("-")[2], "USD") if "-" in language else "USD"
    if sign == "kr":
        return {"dk": "DKK", "no": "NOK"}.get(language.rpartition("-")[2], "SEK")
    return SIGNS[sign]


@lru_cache(maxsize=512)
def name_currency(code: str, count: float, language: str) -> str:
    """Return the name of a currency as it stands behind a number; of the region's own without its country."""
    from babel.numbers import get_currency_name

    name = str(get_currency_name(code, count, locale=find_locale(language)))
    if code != _HOME.get(language.rpartition("-")[2]):
        return name
    return name.split()[-1 if find_base(language) == "de" else 0]


def name_cents(code: str, count: int, language: str) -> str:
    """Return the name of the hundredth part of a currency as it stands behind a number."""
    names = _CENTS[find_base(language)]
    forms = names.get(code, names[""])
    if len(forms) == 2:
        return forms[0] if count == 1 else forms[1]
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    return forms[0] if count == 1 else forms[1] if few else forms[2]


def find_gender(name: str, language: str) -> str:
    """Return the gender of a currency or a unit by its name of one."""
    base, word = find_base(language), name.split()[0].lower()
    if base in ("es", "it", "pl", "pt"):
        return FEMININE if word.endswith("a") else NEUTER if word in _NEUTER.get(base, ()) else MASCULINE
    return FEMININE if word in _FEMININE.get(base, ()) else MASCULINE


@lru_cache(maxsize=512)
def name_unit(sign: str, number: Any, language: str) -> str | None:
    """Return the name of a unit as it stands behind a number; None where the language has none."""
    from babel.numbers import format_decimal
    from babel.units import UnknownUnitError, format_unit

    locale = find_locale(language)
    try:
        phrase = format_unit(number, UNITS[sign], "long", locale=locale)
    except UnknownUnitError:
        return None
    shown = format_decimal(number, locale=locale)
    return " ".join(phrase.replace(shown, "", 1).split()) if shown in phrase else None


@lru_cache(maxsize=16)
def list_months(base: str) -> dict[str, int]:
    """Return months by their names, long and short, in small letters; in Polish in the genitive."""
    from babel.dates import get_month_names

    found: dict[str, int] = {}
    for width in ("abbreviated", "wide"):
        for number, name in get_month_names(width, locale=base).items():
            found[name.lower().rstrip(".")] = number
    return found


@lru_cache(maxsize=128)
def name_month(number: int, base: str) -> str:
    """Return a month's name as it stands in a date."""
    from babel.dates import get_month_names

    return str(get_month_names("wide", locale=base)[number])
