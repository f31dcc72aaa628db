"""How English is read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_speech.reading import find_readings, read_date, read_number, read_year, spell_numbers


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("on 2026-11-21", "November twenty first, twenty twenty six"),
        ("on 11/21/2026", "November twenty first, twenty twenty six"),
        ("on Nov. 3, 1984", "November third, nineteen eighty four"),
        ("for $5.50 each", "five dollars and fifty cents"),
        ("for £1 each", "one pound"),
        ("for $3 million", "three million dollars"),
        ("the 1990s were", "nineteen nineties"),
        ("in 1905 it", "nineteen oh five"),
        ("10-20 people", "ten to twenty"),
        ("Dr. Who", "Doctor"),
        ("e.g. tea", "for example"),
        ("on Main St. today", "Street"),
        ("in St. Louis", "Saint"),
        ("write ada@example.com", "ada at example dot com"),
        ("see https://example.org/a", "example dot org slash a"),
        ("3/4 cup", "three quarters"),
        ("60 km/h", "sixty kilometers per hour"),
    ],
)
def test_english_is_read_as_one_says_it(written: str, spoken: str) -> None:
    assert spoken in [words.strip() for _, _, words in find_readings(written, "en-us")]


@pytest.mark.parametrize("text", ["2026-13-45", "1-2-3", "a 99/99/2020 b", "version 1.2.3", "in 1984 apples"])
def test_what_only_looks_like_a_date_or_a_year_is_not_read_as_one(text: str) -> None:
    said = " ".join(words for _, _, words in find_readings(text, "en"))

    assert not any(month in said for month in ("January", "nineteen eighty"))


@pytest.mark.parametrize("text", ["F-16", "B2B", "A4", "1-2-3", "x.5y", "$5x", "3.5.x", "12abc34", "$1,23,4"])
def test_a_token_that_no_rule_reads_whole_is_left_alone(text: str) -> None:
    assert find_readings(f"see {text} there", "en") == []


def test_other_languages_are_left_to_the_voice() -> None:
    assert find_readings("Dr. Müller, 2026-11-21", "sv") == []


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


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([
    "$", "€", "1", "23", "4567", ",", ".", "-", "–", "/", ":", " ", "km", "m", "%", "a.m.", "PM", "Jan", "May", "th",
    "st", "x", "½", "²", "\"", "'", "(", ")", "XIV", "IV", "Henry", "No.", "+", "°", "C", "0", "99999999999999999",
    "e", "^", "=", "in ",
]), max_size=12))  # fmt: skip
def test_any_mixture_is_read_in_order_and_whole(parts: list[str]) -> None:
    text = "".join(parts)

    found = find_readings(text, "en-gb")

    assert all(0 <= start < end <= len(text) and words for start, end, words in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert all(start == 0 or not (text[start - 1].isalnum() and text[start].isalnum()) for start, _, _ in found)
    assert all(end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum()) for _, end, _ in found)
