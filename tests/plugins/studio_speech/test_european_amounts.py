"""Amounts at their limits, and numbers for networks that know letters alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_speech import reading
from studio_speech.number_words import LANGUAGES
from studio_speech.prepare import prepare
from studio_speech.reading import find_readings, needs_rules, spell_numbers


@pytest.fixture
def languages() -> None:
    pytest.importorskip("num2words", reason="needs num2words")
    pytest.importorskip("babel", reason="needs babel")


@pytest.mark.usefixtures("languages")
@given(text=st.text("0123456789.,:/-–%€$£½ kmhzłIVX\u00a0ºe", max_size=24), language=st.sampled_from(LANGUAGES))
def test_any_text_of_signs_is_read_or_left_alone(text: str, language: str) -> None:
    done = 0
    for start, end, words in find_readings(text, language):
        assert done <= start < end <= len(text)
        assert words.strip()
        done = end


@pytest.mark.usefixtures("languages")
def test_numbers_beyond_names_are_left_to_the_voice() -> None:
    assert find_readings("9.999.999.999.999.999.999 €", "de") == []


@pytest.mark.usefixtures("languages")
def test_numbers_are_written_out_for_networks_without_digits() -> None:
    assert spell_numbers("Am 3,5 von 1.000", "de") == "Am drei Komma fünf von eintausend"
    assert spell_numbers("3 %", "ja") is None


@pytest.mark.usefixtures("languages")
def test_a_language_is_known_by_its_english_name_too() -> None:
    _, utterances = prepare("Es kostet 3,50 €.", "auto", "German", lambda _: None)

    assert [span.spoken for span in utterances[0].spans if span.spoken] == ["drei Euro fünfzig"]


def test_without_the_libraries_a_warning_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "is_available", lambda: False)
    logged: list[str] = []

    prepare("Es kostet 3,50 €, am 3.5.2026 um 14:30 Uhr.", "auto", "de", logged.append)

    assert len(logged) == 1
    assert "pip install 'studio[languages]'" in logged[0]
    assert not needs_rules("Drei Katzen, 4 Hunde.", "de")
    assert not needs_rules("3,50", "en")


@pytest.mark.usefixtures("languages")
def test_libraries_that_come_while_the_process_runs_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as missing:
        missing.setattr(reading, "is_available", lambda: False)
        assert find_readings("3,50 €", "de-be") == []

    assert [words for _, _, words in find_readings("3,50 €", "de-be")] == ["drei Euro fünfzig"]
