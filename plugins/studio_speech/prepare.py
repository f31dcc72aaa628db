"""A text as it comes, plain or SSML, cut into utterances."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from studio.api import StudioError
from studio_speech.language_names import find_written
from studio_speech.reading import needs_rules
from studio_speech.script import Script, clean_text, parse_text
from studio_speech.utterances import Utterance, cut_script


def prepare(text: str, markup: str, language: str, log: Callable[[str], None]) -> tuple[float, Sequence[Utterance]]:
    """Return the silence before a text, in seconds, and its utterances.

    Raises:
        StudioError: E660 if there is nothing to say, E662 for SSML that is wrong.
    """
    cleaned = clean_text(text)
    if any(not each.isspace() for each in set(text) - set(cleaned)):
        log("control characters and the like are left out of the text")
    script = _parse(cleaned, markup, log)
    tagged = find_written(language) or language.strip().lower().replace("_", "-")
    lead, utterances = cut_script(script, tagged)
    if any(needs_rules(each.text, each.language or tagged) for each in utterances):
        log("numbers are read by the voice's own rules; for those of the language: pip install 'studio[languages]'")
    if not utterances:
        shown = f"{cleaned.strip()[:40]!r} has" if cleaned.strip() else "the text is empty: it has"
        raise StudioError("E660", f"{shown} no letter, digit or symbol to say", hint="give some words")
    return lead, utterances


def _parse(text: str, markup: str, log: Callable[[str], None]) -> Script:
    """Read plain text or SSML; text with elements of SSML in it is read as if <speak> stood around it."""
    from studio_speech.ssml import has_fragments, looks_like_ssml, parse_ssml

    if markup == "ssml" or (markup == "auto" and looks_like_ssml(text)):
        return parse_ssml(text.lstrip(), log)
    if markup == "auto" and has_fragments(text):
        log('the text has elements of SSML outside <speak>: they are read as SSML; markup "text" says them')
        return parse_ssml(f"<speak>{text}</speak>", log)
    return parse_text(text)
