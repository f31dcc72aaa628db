"""Which voice speaks: espeak-ng's list of them, and the choice by language tag and speaker."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import StudioError, list_nearest, suggest
from studio_speech.language_names import find_tag, fold_name

_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?")
"""Language, script and region (BCP 47); the last two may be left out."""


@dataclass(frozen=True)
class Voice:
    """A voice of espeak-ng.

    Attributes:
        name: Its name, such as "English (America)".
        identifier: What espeak-ng calls it by.
        languages: Tags of the languages it speaks, lower case, with a priority each; the smallest is preferred.
    """

    name: str
    identifier: str
    languages: tuple[tuple[int, str], ...]

    @property
    def tag(self) -> str:
        """The tag of its own language."""
        return self.languages[0][1]


def read_voices(listed: Mapping[str, Any]) -> list[Voice]:
    """Return the voices in the list that the worker gave."""
    voices = []
    for name, identifier, languages in listed["voices"]:
        tags = tuple((int(priority), str(tag).lower()) for priority, tag in languages)
        if tags:
            voices.append(Voice(str(name).strip(), str(identifier), tags))
    return voices


def find_voice(voices: list[Voice], language: str, log: Callable[[str], None]) -> Voice:
    """Return the voice for a language: tag ("en-gb"), or its English name ("German", "Brazilian Portuguese").

    Where a region or a script is not there, the language without it is taken, and that is logged; nothing else is.

    Raises:
        StudioError: E661 if there is none, with near names.
    """
    wanted = language.strip().lower().replace("_", "-")
    by_name = next((voice for voice in voices if voice.name.lower() == wanted), None)
    tag = wanted
    if by_name is None and not _find_speaker_of(voices, tag):
        tag = find_tag({voice.name: voice.tag for voice in voices}, language) or wanted
    asked = tag
    while tag:
        speaker = _find_speaker_of(voices, tag)
        if speaker is not None:
            if tag != asked:
                log(f"no voice for {language!r}; {tag!r} is used")
            return speaker
        if by_name is not None:
            return by_name
        tag = tag.rpartition("-")[0] if _TAG.fullmatch(tag) else ""
    raise StudioError("E661", f"no voice speaks {language!r}", hint=_suggest(voices, wanted))


def _find_speaker_of(voices: list[Voice], tag: str) -> Voice | None:
    """Return the voice whose own tag this is, or else the one that ranks the tag first."""
    exact = next((voice for voice in voices if voice.tag == tag), None)
    ranked = sorted(
        (priority, i) for i, voice in enumerate(voices) for priority, each in voice.languages if each == tag
    )
    return exact or (voices[ranked[0][1]] if ranked else None)


def _suggest(voices: list[Voice], wanted: str) -> str:
    """Return near tags and names, in words."""
    known = {tag: tag for voice in voices for _, tag in voice.languages}
    known |= {fold_name(voice.name): voice.tag for voice in voices}
    known |= {fold_name(voice.name).partition(" (")[0]: voice.tag for voice in reversed(voices)}
    names = list_nearest(fold_name(wanted), known, 4, 0.6 if len(wanted) > 3 else 0.8)
    near = list(dict.fromkeys(known[each] for each in names))
    asked = "speech.voices lists all languages"
    return f"did you mean {' or '.join(repr(tag) for tag in near)}? {asked}" if near else asked


def find_speaker(variants: list[str], name: str) -> str:
    """Return the suffix that gives any voice this speaker; "" for the voice's own.

    Raises:
        StudioError: E661 for an unknown speaker, with near names.
    """
    if not name:
        return ""
    exact = next((each for each in variants if each.lower() == name.strip().lower()), None)
    if exact is None:
        some = ", ".join(each for each in variants if len(each) == 2)
        near = suggest(name, variants, f"speakers are: {some}" if some else "leave the voice empty")
        raise StudioError("E661", f"unknown speaker {name!r}", hint=f"{near}; speech.voices lists all")
    return f"+{exact}"


def find_first_speaker(variants: list[str], names: str, log: Callable[[str], None]) -> str:
    """Return the suffix of the first of some speakers that there is; "" if there is none, and that is logged."""
    known = {each.lower(): each for each in variants}
    wanted = names.split()
    found = next((known[each.lower()] for each in wanted if each.lower() in known), None)
    if wanted and found is None:
        log(f"SSML: no speaker is named {' or '.join(map(repr, wanted))}; the voice stays. speech.voices lists all")
    return f"+{found}" if found else ""


def describe_voices(voices: list[Voice], variants: list[str], language: str) -> dict[str, Any]:
    """Return the languages and speakers as JSON.

    Args:
        voices: All voices.
        variants: The speakers.
        language: The beginning of a tag, or the beginning of a name; "" for all.
    """
    wanted = language.strip().lower().replace("_", "-")
    found: dict[str, dict[str, Any]] = {}
    for voice in voices:
        tags = [tag for _, tag in voice.languages]
        if (
            wanted
            and not any(f"{tag}-".startswith(f"{wanted}-") for tag in tags)
            and not voice.name.lower().startswith(wanted)
        ):
            continue
        found.setdefault(voice.tag, {"language": voice.tag, "name": voice.name, "also": tags[1:]})
    return {"languages": [found[tag] for tag in sorted(found)], "speakers": sorted(variants, key=str.lower)}
