"""Utterances in phonemes, and which phonemes are of which word."""

from __future__ import annotations

from studio_speech.espeak import open_installation
from studio_speech.kokoro_alphabet import TIE
from studio_speech.phonemes import PhonemeWord, write_phonemes
from studio_speech.script import Span
from studio_speech.utterances import Utterance, find_words
from studio_speech.voices import find_voice, read_voices


def write(*spans: Span, language: str = "en-us", unsaid: set[str] | None = None) -> list[PhonemeWord]:
    installation, listed = open_installation()
    voice = find_voice(read_voices(listed), language, lambda _: None).identifier
    return write_phonemes(installation, voice, TIE, Utterance(spans), set() if unsaid is None else unsaid)


def test_each_word_has_its_phonemes_and_the_punctuation_after_it() -> None:
    found = write(Span("Hello world, goodbye."))

    assert [(each.phonemes, each.word, each.after) for each in found] == [
        ("həlˈo͡ʊ", 0, ""),
        ("wˈɜːld", 1, ","),
        ("ɡʊdbˈa͡ɪ", 2, "."),
    ]


def test_words_that_are_run_together_are_taken_apart() -> None:
    found = write(Span("a test of the water"))

    assert [each.word for each in found] == [0, 1, 2, 3, 4]
    assert found[2].phonemes.startswith("ʌv")
    assert found[3].phonemes == "ðə"
    assert found[3].joined


def test_a_number_of_several_words_is_one_word_of_the_text() -> None:
    found = write(Span("I have 42 cats"))

    assert [each.word for each in found] == [0, 1, 2, 3]
    assert "fˈɔː" in found[2].phonemes
    assert "tˈuː" in found[2].phonemes


def test_what_is_said_in_place_of_words_is_of_these_words() -> None:
    spans = Span("It costs "), Span("$5", spoken="five dollars"), Span(" today.")
    text = "It costs $5 today."

    found = write(*spans)

    words = [text[start:end] for start, end in find_words(text)]
    assert [words[each.word] for each in found] == ["It", "costs", "$5", "$5", "today."]


def test_spelled_letters_are_of_one_word() -> None:
    assert {each.word for each in write(Span("abc", spelled=True))} == {0}


def test_characters_that_the_voice_does_not_know_are_reported() -> None:
    unsaid: set[str] = set()

    write(Span("one 龘 two"), unsaid=unsaid)

    assert unsaid == {"龘"}


def test_a_last_word_of_one_letter_is_said_after_a_comma() -> None:
    assert [each.word for each in write(Span("a, b"))] == [0, 1]


def test_each_clause_keeps_its_punctuation() -> None:
    found = write(Span("One! two; (three) four... five"))

    assert [each.after for each in found] == ["!", ";", "", "...", ""]
