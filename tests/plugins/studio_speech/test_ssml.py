"""SSML: what is read, what is passed over, what is refused."""

from __future__ import annotations

import math
import time

import pytest

from studio.api import StudioError
from studio_speech.prepare import prepare
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


@pytest.mark.parametrize(
    ("how", "text", "spoken"),
    [
        ('date" format="yyyymmdd', "20240305", "March fifth twenty twenty four"),
        ("date", "20240305", "March fifth twenty twenty four"),
        ('date" format="mmddyyyy', "03052024", "March fifth twenty twenty four"),
        ('date" format="dmy', "5.3.24", "March fifth twenty twenty four"),
        ('date" format="my', "12/84", "December nineteen eighty four"),
        ("ordinal", "1,000", "one thousandth"),
        ("ordinal", "XIV", "fourteenth"),
        ("cardinal", "XIV", "fourteen"),
        ("time", "1'21\"", "one minute and twenty one seconds"),
        ("time", "2'", "two minutes"),
        ("fraction", "2+1/2", "two and a half"),
    ],
)
def test_say_as_reads_what_other_readers_of_ssml_read(how: str, text: str, spoken: str) -> None:
    script, warnings = parse(f'<speak><say-as interpret-as="{how}">{text}</say-as></speak>')

    (span,) = script
    assert isinstance(span, Span)
    assert span.spoken == spoken
    assert warnings == []


@pytest.mark.parametrize(("how", "text"), [('date" format="mdy', "13/45/2024"), ("date", "soon"), ("ordinal", "many")])
def test_what_say_as_cannot_read_is_warned_of(how: str, text: str) -> None:
    script, warnings = parse(f'<speak><say-as interpret-as="{how}">{text}</say-as></speak>')

    (span,) = script
    assert isinstance(span, Span)
    assert (span.text, span.spoken) == (text, None)
    assert len(warnings) == 1
    assert repr(text) in warnings[0]


def test_metadata_is_ignored_whatever_is_inside() -> None:
    script, warnings = parse(
        '<speak><metadata><x y="z">a</x><speak/><break time="1s"/><desc>b</desc></metadata>said</speak>'
    )

    assert [item.text for item in script if isinstance(item, Span)] == ["said"]
    assert [item for item in script if isinstance(item, Pause)] == []
    assert warnings == ["SSML: <metadata> is ignored"]


def test_nested_prosody_multiplies() -> None:
    script, _ = parse('<speak><prosody rate="50%"><prosody rate="+50%" pitch="high">a</prosody></prosody></speak>')

    (span,) = script
    assert isinstance(span, Span)
    assert (span.delivery.rate, span.delivery.pitch) == (0.75, 3.0)


def test_elements_of_the_standard_beyond_the_subset_are_passed_over_with_a_warning() -> None:
    script, warnings = parse(
        '<speak><phoneme ph="x">a</phoneme><audio src="file:///etc/passwd">b</audio><desc>c</desc></speak>'
    )

    assert "".join(item.text for item in script if isinstance(item, Span)) == "ab"
    assert len(warnings) == 3
    assert "a pronunciation is lost" in warnings[0]


def test_a_mark_a_contour_and_a_duration_say_what_is_lost() -> None:
    _, warnings = parse('<speak><mark name="m"/><prosody contour="(0%,+20Hz)" duration="2s">a</prosody></speak>')

    assert [each.partition("; ")[2] for each in warnings] == [
        "the marks have no place of this name, only the times of all words",
        "the pitch stays even: write pitch for each part",
        "the text takes its usual time: write rate",
    ]


@pytest.mark.parametrize(
    ("attributes", "voice", "language"),
    [
        ('name="Annie f2"', "Annie f2", ""),
        ('gender="female"', "f1", ""),
        ('gender="male" variant="3"', "m3", ""),
        ('gender="female" age="8" languages="en-GB:en de"', "f5", "en-gb"),
        ('name="Annie" gender="female"', "Annie f1", ""),
    ],
)
def test_a_voice_is_asked_for_by_name_gender_and_language(attributes: str, voice: str, language: str) -> None:
    script, warnings = parse(f"<speak>a <voice {attributes}>b <emphasis>c</emphasis></voice></speak>")

    said = [
        (item.text.strip(), item.delivery.voice, item.delivery.language) for item in script if isinstance(item, Span)
    ]
    assert said == [("a", "", ""), ("b", voice, language), ("c", voice, language)]
    assert warnings == []


BOMB = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<speak>a<b", "not well-formed"),
        ("<speak>a</speak><speak>b</speak>", "not well-formed"),
        ("<speak>a & b</speak>", "not well-formed"),
        ("<speak>&nosuch;</speak>", "not well-formed"),
        ('<!DOCTYPE speak SYSTEM "x.dtd"><speak>&nbsp;</speak>', "unknown entity 'nbsp'"),
        ("<p>a</p>", "begins with <speak>"),
        ("<speak><prosdy>a</prosdy></speak>", "unknown SSML element <prosdy>"),
        ("<speak><speak>a</speak></speak>", "<speak> is inside <speak>"),
        (f'<!DOCTYPE s [<!ENTITY a0 "x">{BOMB}]><speak>&a8;</speak>', "document type"),
        ('<!DOCTYPE s SYSTEM "file:///etc/passwd"><speak>a</speak>', "document type"),
        (f"<speak>{'<p>' * 50}a{'</p>' * 50}</speak>", "nested"),
        ('<speak><voice gender="woman">a</voice></speak>', "unknown gender 'woman'"),
        ('<speak><voice age="old">a</voice></speak>', "invalid age 'old'"),
        ('<speak><break time="1h"/></speak>', "invalid number"),
        ('<speak><break time="90s"/></speak>', "out of bounds"),
        ('<speak><break time="nan"/></speak>', "invalid number"),
        ('<speak><prosody rate="1e9">a</prosody></speak>', "invalid number"),
        ('<speak><prosody rate="0%">a</prosody></speak>', "out of bounds"),
        ('<speak><prosody pitch="100">a</prosody></speak>', "invalid"),
        ('<speak><prosody pitch="2Hz">a</prosody></speak>', "out of bounds"),
        ('<speak><prosody rate="3Hz">a</prosody></speak>', "invalid"),
        ('<speak><prosody volume="3st">a</prosody></speak>', "invalid"),
        ('<speak><prosody wit="high">a</prosody></speak>', "unknown prosody attribute 'wit'"),
        ('<speak><emphasis level="huge">a</emphasis></speak>', "unknown level"),
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


