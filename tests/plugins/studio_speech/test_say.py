"""A text made ready to be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio.api import ModelError, StudioError
from studio.testing import TestContext
from studio_speech.prepare import prepare
from studio_speech.say import Request, say


def make_request(language: str = "en-us", pitch: float = 0.0) -> Request:
    return Request("", language, 1.0, pitch, 0.0, 0.35, 0.8, 0)


def list_texts(text: str, markup: str = "auto") -> list[str]:
    return [each.text for each in prepare(text, markup, "en-us", lambda _: None)[1]]


def test_markup_is_recognized_by_its_beginning_and_otherwise_taken_as_text() -> None:
    ssml = "<speak>One <break/> two</speak>"

    assert list_texts(f"  {ssml}") == ["One", "two"]
    assert list_texts(f'<?xml version="1.0"?>{ssml}') == ["One", "two"]
    assert list_texts(ssml, "text") == [ssml]
    assert list_texts("speak <speak> up") == ["speak <speak> up"]


def test_the_language_decides_how_numbers_are_read_in_any_spelling() -> None:
    def read(language: str) -> list[str | None]:
        (utterance,) = prepare("In $5 notes.", "auto", language, lambda _: None)[1]
        return [span.spoken for span in utterance.spans if span.spoken]

    assert (
        read(" EN_gb ") == read("English") == read("British English") == read("English (America)") == ["five dollars"]
    )
    assert read("sv") == []


def test_what_is_left_out_is_logged_and_white_space_is_not() -> None:
    logged: list[str] = []

    prepare("One\x00two\x1b.", "auto", "en-us", logged.append)
    prepare("One\ttwo.\r\n", "auto", "en-us", logged.append)

    assert logged == ["control characters and the like are left out of the text"]


@pytest.mark.parametrize(
    ("text", "says"), [("", "the text is empty"), (" \n", "the text is empty"), ("?!", r"'\?!' has no")]
)
def test_nothing_to_say_is_an_error(text: str, says: str) -> None:
    with pytest.raises(StudioError, match=f"E660 {says}"):
        prepare(text, "auto", "en-us", lambda _: None)


def test_a_model_that_does_not_speak_is_refused(ctx: TestContext) -> None:
    lead, utterances = prepare("One.", "auto", "en-us", lambda _: None)

    with pytest.raises(ModelError, match="E667"):
        say(lead, utterances, make_request(), object(), ctx)


def test_each_part_of_a_text_has_the_speaker_that_it_asks_for(ctx: TestContext) -> None:
    def differ(text: str, speaker: str) -> bool:
        said = []
        for words, voice in ((text, ""), ("It rains.", speaker)):
            lead, utterances = prepare(words, "auto", "en-us", ctx.log)
            said.append(say(lead, utterances, replace(make_request(), voice=voice), None, ctx)[0].samples.copy())
        return said[0].shape != said[1].shape or float(np.abs(said[0] - said[1]).max()) > 0.05

    assert differ("It rains.", "m3")
    assert not differ('<speak><voice name="nobody M3">It rains.</voice></speak>', "m3")
