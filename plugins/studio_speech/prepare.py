"""A text as it comes, plain or SSML, cut into utterances."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from studio.api import StudioError
from studio_speech.language_names import find_english
from studio_speech.script import clean_text, parse_text
from studio_speech.utterances import Utterance, cut_script

_SSML_START = re.compile(r"\s*<(speak\b|\?xml\b)")


def prepare(text: str, markup: str, language: str, log: Callable[[str], None]) -> tuple[float, Sequence[Utterance]]:
    """Return the silence before a text, in seconds, and its utterances.

    Raises:
        StudioError: E660 if there is nothing to say, E662 for SSML that is wrong.
    """
    cleaned = clean_text(text)
    if any(not each.isspace() for each in set(text) - set(cleaned)):
        log("control characters and the like are left out of the text")
    if markup == "ssml" or (markup == "auto" and _SSML_START.match(cleaned)):
        from studio_speech.ssml import parse_ssml

        script = parse_ssml(cleaned.lstrip(), log)
    else:
        script = parse_text(cleaned)
    lead, utterances = cut_script(script, find_english(language) or language.strip().lower().replace("_", "-"))
    if not utterances:
        shown = f"{cleaned.strip()[:40]!r} has" if cleaned.strip() else "the text is empty: it has"
        raise StudioError("E660", f"{shown} no letter, digit or symbol to say", hint="give some words")
    return lead, utterances