@pytest.mark.parametrize(("name", "hint"), [("Prosdy", "did you mean 'prosody'?"), ("zz", "elements are: speak, p,")])
def test_an_unknown_element_leads_to_a_known_one(name: str, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse(f"<speak><{name}>a</{name}></speak>")

    assert caught.value.hint.startswith(hint)


def test_two_hundred_thousand_characters_of_markup_are_read_in_seconds() -> None:
    begin = time.process_time()

    script, _ = parse(f"<speak>{'<s>a</s>' * 24_000}</speak>")

    assert len(script) == 3 * 24_000
    assert time.process_time() - begin < 10


@pytest.mark.parametrize(
    ("attribute", "name", "value"),
    [  # SSML 1.1, 3.2.4; volumes from 0 to 100 are those of SSML 1.0
        ('pitch="+20Hz"', "pitch", 12 * math.log2(122 / 102)), ('pitch="204Hz"', "pitch", 12.0),
        ('pitch="-1.5st"', "pitch", -1.5), ('pitch="+50%"', "pitch", 12 * math.log2(1.5)),
        ('pitch="X-High"', "pitch", 6.0),
        ('pitch="-20.5Hz"', "pitch", 12 * math.log2(81.5 / 102)), ('pitch="default"', "pitch", 0.0),
        ('range="+15Hz"', "range", 1.5), ('range="60Hz"', "range", 2.0), ('range="+12st"', "range", 2.0),
        ('range="-20%"', "range", 0.8), ('range="x-low"', "range", 0.2),
        ('rate="150%"', "rate", 1.5), ('rate="+10%"', "rate", 1.1), ('rate="-25%"', "rate", 0.75),
        ('rate="0.5"', "rate", 0.5),
        ('rate="x-fast"', "rate", 1.7),
        ('volume="50"', "volume", 20 * math.log10(0.5)), ('volume="100"', "volume", 0.0),
        ('volume="0"', "volume", -90.0),
        ('volume="+10"', "volume", 20 * math.log10(1.1)), ('volume="+6dB"', "volume", 6.0),
        ('volume="-3.5dB"', "volume", -3.5),
        ('volume="silent"', "volume", -90.0), ('volume="x-loud"', "volume", 6.0),
    ],
)  # fmt: skip
def test_prosody_takes_the_values_of_the_standard(attribute: str, name: str, value: float) -> None:
    (span,), warnings = parse(f"<speak><prosody {attribute}>a</prosody></speak>")

    assert isinstance(span, Span)
    assert getattr(span.delivery, name) == pytest.approx(value)
    assert not warnings


@pytest.mark.parametrize(
    ("text", "said", "warned"),
    [
        ('<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "http://www.w3.org/TR/speech-synthesis/synthesis.dtd">'
         '<speak version="1.0">a</speak>', "a", ""),
        ("<SPEAK>a<Break Time='1s'/></SPEAK>", "a", "<SPEAK> is taken as <speak>"),
        ('<ssml:speak xmlns:ssml="http://www.w3.org/2001/10/synthesis">a<ssml:break/>b</ssml:speak>', "ab", ""),
        ('<speak xmlns:x="urn:x">a<x:effect name="w">b</x:effect></speak>', "ab", "<x:effect> is ignored"),
        ('<speak><prosody contour="(0%,+20Hz)" duration="2s">a</prosody></speak>', "a", "contour of <prosody> is"),
        ('<speak><phoneme alphabet="ipa" ph="t">a</phoneme><w>b</w></speak>', "ab", "<phoneme> is ignored"),
        ('<speak><mark name="x"/>a<s color="red">b</s></speak>', "ab", "<mark> is ignored"),
        ('<speak startmark="x">a</speak>', "a", "startmark of <speak> is ignored"),
        ("<!-- c --><speak>a<![CDATA[ & b]]></speak>", "a & b", ""),
    ],
)  # fmt: skip
def test_what_the_standard_allows_is_read_or_warned_of(text: str, said: str, warned: str) -> None:
    script, warnings = parse(text)

    assert "".join(item.text for item in script if isinstance(item, Span)) == said
    assert bool(warnings) == bool(warned)
    assert warned in " ".join(warnings)


@pytest.mark.parametrize(
    "text",
    ["<SPEAK>a</SPEAK>", " <speak>a</speak>", "<!DOCTYPE speak><speak>a</speak>", "<!-- c --><speak>a</speak>",
     'a <break time="1s"/>', "<p>a</p>", "<emphasis>a</emphasis>", "<Prosody rate='fast'>a</Prosody>"],
)  # fmt: skip
def test_no_markup_is_read_aloud(text: str) -> None:
    _, utterances = prepare(text, "auto", "en", lambda _: None)

    assert [each.text.strip() for each in utterances] == ["a"]


def test_text_that_only_has_signs_of_less_and_more_is_plain() -> None:
    for text in ("if a < b and c > d", "<3 you", "x<y>z", "speak <speak> up"):
        assert prepare(text, "auto", "de", lambda _: None)[1][0].text == text
