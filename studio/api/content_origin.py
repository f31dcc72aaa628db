"""What node types do to media, and the IPTC term for the source of a file that follows.

The terms are those of the vocabulary "Digital Source Type" of the IPTC (International Press Telecommunications
Council), which image files hold as `Iptc4xmpExt:DigitalSourceType`.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import IntFlag
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

UNCHANGED = "unchanged"
FROM = "from "
"""Begins an origin that hands one input on."""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The vocabulary; a term is this and its name."""

ContentOrigin = Literal["generated", "altered", "enhanced", "algorithmic", "edited", "captured", "unchanged"]
"""What a node type does to media.

"generated": A trained model makes it. "altered": A trained model changes what it shows or says. "enhanced": An
algorithm, perhaps a trained one, corrects it and adds nothing: less noise, more pixels. "algorithmic": Computed from
numbers, text or other data, without samples of media. "edited": Changed as a person asked: cut, resized, mixed, drawn
upon. "captured": Read from a file. "unchanged": Handed on.
"""
ORIGINS: tuple[str, ...] = get_args(ContentOrigin)
STATED_ORIGINS: tuple[str, ...] = tuple(name for name in ORIGINS if name != "unchanged")
"""What a user may say of a file that does not say itself where it comes from. "captured": By a camera or a recorder."""
OriginByOutput: TypeAlias = Mapping[str, str]
ChooseOrigin: TypeAlias = "Callable[[Mapping[str, Any]], str | OriginByOutput]"
OriginOption: TypeAlias = "str | OriginByOutput | ChooseOrigin"
"""One origin, or one for each output by name ("video.audio" is the audio of the output "video"), or a function of the
inputs that are plain values, by name, which returns either. In a mapping "from NAME" hands on the input NAME alone."""

_HEAD, _TAIL = 1 << 20, 1 << 18
_BASE = re.compile(r'\A\{(?:"base": "(?:[^"\\]|\\.)*", )?')
_CARRIED = re.compile(_BASE.pattern + r'"digital_source_type": "([A-Za-z]+)"')


class Content(IntFlag):
    """What is known of the content of a medium: where it comes from, and what was done to it."""

    NOTHING = 0
    GIVEN = 1
    """From a file that does not say, or from a caller."""
    CAPTURED = 2
    """From a file that says that it was captured by a camera or a recorder."""
    GENERATED = 4
    ALTERED = 8
    ALGORITHMIC = 16
    ENHANCED = 32
    EDITED = 64


FROM_OUTSIDE = Content.GIVEN | Content.CAPTURED
_EFFECTS = {
    "generated": Content.GENERATED,
    "altered": Content.ALTERED,
    "enhanced": Content.ENHANCED,
    "algorithmic": Content.ALGORITHMIC,
    "edited": Content.EDITED,
    "captured": Content.NOTHING,
    "unchanged": Content.NOTHING,
}
_STATED = {
    "generated": Content.GENERATED,
    "altered": Content.ALTERED | Content.GIVEN,
    "enhanced": Content.ENHANCED | Content.CAPTURED,
    "algorithmic": Content.ALGORITHMIC,
    "edited": Content.EDITED | Content.CAPTURED,
    "captured": Content.CAPTURED,
}
_BY_TERM = {
    "trainedAlgorithmicMedia": Content.GENERATED,
    "compositeWithTrainedAlgorithmicMedia": Content.ALTERED | Content.GIVEN,
    "compositeSynthetic": Content.GENERATED | Content.GIVEN,
    "algorithmicMedia": Content.ALGORITHMIC,
    "algorithmicallyEnhanced": Content.ENHANCED | Content.CAPTURED,
    "humanEdits": Content.EDITED | Content.CAPTURED,
    "digitalCapture": Content.CAPTURED,
    "computationalCapture": Content.CAPTURED,
}

