"""A subset of SSML (W3C Speech Synthesis Markup Language 1.1), read safely into a script.

Elements: speak, p, s, break, prosody, emphasis, say-as, sub; xml:lang on any of them, and lang. Other elements of the
standard are passed over with a warning, what they hold is said; audio, desc, lexicon, metadata and the like are passed
over whole. Anything else is an error. A document type, an entity of one's own and deep nesting are refused, so a small
text cannot become a large one, and nothing is read from elsewhere.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from xml.parsers import expat

from studio.api import StudioError
from studio_speech.script import Boundary, Delivery, Pause, Script, Span

DEEPEST = 32
LONGEST_BREAK_SECONDS = 60.0

_KNOWN = ("speak", "p", "s", "break", "prosody", "emphasis", "say-as", "sub", "lang")
_SILENT = ("desc", "lexicon", "meta", "metadata", "mark")
_PASSED = ("voice", "phoneme", "audio", "w", "token", "lookup", *_SILENT)
_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.55, "slow": 0.78, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
_RANGES = {"x-low": 0.2, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.9}
_VOLUMES = {
    "silent": -90.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 6.0,
}  # fmt: skip
_EMPHASIS = {
    "strong": Delivery(rate=0.85, pitch=2.0, range=1.5, volume=4.0),
    "moderate": Delivery(rate=0.92, pitch=1.0, range=1.25, volume=2.0),
    "none": Delivery(),
    "reduced": Delivery(rate=1.08, pitch=-0.5, range=0.8, volume=-2.0),
}
_SPELLED = ("characters", "spell-out", "verbatim")
_DIGITS = ("digits", "telephone")
_SAID_AS = (*_SPELLED, *_DIGITS, "cardinal", "ordinal", "number", "date", "time")


def parse_ssml(text: str, warn: Callable[[str], None]) -> Script:
    """Read SSML.

    Args:
        text: The document; its root is speak.
        warn: Called with what is passed over, once for each kind.

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
    parser.EntityDeclHandler = reader.refuse_doctype
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

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take an opening tag."""
        self._check_element(name)
        self._names.append(name)
        delivery = self._deliveries[-1]
        if "xml:lang" in attributes:
            delivery = replace(delivery, language=attributes["xml:lang"].strip().lower().replace("_", "-"))
        if name in _SILENT:
            self._silent += 1
        elif name == "prosody":
            delivery = self._read_prosody(delivery, attributes)
        elif name == "emphasis":
            delivery = _combine(delivery, self._choose(attributes.get("level", "moderate"), _EMPHASIS, "level"))
        elif name == "break":
            self.script.append(Pause(self._read_break(attributes)))
        elif name == "sub":
            self._said.append(("sub", self._require(attributes, "alias", name), ""))
        elif name == "say-as":
            how = self._require(attributes, "interpret-as", name).strip().lower()
            if how not in _SAID_AS:
                self._log(f"say-as does not know {how!r}; the text is read as it stands")
            self._said.append((how, attributes.get("format", "").strip().lower(), ""))
        elif name in ("p", "s"):
            self.script.append(Boundary(paragraph=name == "p"))
        self._deliveries.append(delivery)

    def end(self, name: str) -> None:
        """Take a closing tag."""
        self._names.pop()
        delivery = self._deliveries.pop()
        if name in _SILENT:
            self._silent -= 1
        elif name in ("sub", "say-as"):
            how, detail, text = self._said.pop()
            if text.strip():
                self.script.append(_say_as(how, detail, text, delivery))
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

    def refuse_doctype(self, name: str, *_: object) -> None:
        """Refuse a document type, and with it entities."""
        raise self._refuse(f"a document type or an entity ({name!r}) is not taken", "remove the <!DOCTYPE ...>")

    def pass_over_instruction(self, target: str, _: str) -> None:
        """Pass over an instruction to some other program."""
        self._log(f"the processing instruction {target!r} is passed over")

    def _check_element(self, name: str) -> None:
        if not self._names and name != "speak":
            raise self._refuse(f"SSML begins with <speak>, not with <{name[:40]}>", "put <speak>...</speak> around it")
        if len(self._names) >= DEEPEST:
            raise self._refuse(f"elements nested more than {DEEPEST} deep", "make it flatter")
        if name in _KNOWN and not (self._names and name == "speak"):
            if self._said:
                raise self._refuse(f"<{name}> is inside <{self._names[-1]}>, which takes text alone", "close it before")
            return
        if name not in _PASSED:
            raise self._refuse_unknown(name)
        self._log(f"<{name}> is ignored" + ("" if name in _SILENT else "; its text is spoken"))

    def _refuse_unknown(self, name: str) -> StudioError:
        near = difflib.get_close_matches(name, _KNOWN, 1)
        hint = f"did you mean <{near[0]}>?" if near else f"there are {', '.join(_KNOWN)}"
        return self._refuse(f"unknown SSML element <{name[:40]}>", hint)

    def _read_prosody(self, outer: Delivery, attributes: Mapping[str, str]) -> Delivery:
        inner = Delivery()
        for name, value in attributes.items():
            match name:
                case "rate":
                    inner = replace(inner, rate=self._read_factor(value, _RATES, name, 0.2, 5.0))
                case "range":
                    inner = replace(inner, range=self._read_factor(value, _RANGES, name, 0.0, 4.0))
                case "pitch":
                    inner = replace(inner, pitch=self._read_pitch(value))
                case "volume":
                    inner = replace(inner, volume=self._read_volume(value))
                case "contour" | "duration":
                    self._log(f"prosody's {name} is passed over")
                case "xml:lang":
                    pass
                case _:
                    raise self._refuse(f"unknown prosody attribute {name!r}", "there are rate, pitch, range and volume")
        return _combine(outer, inner)

    def _read_factor(self, text: str, words: Mapping[str, float], name: str, low: float, high: float) -> float:
        """Read a word, a percentage ("80%"; with a sign it is a change), or a plain factor."""
        text = text.strip().lower()
        if text in words:
            return words[text]
        number = self._read_number(text, "%") if text.endswith("%") else self._read_number(text, "") * 100
        factor = (100 + number if text[:1] in "+-" else number) / 100
        if not low <= factor <= high:
            raise self._refuse(f"{name} {text!r} is out of bounds", f"between {low:.0%} and {high:.0%}")
        return factor

    def _read_pitch(self, text: str) -> float:
        text = text.strip().lower()
        if text in _PITCHES:
            return _PITCHES[text]
        if text.endswith("st"):
            shift = self._read_number(text, "st")
        elif text.endswith("%"):
            factor = self._read_number(text, "%") / 100 + (1 if text[:1] in "+-" else 0)
            shift = 12 * math.log2(factor) if factor > 0 else -math.inf
        else:
            raise self._refuse(f"pitch {text!r} is not understood", 'write "+2st", "-10%" or a word such as "high"')
        if not -24 <= shift <= 24:
            raise self._refuse(f"pitch {text!r} is out of bounds", "at most two octaves up or down")
        return shift

    def _read_volume(self, text: str) -> float:
        text = text.strip().lower()
        if text in _VOLUMES:
            return _VOLUMES[text]
        if not text.endswith("db"):
            raise self._refuse(f"volume {text!r} is not understood", 'write "+6dB", or a word such as "soft"')
        gain = self._read_number(text, "db")
        if not -90 <= gain <= 24:
            raise self._refuse(f"volume {text!r} is out of bounds", "between -90dB and +24dB")
        return gain

    def _read_break(self, attributes: Mapping[str, str]) -> float:
        if "time" not in attributes:
            return float(self._choose(attributes.get("strength", "medium"), _BREAKS, "strength"))
        text = attributes["time"].strip().lower()
        seconds = self._read_number(text, "ms") / 1000 if text.endswith("ms") else self._read_number(text, "s")
        if not 0 <= seconds <= LONGEST_BREAK_SECONDS:
            raise self._refuse(f"a break of {text!r} is out of bounds", f"at most {LONGEST_BREAK_SECONDS:g} seconds")
        return seconds

    def _read_number(self, text: str, unit: str) -> float:
        found = re.fullmatch(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))\s*" + re.escape(unit), text)
        if not found:
            raise self._refuse(
                f"invalid number {text!r}" + (f" of {unit}" if unit else ""), f'write "1.5{unit}" or the like'
            )
        return float(found[1])

    def _choose(self, text: str, words: Mapping[str, Any], name: str) -> Any:
        if text.strip().lower() not in words:
            raise self._refuse(f"{name} {text!r} is not known", f"there are {', '.join(words)}")
        return words[text.strip().lower()]

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
    from studio_speech.reading import read_date, read_ordinal

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
    return Span(text, delivery)
