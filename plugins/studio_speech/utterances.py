"""`Utterance`: what is said in one breath, a sentence or a piece of one; and how a script is cut into them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from studio_speech.reading import find_readings
from studio_speech.script import Boundary, Script, Span, is_speakable
from studio_speech.sentences import cut_long, find_sentences
from studio_speech.unicode_text import Normalized, find_differences, normalize_text

_WIDE = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts without spaces between words, where every character is a word of its own in marks."""
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+")


@dataclass(frozen=True)
class Utterance:
    """What is said in one breath.

    Attributes:
        spans: What is said, all in one language and by one speaker.
        language: Tag of that language; "" for that of the whole.
        ends_sentence: Whether a sentence ends with it.
        ends_paragraph: Whether a paragraph does.
        pause: Silence asked for after it, in seconds; None for what is usual there.
    """

    spans: tuple[Span, ...]
    language: str = ""
    ends_sentence: bool = True
    ends_paragraph: bool = False
    pause: float | None = None

    @property
    def text(self) -> str:
        """What is written."""
        return "".join(span.text for span in self.spans)

    @property
    def voice(self) -> str:
        """Names of speakers that are asked for; "" for that of the whole."""
        return self.spans[0].delivery.voice


def cut_script(script: Script, language: str) -> tuple[float, list[Utterance]]:
    """Return the silence before the first utterance, in seconds, and the utterances.

    Args:
        script: What is to be said.
        language: Language of what does not name its own.
    """
    cutter = _Cutter(language)
    for item in script:
        if isinstance(item, Span):
            cutter.add_span(item)
        elif isinstance(item, Boundary):
            cutter.add_boundary(item)
        else:
            cutter.add_pause(item.seconds)
    cutter.flush(ends_sentence=True)
    return cutter.lead, cutter.utterances


class _Cutter:
    """Collects spans of one language and speaker, and cuts them into utterances when something else follows."""

    def __init__(self, language: str) -> None:
        self.lead = 0.0
        self.utterances: list[Utterance] = []
        self._language = language
        self._waiting: list[Span] = []

    def add_span(self, span: Span) -> None:
        if self._waiting and _find_speaker(self._waiting[-1]) != _find_speaker(span):
            self.flush(ends_sentence=False)
        self._waiting.append(span)

    def add_boundary(self, boundary: Boundary) -> None:
        self.flush(ends_sentence=True)
        if self.utterances:
            last = self.utterances[-1]
            ends_paragraph = last.ends_paragraph or boundary.paragraph
            self.utterances[-1] = replace(last, ends_sentence=True, ends_paragraph=ends_paragraph)

    def add_pause(self, seconds: float) -> None:
        self.flush(ends_sentence=False)
        if self.utterances:
            last = self.utterances[-1]
            self.utterances[-1] = replace(last, pause=(last.pause or 0.0) + seconds)
        else:
            self.lead += seconds

    def flush(self, ends_sentence: bool) -> None:
        cut = list(_cut_spans(self._waiting, self._language))
        self._waiting.clear()
        if cut and not ends_sentence and not _looks_ended(cut[-1].text):
            cut[-1] = replace(cut[-1], ends_sentence=False)
        self.utterances.extend(cut)


def _find_speaker(span: Span) -> tuple[str, str]:
    return span.delivery.language, span.delivery.voice


def find_words(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends; punctuation that stands alone goes with the word before it."""
    words: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if (words and not is_speakable(match[0])) or (words and not is_speakable(text[words[-1][0] : words[-1][1]])):
            words[-1] = (words[-1][0], match.end())
        else:
            words.append(match.span())
    return words


def _looks_ended(text: str) -> bool:
    return bool(re.search(r"[.!?…。！？؟।][\"'”’»)\]」』]*$", text))


def _cut_spans(spans: list[Span], language: str) -> Iterator[Utterance]:
    """Cut a run of spans at sentences, and long sentences further; a span with words of its own stays whole."""
    text = "".join(span.text for span in spans)
    own = spans[0].delivery.language if spans else ""
    for start, end in find_sentences(_hide_replaced(spans), own or language):
        pieces = cut_long(text, start, end)
        for index, (first, last) in enumerate(pieces):
            part = tuple(_slice_spans(spans, first, last))
            if not any(is_speakable(span.text if span.spoken is None else span.spoken) for span in part):
                continue
            own = part[0].delivery.language
            said = tuple(each for span in part for each in _apply_readings(span, own or language))
            yield Utterance(said, own, ends_sentence=index == len(pieces) - 1)


def _hide_replaced(spans: list[Span]) -> str:
    """Return the text with letters in place of what is replaced, so that no sentence ends inside it."""
    return "".join(span.text if span.spoken is None and not span.spelled else "x" * len(span.text) for span in spans)


def _slice_spans(spans: list[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span.text))
        if first < last:
            yield replace(span, text=span.text[first:last])
        at += len(span.text)


def _apply_readings(span: Span, language: str) -> Iterator[Span]:
    """Cut a span where it is read otherwise than it is written."""
    if span.spoken is not None or span.spelled:
        yield span
        return
    normalized, at = normalize_text(span.text), 0
    for start, end, words in find_readings(normalized.text, language):
        first, last = normalized.places[start], _find_end(normalized, end)
        yield from _apply_form(span, span.text[at:first])
        yield replace(span, text=span.text[first:last], spoken=words)
        at = last
    yield from _apply_form(span, span.text[at:])


def _find_end(normalized: Normalized, end: int) -> int:
    """Return where what is written ends whose form ends here."""
    last = normalized.places[end - 1]
    return next((place for place in normalized.places[end:] if place > last), normalized.places[-1])


def _apply_form(span: Span, text: str) -> Iterator[Span]:
    """Cut a span where its characters are said in another form of Unicode."""
    for written, form in find_differences(text):
        yield replace(span, text=written, spoken=form)
