"""A subset of SSML (W3C Speech Synthesis Markup Language 1.1), read safely into a script.

Elements: speak, p, s, break, prosody, emphasis, say-as, sub, voice; xml:lang on any of them, and lang. Other elements
of the standard, and those of other namespaces, are ignored with a warning, and their text is spoken; desc, lexicon,
metadata and the like are ignored whole. Anything else is an error. A document type is never read; one with
declarations, an entity and deep nesting are refused, so a small text cannot become a large one, and nothing is read
from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from xml.parsers import expat

from studio.api import StudioError, suggest
from studio_speech.script import Boundary, Delivery, Pause, Script, Span
from studio_speech.ssml_values import (
    IGNORED_PROSODY,
    PROSODY,
    InvalidValueError,
    read_break,
    read_emphasis,
    read_prosody,
    read_voice,
)

DEEPEST = 32

_KNOWN = ("speak", "p", "s", "break", "prosody", "emphasis", "say-as", "sub", "lang", "voice")
_SILENT = ("desc", "lexicon", "meta", "metadata", "mark")
_PASSED = ("phoneme", "audio", "w", "token", "lookup", *_SILENT)
_INLINE = ("break", "prosody", "emphasis", "say-as", "sub", "lang", "voice", "phoneme", "audio", "mark", "p", "s")
_VOICE_CHOICE = ("required", "ordering", "onvoicefailure")
_LOST = {
    "phoneme": "; its text is spoken as the voice reads it, so a pronunciation is lost: write it with <sub alias>",
    "mark": "; the marks have no place of this name, only the times of all words",
    "audio": "; its text is spoken, and the recording is not played: put them together with audio.concatenate",
    "lexicon": "; its pronunciations are lost: write them with <sub alias>",
}
"""What is lost with an element that is ignored."""
_LOST_ATTRIBUTES = {
    "contour": "; the pitch stays even: write pitch for each part",
    "duration": "; the text takes its usual time: write rate",
}
_NAMESPACE = "http://www.w3.org/2001/10/synthesis"
_ATTRIBUTES = {
    "speak": ("version", "xmlns", "startmark", "endmark", "onlangfailure"), "break": ("time", "strength"),
    "prosody": (*PROSODY, *IGNORED_PROSODY), "emphasis": ("level",), "sub": ("alias",), "lang": ("onlangfailure",),
    "say-as": ("interpret-as", "format", "detail"), "p": (), "s": (),
    "voice": ("name", "gender", "age", "variant", "languages", *_VOICE_CHOICE),
}  # fmt: skip
_SPELLED = ("characters", "spell-out", "verbatim")
_DIGITS = ("digits", "telephone")
_READ = ("cardinal", "number", "currency", "money", "unit", "fraction", "address", "time", "duration", "range", "year")
_SAID_AS = (*_SPELLED, *_DIGITS, *_READ, "ordinal", "date")
_NUMBERED = re.compile(r"\d[\d,]*(?:st|nd|rd|th)")  # an ordinal as it is
_FRAGMENT = re.compile(rf"<(?:{'|'.join(_INLINE)})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_START = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:speak\b|\?xml\b|!doctype\s+speak\b|\w+:speak\b)", re.IGNORECASE | re.DOTALL
)


def looks_like_ssml(text: str) -> bool:
    """Say whether a text begins as an SSML document does."""
    return bool(_START.match(text))


def has_fragments(text: str) -> bool:
    """Say whether a text has SSML's elements in it without the root around them."""
    return bool(_FRAGMENT.search(text))


def parse_ssml(text: str, warn: Callable[[str], None]) -> Script:
    """Read SSML.

    Args:
        text: The document; its root is speak.
        warn: Called with what is ignored, once for each kind.

    Raises:
        StudioError: E662 with line and column if it is not well-formed, not SSML, or holds what is refused.
    """
    reader = _Reader(warn)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add_text
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.EntityDeclHandler = reader.refuse_entity
    parser.SkippedEntityHandler = reader.refuse_entity
    parser.ProcessingInstructionHandler = reader.pass_over_instruction
    reader.parser = parser
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise StudioError(
            "E662",
            f"this SSML is not well-formed: {expat.ErrorString(error.code)}",
            where=f"line {error.lineno}, column {error.offset + 1}",
            hint='write & as &amp; and < as &lt;, and close every element; or say the text with markup "text"',
        ) from None
    return reader.script


