"""Where sentences end: in scripts with and without spaces, not at abbreviations, numbers, initials or addresses."""

from __future__ import annotations

import re

LONGEST_SENTENCE = 400
"""Characters of the longest piece that is said at once; longer sentences are cut at commas, spaces, or anywhere."""

_ABBREVIATIONS = frozenset(
    [
        "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "maj", "capt", "lt", "sgt", "mt", "ft", "vs", "etc",
        "approx", "dept", "inc", "ltd", "corp", "bros", "cf", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "u.n",
        "ph.d", "b.c", "a.d", "et", "bzw", "z.b", "d.h", "u.a", "usw", "evtl", "ggf", "inkl", "vgl", "sog", "mio",
        "mrd", "mme", "mlle", "p.ex", "c.-à-d", "sra", "srta", "ud", "uds", "dott", "sig.ra", "ecc",
    ]
)  # fmt: skip
# These only with a capital: "a gen. store" is rare, "Gen. Lee" is not.
_TITLES = frozenset(
    [
        "gen", "rev", "rep", "pres", "hon", "col", "gov", "sen", "co", "est", "str", "hr", "fr", "frl", "sig", "m",
        "mm", "av",
    ]
)  # fmt: skip
# After these a capital does begin a sentence.
_ENDING = frozenset(
    [
        "etc", "inc", "ltd", "co", "corp", "bros", "jr", "sr", "a.m", "p.m", "u.s", "u.k", "u.n", "usw", "ecc",
    ]
)  # fmt: skip
# These only before a number: "It has no. That is all."
_BEFORE_NUMBER = frozenset(
    [
        "no", "nos", "nr", "núm", "p", "pp", "s", "vol", "fig", "figs", "ch", "sec", "art", "pag", "pág", "bd",
        "abs", "al", "ca", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    ]
)  # fmt: skip
_OF_LANGUAGE = {
    "de": re.compile(
        r"\b(?:der|die|das|dem|den|des|am|im|zum|zur|vom|beim|ab|seit|jedem|jeden) \d{1,3}$", re.IGNORECASE
    ),
    "es": re.compile(r"\b(?:Sr|Sra|Dr|Dra|Sres|Avda|núm)$"),
    "pt": re.compile(r"\b(?:Sr|Sra|Dr|Dra|Av|Exmo)$"),
}
_CLOSERS = "\"'”’»«)\\]}」』】）〉》›"
_END = re.compile(rf"[.!?…‽؟۔܀։፧።।॥။៕᙮]+[{_CLOSERS}]*(?=\s|$)|[。！？｡]+[{_CLOSERS}]*|[!?…]+[{_CLOSERS}]+(?=\s|$)")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘«]+$")
_CUTS = (re.compile(r"[;:—–]\s|[；：]"), re.compile(r",\s|[，、،]"), re.compile(r"\s"))


def find_sentences(text: str, language: str = "") -> list[tuple[int, int]]:
    """Return where each sentence begins and ends, without the spaces around it.

    Args:
        text: The text.
        language: Its tag, for what ends no sentence in that language alone.
    """
    base = language.partition("-")[0]
    found, start = [], 0
    for match in _END.finditer(text):
        if _ends_sentence(text, match) and not _is_part_of_phrase(text, match, base):
            found.append((start, match.end()))
            start = match.end()
    found.append((start, len(text)))
    return [trimmed for each in found if (trimmed := _trim(text, *each))]


def cut_long(text: str, start: int, end: int, longest: int = LONGEST_SENTENCE) -> list[tuple[int, int]]:
    """Cut a sentence into pieces that are not too long, after its last semicolon, comma or space that is in time."""
    pieces = []
    while end - start > longest:
        at = _find_cut(text, start, start + longest)
        pieces.append((start, at))
        start = at
    pieces.append((start, end))
    return [trimmed for each in pieces if (trimmed := _trim(text, *each))]


def _find_cut(text: str, start: int, limit: int) -> int:
    for pattern in _CUTS:
        cuts = [match.end() for match in pattern.finditer(text, start, limit)]
        late = [cut for cut in cuts if cut - start > (limit - start) // 3]
        if late:
            return late[-1]
    return limit


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


def _is_part_of_phrase(text: str, match: re.Match[str], base: str) -> bool:
    """Say whether a point belongs to "z. B.", and to "der 2. Platz" and "Sr. García" in their languages."""
    before, after = text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 4]
    if match[0] != ".":
        return False
    if re.search(r"(?:^|\W)[^\W\d_]$", before) and re.match(r"\s[^\W\d_]\.", after):
        return True
    pattern = _OF_LANGUAGE.get(base)
    return pattern is not None and bool(pattern.search(before)) and bool(after.strip())


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + 64].lstrip()
    following = next((letter for letter in after if letter.isalnum()), "")
    mark = match[0]
    if following.islower() and (mark[0] in ".…" or mark[-1:] in _CLOSERS):
        return False  # "etc. and", "... so", "'Why?' she said"
    return mark != "." or _ends_at_point(text, match.start(), after, following)


def _ends_at_point(text: str, at: int, after: str, following: str) -> bool:
    """Say whether a point ends a sentence, by the word before it and by what comes after."""
    before = _WORD_BEFORE.search(text, max(0, at - 64), at)
    word = before[0] if before else ""
    if _is_initial(word):
        return not after or word == "I"
    if _is_abbreviation(word):
        return word.lower() in (_BEFORE_NUMBER | _ENDING) and not following.isdigit()
    # "am 3. Mai" and "1. Write it": a number of one or two digits with a point is an ordinal or heads a list
    is_short = word.isdigit() and len(word) <= 2
    return not (is_short and (start_of(text, at - len(word)) or _is_month(after)))


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and word.isupper()


def _is_abbreviation(word: str) -> bool:
    bare = word.lower()
    return bare in _BEFORE_NUMBER or bare in _ABBREVIATIONS or (bare in _TITLES and word[:1].isupper())


def start_of(text: str, at: int) -> bool:
    """Say whether nothing but spaces, or the end of a sentence, stands before."""
    before = text[max(0, at - 16) : at].rstrip()
    if before.endswith("."):
        return before[:-1].rpartition(" ")[2].lower() not in _BEFORE_NUMBER  # "See No. 5."
    return not before or before[-1] in "!?:;"


def _is_month(text: str) -> bool:
    return bool(re.match(r"(Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)", text))
