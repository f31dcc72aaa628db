"""SSML: what is read, what is passed over, what is refused."""

from __future__ import annotations

import time

import pytest

from studio.api import StudioError
from studio_speech.script import Boundary, Pause, Script, Span
from studio_speech.ssml import parse_ssml


def parse(text: str) -> tuple[Script, list[str]]:
    warnings: list[str] = []
    return parse_ssml(text, warnings.append), warnings


def test_every_element_of_the_subset_is_read() -> None:
    script, warnings = parse(
        '<?xml version="1.0"?><speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'
        '<p><s>Hi &amp; bye</s></p><break time="250ms"/><break strength="strong"/>'
        '<prosody rate="80%" pitch="+2st" volume="-6dB" range="low">slow</prosody><emphasis>hey</emphasis>'
        '<say-as interpret-as="characters">abc</say-as><say-as interpret-as="digits">12</say-as>'
        '<say-as interpret-as="date" format="dmy">1/2/2020</say-as><say-as interpret-as="ordinal">3</say-as>'
        '<sub alias="World Wide Web Consortium">W3C</sub></speak>'
    )

    spans = {item.text: item for item in script if isinstance(item, Span)}
    assert warnings == []
    assert [item.seconds for item in script if isinstance(item, Pause)] == [0.25, 0.8]
    assert Boundary(paragraph=True) in script
    assert "Hi & bye" in spans
    slow = spans["slow"].delivery
    assert (slow.rate, slow.pitch, slow.volume, slow.range, slow.language) == (0.8, 2.0, -6.0, 0.6, "en-us")
    assert spans["abc"].spelled
    assert spans["12"].spoken == "1 2"
    assert spans["1/2/2020"].spoken == "February first twenty twenty"
    assert spans["3"].spoken == "third"
    assert spans["W3C"].spoken == "World Wide Web Consortium"


def test_nested_prosody_multiplies() -> None:
    script, _ = parse('<speak><prosody rate="50%"><prosody rate="+50%" pitch="high">a</prosody></prosody></speak>')

    (span,) = script
    assert isinstance(span, Span)
    assert (span.delivery.rate, span.delivery.pitch) == (0.75, 3.0)


def test_elements_of_the_standard_beyond_the_subset_are_passed_over_with_a_warning() -> None:
    script, warnings = parse(
        '<speak><voice name="x">a</voice><audio src="file:///etc/passwd">b</audio><desc>c</desc></speak>'
    )

    assert "".join(item.text for item in script if isinstance(item, Span)) == "ab"
    assert len(warnings) == 3


BOMB = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<speak>a<b", "not well-formed"),
        ("<speak>a</speak><speak>b</speak>", "not well-formed"),
        ("<speak>a & b</speak>", "not well-formed"),
        ("<speak>&nosuch;</speak>", "not well-formed"),
        ("<p>a</p>", "begins with <speak>"),
        ("<speak><prosdy>a</prosdy></speak>", "unknown SSML element <prosdy>"),
        ("<speak><speak>a</speak></speak>", "unknown SSML element <speak>"),
        (f'<!DOCTYPE s [<!ENTITY a0 "x">{BOMB}]><speak>&a8;</speak>', "document type"),
        ('<!DOCTYPE s SYSTEM "file:///etc/passwd"><speak>a</speak>', "document type"),
        (f"<speak>{'<p>' * 50}a{'</p>' * 50}</speak>", "nested"),
        ('<speak><break time="1h"/></speak>', "invalid number"),
        ('<speak><break time="90s"/></speak>', "out of bounds"),
        ('<speak><break time="nan"/></speak>', "invalid number"),
        ('<speak><prosody rate="1e9">a</prosody></speak>', "invalid number"),
        ('<speak><prosody rate="0%">a</prosody></speak>', "out of bounds"),
        ('<speak><prosody pitch="100Hz">a</prosody></speak>', "not understood"),
        ('<speak><prosody wit="high">a</prosody></speak>', "unknown prosody attribute 'wit'"),
        ('<speak><emphasis level="huge">a</emphasis></speak>', "not known"),
        ("<speak><sub>a</sub></speak>", "lacks 'alias'"),
        ('<speak><sub alias="x"><break/></sub></speak>', "takes text alone"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse(text)

    assert caught.value.code == "E662"
    assert words in caught.value.message
    assert caught.value.where.startswith("line 1, column")
    assert caught.value.hint


def test_two_hundred_thousand_characters_of_markup_are_read_in_seconds() -> None:
    begin = time.process_time()

    script, _ = parse(f"<speak>{'<s>a</s>' * 24_000}</speak>")

    assert len(script) == 3 * 24_000
    assert time.process_time() - begin < 10