class _Reader:
    """What the parser calls back."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.script: Script = []
        self.parser: Any = None
        self._warn = warn
        self._warned: set[str] = set()
        self._names: list[str] = []
        self._deliveries = [Delivery()]
        self._said: list[tuple[str, str, str]] = []  # of sub and say-as: how, alias or format, text so far
        self._silent = 0
        self._prefixes = set[str]()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take an opening tag; what is inside metadata may be anything."""
        if len(self._names) >= DEEPEST:
            raise self._refuse(f"elements nested more than {DEEPEST} deep", "make it flatter")
        if self._silent:
            self._names.append("")
            self._deliveries.append(self._deliveries[-1])
            return
        name = self._read_name(name, attributes)
        attributes = {key.lower(): value for key, value in attributes.items()}
        self._check_element(name)
        self._check_attributes(name, attributes)
        self._names.append(name)
        try:
            self._deliveries.append(self._open(name, attributes))
        except InvalidValueError as error:
            raise self._refuse(error.message, error.hint) from None

    def _open(self, name: str, attributes: Mapping[str, str]) -> Delivery:
        """Do what an element asks for, and return how its content is said."""
        delivery = self._deliveries[-1]
        if "xml:lang" in attributes:
            delivery = replace(delivery, language=attributes["xml:lang"].strip().lower().replace("_", "-"))
        if name in _SILENT:
            self._silent += 1
        elif name == "prosody":
            delivery = _combine(delivery, read_prosody(attributes))
        elif name == "voice":
            delivery = _choose_voice(delivery, attributes)
        elif name == "emphasis":
            delivery = _combine(delivery, read_emphasis(attributes.get("level", "moderate")))
        elif name == "break":
            self.script.append(Pause(read_break(attributes)))
        elif name == "sub":
            self._said.append(("sub", self._require(attributes, "alias", name), ""))
        elif name == "say-as":
            how = self._require(attributes, "interpret-as", name).strip().lower()
            if how not in _SAID_AS:
                self._log(f"say-as does not know {how!r}; the text is read as it stands")
            self._said.append((how, attributes.get("format", "").strip().lower(), ""))
        elif name in ("p", "s"):
            self.script.append(Boundary(paragraph=name == "p"))
        return delivery

    def end(self, name: str) -> None:
        """Take a closing tag."""
        name = self._names.pop()
        delivery = self._deliveries.pop()
        if name in _SILENT:
            self._silent -= 1
        elif name in ("sub", "say-as"):
            how, detail, text = self._said.pop()
            if text.strip():
                span = _say_as(how, detail, text, delivery)
                if how in ("date", "ordinal") and span.spoken is None and not _NUMBERED.fullmatch(span.text):
                    self._log(f"say-as cannot read {span.text[:40]!r} as {how}; the text is read as it stands")
                self.script.append(span)
        elif name in ("p", "s"):
            self.script.append(Boundary(paragraph=name == "p"))

    def add_text(self, text: str) -> None:
        """Take text between tags."""
        if self._silent:
            return
        text = re.sub(r"\s+", " ", text)
        if self._said:
            how, detail, before = self._said[-1]
            self._said[-1] = (how, detail, before + text)
        else:
            self.script.append(Span(text, self._deliveries[-1]))

    def refuse_doctype(self, name: str, system: str | None, public: str | None, has_declarations: bool) -> None:
        """Refuse a document type with declarations of its own; a reference to one elsewhere is not followed."""
        if has_declarations or not name.lower().rpartition(":")[2] == "speak":
            raise self._refuse(f"unsupported document type {name!r}", "remove the <!DOCTYPE ...>")

    def refuse_entity(self, name: str, *_: object) -> None:
        """Refuse an entity that SSML does not define."""
        raise self._refuse(f"unknown entity {name[:40]!r}", "write the character itself, or &#...; with its number")

    def pass_over_instruction(self, target: str, _: str) -> None:
        """Pass over an instruction to some other program."""
        self._log(f"the processing instruction {target!r} is ignored")

    def _check_element(self, name: str) -> None:
        if not self._names and name != "speak":
            raise self._refuse(f"SSML begins with <speak>, not with <{name[:40]}>", "put <speak>...</speak> around it")
        if self._names and name == "speak":
            raise self._refuse("<speak> is inside <speak>", "remove the inner one, or say it as a text of its own")
        if name in _KNOWN:
            if self._said:
                raise self._refuse(f"<{name}> is inside <{self._names[-1]}>, which takes text alone", "close it before")
            return
        if name not in _PASSED and ":" not in name:
            raise self._refuse_unknown(name)
        self._log(f"<{name}> is ignored{_LOST.get(name, '' if name in _SILENT else '; its text is spoken')}")

    def _refuse_unknown(self, name: str) -> StudioError:
        hint = suggest(name, _KNOWN, f"elements are: {', '.join(_KNOWN)}")
        return self._refuse(f"unknown SSML element <{name[:40]}>", hint)

    def _read_name(self, name: str, attributes: Mapping[str, str]) -> str:
        """Return an element's name in lower case, without the prefix that stands for SSML's namespace."""
        for key, value in attributes.items():
            if key.startswith("xmlns:") and value == _NAMESPACE:
                self._prefixes.add(key.removeprefix("xmlns:"))
        prefix, _, rest = name.rpartition(":")
        plain = rest if prefix in self._prefixes else name
        if plain != plain.lower() and plain.lower() in (*_KNOWN, *_PASSED):
            self._log(f"<{plain}> is taken as <{plain.lower()}>: SSML's names are in lower case")
        return plain.lower()

    def _check_attributes(self, name: str, attributes: Mapping[str, str]) -> None:
        """Refuse an attribute that prosody lacks, and warn of others that are ignored."""
        for key in attributes:
            if key.startswith(("xml:", "xmlns", "xsi:")) or name not in _ATTRIBUTES:
                continue
            if name == "prosody" and key not in _ATTRIBUTES[name]:
                raise self._refuse(f"unknown prosody attribute {key!r}", "there are rate, pitch, range and volume")
            if key not in _ATTRIBUTES[name] or key in (
                *IGNORED_PROSODY,
                *_VOICE_CHOICE,
                "startmark",
                "endmark",
                "onlangfailure",
            ):
                self._log(f"the attribute {key} of <{name}> is ignored{_LOST_ATTRIBUTES.get(key, '')}")

    def _require(self, attributes: Mapping[str, str], name: str, element: str) -> str:
        if not attributes.get(name):
            raise self._refuse(f"<{element}> lacks {name!r}", f'write <{element} {name}="...">')
        return attributes[name]

    def _log(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(f"SSML: {message}")

    def _refuse(self, message: str, hint: str) -> StudioError:
        place = f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber + 1}"
        return StudioError("E662", message, where=place, hint=hint)


