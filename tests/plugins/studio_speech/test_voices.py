"""Voices found by language and by name."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_speech.nodes.speaking import list_voices, say_text


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
