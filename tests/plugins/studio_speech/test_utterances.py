"""Scripts cut into what is said in one breath."""

from __future__ import annotations

import pytest

from studio_speech.script import Boundary, Delivery, Pause, Script, Span
from studio_speech.utterances import Utterance, cut_script, find_words


def cut(script: Script) -> list[Utterance]:
    return cut_script(script, "en")[1]


def test_each_sentence_is_an_utterance_and_the_last_ends_the_paragraph() -> None:
    said = cut([Span("One. Two!"), Boundary(paragraph=True), Span("Three.")])

    assert [each.text for each in said] == ["One.", "Two!", "Three."]
    assert [each.ends_paragraph for each in said] == [False, True, False]
    assert all(each.ends_sentence for each in said)


def test_a_pause_before_all_is_a_lead_and_later_ones_add_up_behind_what_is_said() -> None:
    lead, said = cut_script([Pause(1.0), Pause(0.5), Span("One"), Pause(2.0), Pause(3.0), Span("two.")], "en")

    assert lead == 1.5
    assert [(each.text, each.pause, each.ends_sentence) for each in said] == [("One", 5.0, False), ("two.", None, True)]


def test_another_language_begins_an_utterance_of_its_own() -> None:
    german = Delivery(language="de")

    said = cut([Span("He said "), Span("guten Tag", german), Span(" to me.")])

    assert [(each.text, each.language) for each in said] == [("He said", ""), ("guten Tag", "de"), ("to me.", "")]
    assert [each.ends_sentence for each in said] == [False, False, True]


def test_spans_of_one_language_are_said_together_with_their_own_deliveries() -> None:
    loud = Delivery(volume=6.0)

    (said,) = cut([Span("Not "), Span("now", loud), Span(", please.")])

    assert [span.text for span in said.spans] == ["Not ", "now", ", please."]
    assert [span.delivery.volume for span in said.spans] == [0.0, 6.0, 0.0]


def test_english_is_read_and_the_written_text_stays() -> None:
    (said,) = cut([Span("It costs $5 today.")])

    assert said.text == "It costs $5 today."
    assert [span.spoken for span in said.spans if span.spoken] == ["five dollars"]
    (swedish,) = cut_script([Span("Det kostar $5 idag.")], "sv")[1]
    assert [span.spoken for span in swedish.spans] == [None]


def test_no_sentence_ends_within_what_is_replaced_or_spelled() -> None:
    replaced = Span("Mr. X. Y", spoken="Mister X")

    assert len(cut([Span("See "), replaced, Span(" now.")])) == 1
    assert len(cut([Span("Spell "), Span("A. B", spelled=True), Span(" now.")])) == 1


def test_a_sentence_that_is_too_long_goes_on_in_the_next_utterance() -> None:
    said = cut([Span("word, " * 100 + "end.")])

    assert len(said) > 1
    assert [each.ends_sentence for each in said] == [False] * (len(said) - 1) + [True]
    assert max(len(each.text) for each in said) <= 400


def test_punctuation_alone_is_not_said() -> None:
    assert cut([Span("... !? -")]) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One, two .", ["One,", "two ."]),
        ("- first", ["- first"]),
        ("日本語 ok", ["日", "本", "語", "ok"]),
        ("", []),
    ],
)
def test_words_are_found_with_the_punctuation_that_goes_with_them(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in find_words(text)] == words
