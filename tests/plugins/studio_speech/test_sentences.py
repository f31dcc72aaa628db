"""Where sentences end, and what is read otherwise than it is written."""

from __future__ import annotations

import pytest

from studio_speech.sentences import LONGEST_SENTENCE, cut_long, find_sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in find_sentences(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rains.", "The sun rose!", "Did it?", "Yes…"],
        ["Dr. Smith met Mr. J. R. Jones at 10 a.m. in St. Louis.", "They talked."],
        ["It costs 3.50 dollars, i.e. less than 1,000.25.", "Go to https://example.org/a.b?c=1.", "Done."],
        ['"Why?" she said.', '"Because."', "(It was so.)", "Then he left."],
        ["We met etc.", "Then we left."],
        ["We sat in the sun.", "It was on Nov. 21, in the sea.", "Gen. Lee went to the p. m.", "No."],
        ["See fig. 3 and No. 5.", "It has no.", "That is all."],
        ["Am 3. Mai war es z.B. warm.", "Danach nicht."],
        ["你好世界。", "再见！", "真的吗？"],
        ["これは本です。", "「はい。」", "と言った。"],
        ["यह एक है।", "यह दो है।"],
        ["هل هذا؟", "نعم."],
        ["I saw the U.S. flag.", "It was in 2.0 again."],
    ],
)
def test_sentences_are_found_as_a_reader_would(sentences: list[str]) -> None:
    wide = any(letter > "\u2e80" for letter in sentences[0])

    assert cut(("" if wide else " ").join(sentences)) == sentences


def test_a_long_sentence_is_cut_at_a_comma_and_a_long_word_anywhere() -> None:
    text = "one, two three " * 60 + "x" * 1000

    pieces = [text[start:end] for start, end in cut_long(text, 0, len(text))]

    assert max(map(len, pieces)) <= LONGEST_SENTENCE
    assert pieces[0].endswith(",")
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("Der 2. Platz ist frei. Gut.", "de", 2),
        ("Das ist z. B. Bremen.", "de", 1),
        ("Es war im 19. Jahrhundert.", "de", 1),
        ("Es sind 12. Gut.", "de", 2),
        ("El Sr. García vino. Bien.", "es", 2),
        ("John Smith Sr. He came.", "en", 2),
        ("O Dr. Silva veio.", "pt", 1),
    ],
)
def test_points_of_a_language_end_no_sentence(text: str, language: str, count: int) -> None:
    assert len(find_sentences(text, language)) == count