def _choose_voice(delivery: Delivery, attributes: Mapping[str, str]) -> Delivery:
    """Return a delivery by another speaker, and in the first of the languages that are asked for."""
    languages = attributes.get("languages", "").lower().replace("_", "-").split()
    language = languages[0].partition(":")[0] if languages else delivery.language
    return replace(delivery, voice=read_voice(attributes) or delivery.voice, language=language)


def _combine(outer: Delivery, inner: Delivery) -> Delivery:
    return replace(
        outer,
        rate=outer.rate * inner.rate,
        pitch=outer.pitch + inner.pitch,
        range=outer.range * inner.range,
        volume=outer.volume + inner.volume,
    )


def _say_as(how: str, detail: str, text: str, delivery: Delivery) -> Span:
    """Make the span of a sub or a say-as; what a language's own rules say comes later, from `reading`."""
    from studio_speech.reading import read_date, read_ordinal, read_quantity

    text = text.strip()
    if how == "sub":
        return Span(text, delivery, detail)
    if how in _SPELLED:
        return Span(text, delivery, spelled=True)
    if how in _DIGITS:
        digits = " ".join(letter for letter in text if letter.isalnum() or letter == "+")
        return Span(text, delivery, digits or text)
    if how == "date":
        return Span(text, delivery, read_date(text, detail, delivery.language))
    if how == "ordinal":
        return Span(text, delivery, read_ordinal(text, delivery.language))
    if how == "year" and re.fullmatch(r"\d{4}", text):
        return Span(text, delivery, read_date(text, "y", delivery.language))
    return Span(text, delivery, read_quantity(text, how, delivery.language))
