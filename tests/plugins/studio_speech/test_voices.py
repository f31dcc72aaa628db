"""Voices found by language and by name."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_speech.espeak import open_installation
from studio_speech.language_names import fold_name
from studio_speech.nodes.speaking import list_voices, say_text
from studio_speech.voices import Voice, find_first_speaker, find_voice, read_voices


@pytest.mark.parametrize(
    ("inputs", "hint"),
    [({"language": "germann"}, "'de'"), ({"language": "qq"}, "speech.voices"), ({"language": "qq-us"}, "speech.voices"),
     ({"language": "en-us;rm"}, "'en-us'"), ({"language": "en-banana"}, "speech.voices"), ({"language": "-"}, ""),
     ({"voice": "alicja"}, "'Alicia'"), ({"voice": "../../etc/passwd"}, "speech.voices"),
     ({"voice": "f2+x"}, "'f2'")],
)  # fmt: skip
def test_an_unknown_language_or_voice_names_the_nearest(ctx: TestContext, inputs: Any, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        say_text(ctx, "hi", **inputs)

    assert caught.value.code == "E661"
    assert hint in caught.value.hint


@pytest.mark.parametrize(("language", "taken"), [("en-uk", "en"), ("de-AT", "de"), ("sr_Latn_RS", "sr")])
def test_a_region_or_script_that_is_not_there_is_left_out_and_told(ctx: TestContext, language: str, taken: str) -> None:
    assert say_text(ctx, "hi", language=language).audio.duration > 0.1

    assert ctx.messages == [f"no voice for {language!r}; {taken!r} is used"]


@pytest.fixture(scope="module")
def voices() -> list[Voice]:
    return read_voices(open_installation()[1])


def test_every_voice_is_found_by_its_english_name(voices: list[Voice]) -> None:
    for voice in voices:
        for name in (voice.name, voice.name.upper(), fold_name(voice.name)):
            assert find_voice(voices, name, print).tag == voice.tag
        base = voice.name.partition(" (")[0]
        assert find_voice(voices, base, print).name.startswith(base.partition(" ")[0]), base


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("English", "en-gb"), ("French", "fr-fr"), ("Spanish", "es"), ("Portuguese", "pt"), ("Chinese", "cmn"),
     ("Mandarin", "cmn"), ("Cantonese", "yue"), ("British English", "en-gb"), ("American English", "en-us"),
     ("English (UK)", "en-gb"), ("Brazilian Portuguese", "pt-br"), ("Portuguese (Brazil)", "pt-br"),
     ("Latin American Spanish", "es-419"), ("Mexican Spanish", "es-419"), ("Norwegian", "nb"), ("Maori", "mi"),
     ("Irish", "ga"), ("Armenian", "hy"), ("Vietnamese", "vi"), ("french  (belgium)", "fr-be"), ("Farsi", "fa"),
     ("Swiss French", "fr-ch")],
)  # fmt: skip
def test_a_language_is_found_by_its_usual_names(voices: list[Voice], name: str, identifier: str) -> None:
    said: list[str] = []

    assert find_voice(voices, name, said.append).tag == identifier
    assert not said


def test_a_region_without_a_voice_is_left_out_of_a_name_too(voices: list[Voice]) -> None:
    said: list[str] = []

    assert find_voice(voices, "Austrian German", said.append).tag == "de"
    assert said == ["no voice for 'Austrian German'; 'de' is used"]


def test_an_unknown_language_within_ssml_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError, match="en-us;rm"):
        say_text(ctx, '<speak>one <lang xml:lang="en-us;rm">two</lang></speak>')


def test_voices_are_listed_and_filtered(ctx: TestContext) -> None:
    everything, english = list_voices(ctx).voices, list_voices(ctx, language="en").voices

    assert len(everything["languages"]) > 100
    assert {"f2", "m3", "Alicia"} <= set(everything["speakers"])
    assert {"en-us", "en-gb"} <= {each["language"] for each in english["languages"]}
    assert all(each["name"].startswith("English") for each in english["languages"])
    assert [each["language"] for each in list_voices(ctx, language="German").voices["languages"]] == ["de"]


def test_the_first_speaker_that_there_is_is_taken_and_none_is_logged() -> None:
    logged: list[str] = []

    assert find_first_speaker(["F5", "m3"], "nobody f5 m3", logged.append) == "+F5"
    assert find_first_speaker(["F5", "m3"], "", logged.append) == ""
    assert logged == []
    assert find_first_speaker(["F5", "m3"], "nobody else", logged.append) == ""
    assert "no speaker is named 'nobody' or 'else'" in logged[0]
