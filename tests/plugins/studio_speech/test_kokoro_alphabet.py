"""The letters of Kokoro."""

from __future__ import annotations

import pytest

from studio_speech.kokoro_alphabet import LETTERS, spell_phonemes

PUBLISHED = {";": 1, "?": 6, "—": 9, " ": 16, "A": 24, "I": 25, "O": 31, "Q": 33, "W": 39, "ᵊ": 42, "a": 43, "f": 48}
PUBLISHED |= {
    "ɖ": 80,
    "ʤ": 82,
    "h": 50,
    "z": 68,
    "ɑ": 69,
    "æ": 72,
    "ɔ": 76,
    "ç": 78,
    "ð": 81,
    "ə": 83,
    "ɛ": 86,
    "ɡ": 92,
    "ɪ": 102,
}
PUBLISHED |= {
    "ŋ": 112,
    "θ": 119,
    "ɹ": 123,
    "ʃ": 131,
    "ʧ": 133,
    "ʊ": 135,
    "ʌ": 138,
    "ʒ": 147,
    "ˈ": 156,
    "ː": 158,
    "ᵻ": 177,
}
"""Some letters of config.json of Kokoro-82M (hexgrad), by number."""


def test_letters_have_the_numbers_that_the_author_published() -> None:
    assert {letter: LETTERS[letter] for letter in PUBLISHED} == PUBLISHED
    assert len(LETTERS) == len(set(LETTERS.values())) == 114


@pytest.mark.parametrize(
    ("language", "phonemes", "letters"),
    [
        ("en-us", "həlˈo͡ʊ", "həlˈO"),
        ("en-us", "wˈɜːld", "wˈɜɹld"),
        ("en-us", "wˈɔːɾɚ", "wˈɔTəɹ"),
        ("en-gb", "hˈə͡ʊm", "hˈQm"),
        ("en-gb", "kˈɑː", "kˈɑː"),
        ("es", "mˈut͡ʃas", "mˈuʧas"),
        ("fr", "ʒə-", "ʒə"),
        ("fr", "(en)wˈɜːk(fr)", "wˈɜːk"),
        ("pt-br", "ʒˈe͡ɪŋt͡ʃy", "ʒˈAŋʧy"),
    ],
)
def test_phonemes_of_espeak_are_spelled_as_kokoro_was_taught(language: str, phonemes: str, letters: str) -> None:
    assert spell_phonemes(phonemes, language) == letters


def test_what_kokoro_has_no_letter_for_is_left_out() -> None:
    assert spell_phonemes("aǀb", "es") == "ab"
