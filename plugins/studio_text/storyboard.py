"""A sentence split into scenes by rules, and templates filled with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from studio.api import StudioError

MOST_SCENES = 200
MOST_SHOTS = 200
MOST_CHARACTERS = 1_000_000
"""Of all prompts together."""
TEMPLATES: list[str] = ["a wide shot of {scene}", "{scene}", "a close-up of {scene}"]
NAMES = ("scene", "sentence", "subject", "number")

_WORDS = "after that|afterwards|and then|at last|but|finally|later|meanwhile|next|suddenly|then|until|while"
_WIDE = "。！？；，、…"
_SPLIT = re.compile(
    rf"""
    (?<!\b(?:Mr|Ms|Dr|St))(?<!\bMrs)(?<!\b[A-Z])\.(?:["'”’)\]]*)(?=\s|$)   # a full stop, but not that of "Mr." or "J."
    | [!?;:]+(?:["'”’)\]]*)(?=\s|$)
    | ,(?!\d)
    | [{_WIDE}\n\r\u2028\u2029]
    | \s[-–]{{1,2}}\s | \s?—\s?
    | \b(?:{_WORDS})\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LEADING = re.compile(rf"\s*(?:(?:and|{_WORDS})\b[\s,]*)+", re.IGNORECASE)
_PRONOUN = re.compile(r"(?:he|she|it|they)(?=\s|$)", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:An?|The|One|Two|Three|Some|His|Her|Its|Their|He|She|It|They|There)(?=\s)")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_EDGES = " \t\f\v\xa0.,;:!?-–—\"'“”‘’" + _WIDE


@dataclass(frozen=True)
class Shot:
    """One image of a video.

    Attributes:
        scene: Its part of the sentence.
        prompt: What to draw.
        caption: The scene as a sentence.
    """

    scene: str
    prompt: str
    caption: str


def write_shots(
    sentence: str, templates: Sequence[str], shots: int | None, subject: str, style: str, separator: str
) -> list[Shot]:
    """Return the shots of a sentence.

    Raises:
        StudioError: E672 for a sentence without words or with too many scenes, invalid templates, or too much text.
    """
    check_templates(templates)
    scenes = [_name_subject(scene, subject.strip()) for scene in split_scenes(sentence, separator)]
    spread = _spread(scenes, len(scenes) if shots is None else shots)
    written: list[Shot] = []
    length = 0
    for index, scene in enumerate(spread):
        template = templates[index % len(templates)]
        values = {"sentence": " ".join(sentence.split()), "subject": subject.strip(), "number": str(index + 1)}
        prompt = _fill(template, {**values, "scene": scene}) + (f", {style.strip()}" if style.strip() else "")
        length += len(prompt)
        if length > MOST_CHARACTERS:
            raise _refuse(f"the prompts have more than {MOST_CHARACTERS} characters", "use a shorter sentence")
        written.append(Shot(scene, prompt, _write_caption(scene)))
    return written


def split_scenes(sentence: str, separator: str) -> list[str]:
    """Return the scenes of a sentence.

    Raises:
        StudioError: E672 for a sentence without words, or with more scenes than `MOST_SCENES`.
    """
    parts = sentence.split(separator) if separator else _SPLIT.split(sentence)
    scenes = [scene for part in parts if (scene := _clean(part, bool(separator)))]
    if not scenes:
        shown = f"{sentence.strip()[:40]!r} has no words" if sentence.strip() else "the sentence is empty"
        raise _refuse(shown, "write what the video shows, for example 'a fox wakes up, then it finds an apple'")
    if len(scenes) > MOST_SCENES:
        raise _refuse(f"{len(scenes)} scenes are over the limit of {MOST_SCENES}", "split the text into several videos")
    return scenes


def check_templates(templates: Sequence[str]) -> None:
    """Raise StudioError E672 for an invalid template."""
    names = dict.fromkeys(NAMES, "x")
    for template in templates:
        if not _fill(template, names).strip():
            raise _refuse("a template is empty", "write one like 'a photo of {scene}'")


def find_pronoun(sentence: str, separator: str) -> str | None:
    """Return the word at the beginning of a scene that stands for something in an earlier one."""
    found = (_PRONOUN.match(scene) for scene in split_scenes(sentence, separator))
    return next((match[0] for match in found if match), None)


def _clean(part: str, whole: bool) -> str:
    """Return a scene without punctuation and words such as "and" at its edges."""
    if whole:
        return " ".join(part.split())
    part = " ".join(part.split()).strip(_EDGES)
    if match := _LEADING.match(part):
        part = part[match.end() :]
    part = re.sub(r"\s(?:and|or)$", "", part)
    return _ARTICLE.sub(lambda match: match[0].lower(), part, count=1) if _ARTICLE.match(part) else part


def _name_subject(scene: str, subject: str) -> str:
    return _PRONOUN.sub(lambda _: subject, scene, count=1) if subject and _PRONOUN.match(scene) else scene


def _spread(scenes: Sequence[str], shots: int) -> list[str]:
    """Return what each shot shows: scenes again, or several of them in one."""
    count = len(scenes)
    if shots >= count:
        return [scenes[index * count // shots] for index in range(shots)]
    ends = [index * count // shots for index in range(shots + 1)]
    return [", ".join(scenes[start:end]) for start, end in pairwise(ends)]


def _write_caption(scene: str) -> str:
    return scene[:1].upper() + scene[1:] + ("" if scene[-1:] in ".!?" + _WIDE else ".")


def _fill(template: str, values: Mapping[str, str]) -> str:
    def write(match: re.Match[str]) -> str:
        token, name = match[0], match[1]
        if token in ("{{", "}}"):
            return token[0]
        if name is None or name.strip() not in values:
            known = ", ".join(f"{{{each}}}" for each in NAMES)
            what = f"a single {token!r}" if name is None else f"unknown placeholder {token[:40]!r}"
            raise _refuse(f"{what} in the template {template[:60]!r}", f"use {known}; {{{{ and }}}} write braces")
        return values[name.strip()]

    return _TOKEN.sub(write, template)


def _refuse(message: str, hint: str) -> StudioError:
    return StudioError("E672", message, hint=hint)