_NAMES = "|".join(sorted(_BY_TERM, key=len, reverse=True))
# letters of other fields may follow
_TERM = re.compile(
    rb"cv\.iptc\.org/newscodes/digitalsourcetype/(" + _NAMES.encode("ascii") + rb")"
)  # letters may follow


def find_effect(origin: str) -> Content:
    """Return what an origin adds to what is known of a medium."""
    return _EFFECTS.get(origin, Content.NOTHING)


def find_source_type(content: Content) -> str:
    """Return the name of the IPTC term for a medium; "" where nothing true can be said of it.

    A trained model is named before anything else. A file of unknown source that was not changed gets no term.
    """
    if content & (Content.GENERATED | Content.ALTERED):
        purely = Content.GENERATED in content and not content & FROM_OUTSIDE
        return "trainedAlgorithmicMedia" if purely else "compositeWithTrainedAlgorithmicMedia"
    if content & FROM_OUTSIDE:
        if Content.ENHANCED in content:
            return "algorithmicallyEnhanced"
        if content & (Content.EDITED | Content.ALGORITHMIC):
            return "humanEdits"
        return "" if Content.GIVEN in content else "digitalCapture"
    return "algorithmicMedia" if Content.ALGORITHMIC in content else ""


def read_content(path: Path) -> Content:
    """Return what a file says of its source, wherever it holds an IPTC term; `Content.GIVEN` if it does not say.

    It looks at the first megabyte and the last quarter of one, and parses nothing.
    """
    terms: set[str] = set()
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD)
        file.seek(max(size - _TAIL, len(head)))
        found = _TERM.findall(head) + _TERM.findall(file.read(_TAIL))
        terms = {name.decode("ascii") for name in found}
    content = Content.NOTHING
    for name in terms:
        content |= _BY_TERM[name]
    return content or Content.GIVEN


def add_statement(content: Content, origin: str) -> Content:
    """Return what is known of a file whose user says where it comes from.

    What the file says itself holds. To that a user may only add that a trained model had a part in it.

    Args:
        content: What the file says.
        origin: What the user says, one of `STATED_ORIGINS`; "" for nothing.
    """
    stated = _STATED.get(origin, Content.NOTHING)
    if not stated:
        return content
    if content == Content.GIVEN:
        return stated
    return content | find_effect(origin) if origin in ("generated", "altered") else content


def read_carried_term(provenance: str | None) -> str:
    """Return the address of the IPTC term in the JSON text that a file is to carry, or ""."""
    found = _CARRIED.match(provenance) if provenance is not None else None
    return SOURCE_TYPES + found.group(1) if found is not None else ""


def label_provenance(provenance: str, content: Content) -> str:
    """Return the JSON text that a file is to carry with the IPTC term in it, where there is one."""
    term = find_source_type(content)
    begin = _BASE.match(provenance)
    if not term or begin is None or read_carried_term(provenance):
        return provenance
    return f'{begin.group()}"digital_source_type": "{term}", {provenance[begin.end() :]}'


def find_origin_problems(origin: object, inputs: Collection[str], outputs: Mapping[str, Any]) -> list[str]:
    """Return the mistakes in what a node type declares as its origin.

    Args:
        origin: What it declares.
        inputs: Names of its inputs.
        outputs: Its outputs, by name.
    """
    if origin is None or callable(origin):
        return []
    if isinstance(origin, Mapping):
        known = {*outputs, *(f"{name}.audio" for name, end in outputs.items() if end.spec.name == "video")}
        problems = [f"origin: {name!r} is not an output" for name in origin if name not in known]
        return problems + [problem for one in origin.values() for problem in _find_name_problems(one, inputs)]
    return list(_find_name_problems(origin, ()))


def _find_name_problems(origin: object, inputs: Collection[str]) -> Iterator[str]:
    handed_on = {FROM + name for name in inputs}
    if origin not in ORIGINS and origin not in handed_on:
        yield f"unknown origin {origin!r} (expected one of {', '.join(ORIGINS)})"
