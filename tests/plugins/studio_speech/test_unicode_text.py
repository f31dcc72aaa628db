"""Letters that look alike sound alike, and what a voice leaves out is told."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.testing import TestContext
from studio_speech.nodes.speaking import say_text
from studio_speech.unicode_text import find_differences, normalize_text


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Ｈｅｌｌｏ １２３", "Hello 123"), ("cafe\u0301", "café"), ("ﬁle", "file"), ("Ⅳ", "4"), ("ⅻ", "12"),
        ("𝐇𝐢", "Hi"), ("①", " 1 "), ("٣٤", "34"), ("१२", "12"), ("㎏", "kg"), ("ｶﾞ", "ガ"), ("ﾊﾟ", "パ"),
        ("\u1112\u1161\u11ab", "한"), ("℃", "°C"), ("№", "No. "), ("m²", "m²"), ("10³", "10³"), ("½", "½"),
        ("ㅋㅋ", "ㅋㅋ"),
        ("A\u030a", "Å"), ("\u212b", "Å"), ("plain", "plain"), ("e\u0323\u0302", "ệ"), ("…", "…"), ("ﻻ", "لا"),
    ],
)  # fmt: skip
def test_text_has_one_form(written: str, form: str) -> None:
    assert normalize_text(written).text == form


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_nothing_that_is_written_gets_lost_and_every_place_is_known(text: str) -> None:
    normalized = normalize_text(text)
    pieces = list(find_differences(text))

    assert "".join(written for written, _ in pieces) == text
    assert "".join(written if form is None else form for written, form in pieces) == normalized.text
    assert len(normalized.places) == len(normalized.text) + 1
    assert list(normalized.places) == sorted(normalized.places)
    assert normalized.places[-1] == len(text)


@pytest.mark.parametrize(
    ("written", "plain", "language"),
    [
        (unicodedata.normalize("NFD", "Déjà vu à la française"), "Déjà vu à la française", "fr"),
        ("１２３", "123", "cmn"), ("２０２４", "2024", "ja"), ("Ｈｅｌｌｏ", "Hello", "en-us"),
        (unicodedata.normalize("NFD", "안녕하세요"), "안녕하세요", "ko"), ("Chapter Ⅳ", "Chapter four", "en-us"),
        ("$１.５M", "one point five million dollars", "en-us"),
    ],
)  # fmt: skip
def test_what_looks_alike_sounds_alike(written: str, plain: str, language: str) -> None:
    ctx = TestContext()
    odd, usual = (say_text(ctx, text, language=language) for text in (written, plain))

    np.testing.assert_array_equal(odd.audio.samples, usual.audio.samples)
    assert odd.marks["sentences"][0]["text"] == written
    assert not ctx.messages


@pytest.mark.parametrize(
    ("text", "language", "lost"),
    [("漢字 hello", "en-us", "漢"), ("これは漢字です", "ja", "漢"), ("hello あ", "en-us", "あ"),
     ("a ✓ b", "en-us", "✓"),
     ("a ^ b", "en-us", "^"), ("hi 𐎠", "en-us", "𐎠")],
)  # fmt: skip
def test_what_a_voice_leaves_out_is_told_once(text: str, language: str, lost: str) -> None:
    ctx = TestContext()

    say_text(ctx, text + ". " + text, language=language)

    told = [message for message in ctx.messages if "leaves out" in message]
    assert len(told) == 1
    assert repr(lost) in told[0]


@pytest.mark.parametrize(
    ("text", "language"),
    [("Grüße, schöne Straße!", "de"), ("Привет, мир", "ru"), ("你好世界", "cmn"),
     ("नमस्ते दुनिया", "hi"), ("مرحبا بالعالم", "ar"),
     ("Déjà vu", "en-us"), ("안녕하세요", "ko"), ("こんにちは", "ja"), ("xin chào các bạn", "vi"),
     ("€5 & 20 °C → ½", "en-us")],
)  # fmt: skip
def test_what_is_said_is_not_warned_of(text: str, language: str) -> None:
    ctx = TestContext()

    say_text(ctx, text, language=language)

    assert not ctx.messages
