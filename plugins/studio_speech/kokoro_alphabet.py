"""The phonemes that Kokoro reads: the numbers of its letters, and how espeak-ng's phonemes are written in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

TIE = "͡"
"""Stands between the letters of one phoneme in what espeak-ng writes."""

_ROWS = {
    1: ";:,.!?",
    9: '—…"()“” \u0303ʣʥʦʨᵝ\uab67AI',
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕç",
    80: "ɖðʤə",
    85: "ɚɛɜ",
    90: "ɟ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪʝ",
    110: "ɯɰŋɳɲɴø",
    118: "ɸθœ",
    123: "ɹ",
    125: "ɾɻ",
    128: "ʁɽʂʃʈʧ",
    135: "ʊʋ",
    138: "ʌɣɤ",
    142: "χʎ",
    147: "ʒʔ",
    156: "ˈˌː",
    162: "ʰ",
    164: "ʲ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}
LETTERS: Mapping[str, int] = {letter: first + at for first, row in _ROWS.items() for at, letter in enumerate(row)}
"""The number of each letter (hexgrad, config.json of Kokoro-82M); 0 is silence at both ends."""
PUNCTUATION = frozenset(';:,.!?—…"()“”')

_ANY = {
    f"a{TIE}ɪ": "I",
    f"a{TIE}ʊ": "W",
    f"e{TIE}ɪ": "A",
    f"ɔ{TIE}ɪ": "Y",
    f"o{TIE}ʊ": "O",
    f"ə{TIE}ʊ": "Q",
    f"d{TIE}ʒ": "ʤ",
    f"t{TIE}ʃ": "ʧ",
    f"d{TIE}z": "ʣ",
    f"t{TIE}s": "ʦ",
}
_ENGLISH = {
    "ʔˌn\u0329": "tᵊn",
    "ʔn\u0329": "tᵊn",
    "ʔn": "tᵊn",
    "ʔ": "t",
    f"ə{TIE}l": "ᵊl",
    "ʲ": "",
    "ɚ": "əɹ",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɬ": "l",
    "\u0303": "",
}
_AMERICAN = {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ɾ": "T", "ː": ""}
_BRITISH = {f"e{TIE}ə": "ɛː", f"i{TIE}ə": "ɪə", "oʊ": "Q", f"o{TIE}ʊ": "Q", "ɾ": "t"}
_TABLES = {
    "en-us": _ANY | _ENGLISH | _AMERICAN,
    "en-gb": _BRITISH | _ENGLISH | {key: value for key, value in _ANY.items() if key not in _BRITISH},
}
_FOREIGN_WORDS = re.compile(r"\([a-z-]+\)")  # espeak-ng says where it takes the rules of another language


def spell_phonemes(phonemes: str, language: str) -> str:
    """Return espeak-ng's phonemes of a word in the letters that Kokoro reads.

    Args:
        phonemes: In the International Phonetic Alphabet, with ties.
        language: "en-us", "en-gb", "fr" and so on.
    """
    text = _FOREIGN_WORDS.sub("", phonemes).replace("-", "").replace("g", "ɡ")
    table = _TABLES.get(language, _ANY)
    pattern = "|".join(re.escape(each) for each in sorted(table, key=len, reverse=True))
    text = re.sub(pattern, lambda found: table[found[0]], text).replace(TIE, "")
    return "".join(letter for letter in text if letter in LETTERS)
