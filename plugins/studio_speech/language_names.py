"""Languages by their English names: "Portuguese", "Brazilian Portuguese", "Portuguese (Brazil)", "Mandarin"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ALIASES = {
    "chinese": "zh", "mandarin": "cmn", "mandarin chinese": "cmn", "cantonese": "yue", "cantonese chinese": "yue",
    "castilian": "es", "irish": "ga", "irish gaelic": "ga", "scots gaelic": "gd", "scottish gaelic": "gd",
    "gaelic": "gd", "norwegian": "no", "bokmal": "nb", "farsi": "fa", "burmese": "my", "myanmar": "my",
    "haitian": "ht", "creole": "ht", "kirghiz": "ky", "uighur": "ug", "odia": "or", "flemish": "nl-be",
    "ancient greek": "grc", "serbo-croatian": "hbs", "tswana": "tn", "sami": "smj", "lule sami": "smj",
    "kalaallisut": "kl", "letzeburgesch": "lb", "valencian": "ca-va", "panjabi": "pa", "moldovan": "ro",
    "hakka": "hak", "belter": "qdb", "western armenian": "hyw", "eastern armenian": "hy", "shavian": "en-shaw",
    "received pronunciation": "en-gb-x-rp", "scottish english": "en-gb-scotland", "scots english": "en-gb-scotland",
    "caribbean english": "en-029", "latin american spanish": "es-419", "simplified chinese": "cmn",
    "traditional chinese": "zh", "sinhalese": "si", "pinyin": "cmn-latn-pinyin", "bishnupriya": "bpy",
    "northern vietnamese": "vi", "central vietnamese": "vi-vn-x-central", "southern vietnamese": "vi-vn-x-south",
}  # fmt: skip
_REGIONS = {
    "america": "us", "american": "us", "us": "us", "usa": "us", "united states": "us", "british": "gb", "uk": "gb",
    "britain": "gb", "great britain": "gb", "united kingdom": "gb", "england": "gb", "brazil": "br",
    "brazilian": "br", "portugal": "pt", "european": "pt", "spain": "es", "mexico": "mx", "mexican": "mx",
    "france": "fr", "canada": "ca", "canadian": "ca", "belgium": "be", "belgian": "be", "switzerland": "ch",
    "swiss": "ch", "germany": "de", "austria": "at", "austrian": "at", "china": "cn", "taiwan": "tw",
    "taiwanese": "tw", "hong kong": "hk", "australia": "au", "australian": "au", "india": "in", "indian": "in",
    "ireland": "ie", "new zealand": "nz", "latin america": "419", "netherlands": "nl", "argentina": "ar",
}  # fmt: skip


_WRITTEN = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl",
}  # fmt: skip


def fold_name(name: str) -> str:
    """Return a name in lower case, without accents, with single spaces."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def find_written(name: str) -> str:
    """Return the tag of a language that has rules for what is written short; "" for others.

    Args:
        name: An English name, such as "American English", "German" or "Portuguese (Brazil)".
    """
    folded = fold_name(name)
    named = next((each for each in _WRITTEN if each in re.split(r"[ (,)-]", folded)), "")
    return _find_region({named: _WRITTEN[named]}, folded) or _WRITTEN[named] if named else ""


def find_tag(names: Mapping[str, str], wanted: str) -> str:
    """Return the tag of a language by its English name; "" for an unknown name.

    Args:
        names: The tag for each name of a voice, such as "English (America)".
        wanted: A name: a voice's, without the region in parentheses, with another region, or a usual other name.
    """
    known = {fold_name(name): tag for name, tag in names.items()}
    bases: dict[str, str] = {}
    for name, tag in known.items():
        base = name.partition(" (")[0]
        bases.setdefault(base, tag if base == name else tag.partition("-")[0])
    bases |= {name: tag for name, tag in _ALIASES.items() if name not in known}
    name = fold_name(wanted)
    return known.get(name) or bases.get(name) or _find_region(bases, name) or _find_beginning(known, name)


def _find_region(bases: Mapping[str, str], name: str) -> str:
    """Return the tag of "portuguese (brazil)", "brazilian portuguese" or "english - us"; "" for other names."""
    found = re.fullmatch(r"(.+?) ?[(,-] ?([a-z ]+?)\)?", name)
    first, last = (found[1], found[2]) if found else tuple(reversed(name.rpartition(" ")[::2]))
    tag, region = bases.get(first, ""), _REGIONS.get(last, "")
    return f"{tag.partition('-')[0]}-{region}" if tag and region else ""


def _find_beginning(known: Mapping[str, str], name: str) -> str:
    """Return the tag of the only name that begins with these words, or ""."""
    found = {tag for each, tag in known.items() if name and each.startswith(f"{name} ")}
    return found.pop() if len(found) == 1 else ""
