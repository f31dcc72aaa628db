"""How English is read."""

from __future__ import annotations

import pytest

from studio_speech.reading import find_readings, read_date, read_number, read_year, spell_numbers


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("on 2026-11-21", "November twenty first, twenty twenty six"),
        ("on 11/21/2026", "November twenty first, twenty twenty six"),
        ("on Nov. 3, 1984", "November third, nineteen eighty four"),
        ("for $5.50 each", "5 dollars and 50 cents"),
        ("for £1 each", "1 pound"),
        ("for $3 million", "3 million dollars"),
        ("the 1990s were", "nineteen nineties"),
        ("in 1905 it", "nineteen oh five"),
        ("10-20 people", "10 to 20"),
        ("Dr. Who", "Doctor"),
        ("e.g. tea", "for example"),
        ("on Main St. today", "Street"),
        ("in St. Louis", "Saint"),
        ("write ada@example.com", "ada at example dot com"),
        ("see https://example.org/a", "example dot org slash a"),
        ("3/4 cup", "three quarters"),
        ("60 km/h", "kilometers per hour"),
    ],
)
def test_english_is_read_as_one_says_it(written: str, spoken: str) -> None:
    assert spoken in [words.strip() for _, _, words in find_readings(written, "en-us")]


@pytest.mark.parametrize("text", ["2026-13-45", "1-2-3", "a 99/99/2020 b", "version 1.2.3", "in 1984 apples"])
def test_what_only_looks_like_a_date_or_a_year_is_left_alone(text: str) -> None:
    assert find_readings(text, "en") == []


def test_other_languages_are_left_to_the_voice() -> None:
    assert find_readings("Dr. Müller, 2026-11-21", "de") == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"), (13, "thirteen"), (85, "eighty five"), (101, "one hundred and one"), (-7, "minus seven"),
        (1_234_567, "one million two hundred and thirty four thousand five hundred and sixty seven"),
        (10**15, "one " + " ".join(["zero"] * 15)),
    ],
)  # fmt: skip
def test_numbers_are_written_in_words(number: int, words: str) -> None:
    assert read_number(number) == words


def test_years_and_dates_follow_the_order_that_is_named() -> None:
    assert read_year(1900) == "nineteen hundred"
    assert read_year(2006) == "two thousand and six"
    assert read_date("3/4/2020", "dmy", "en") == "April third twenty twenty"
    assert read_date("31/31/2020", "mdy", "en") is None


def test_text_for_networks_that_know_letters_alone_has_no_digit() -> None:
    text = spell_numbers("At 10:05 the 21st of 1,024 scored -3.5 & 50%.")

    assert text == (
        "At ten oh five the twenty first of one thousand and twenty four scored minus three point five "
        " and  fifty percent."
    )
