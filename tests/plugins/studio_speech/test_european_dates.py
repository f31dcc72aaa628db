"""Dates and times that do not exist, and what only looks like one, are left to the voice."""

from __future__ import annotations

import pytest

from studio_speech.reading import find_readings, read_date, read_ordinal

pytest.importorskip("num2words", reason="needs num2words")
pytest.importorskip("babel", reason="needs babel")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("31.2.2026", "de"), ("31/13/2026", "fr"), ("25:61", "es"), ("32 de mayo", "es"), ("Version 1.2.3", "de"),
        ("Sie wohnt in Zimmer 12. Er nicht.", "de"), ("IV mil", "es"), ("La XXXXI", "fr"), ("192.168.0.1", "it"),
        ("0123 456789", "nl"), ("xyz", "pl"),
    ],
)  # fmt: skip
def test_what_is_no_date_or_time_is_left_alone(text: str, language: str) -> None:
    assert find_readings(text, language) == []


def test_german_days_are_declined_by_the_word_before() -> None:
    readings = [find_readings(text, "de")[0][2] for text in ("am 3. Mai", "der 3. Mai", "3. Mai", "den 3. Mai")]

    assert readings == ["dritten Mai", "dritte Mai", "dritter Mai", "dritten Mai"]


def test_dates_and_ordinals_of_ssml_are_read_in_the_language() -> None:
    assert read_date("21.11.2026", "dmy", "de") == "einundzwanzigster November zweitausendsechsundzwanzig"
    assert read_date("5/2026", "my", "fr") == "mai deux mille vingt-six"
    assert read_ordinal("3", "it") == "terzo"
