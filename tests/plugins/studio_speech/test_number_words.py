"""Numbers in words: what the library gets wrong is mended, and numbers agree with their nouns."""

from __future__ import annotations

import pytest

from studio_speech.number_words import say_decimal, say_ordinal, say_whole, say_year

pytest.importorskip("num2words", reason="needs num2words")
pytest.importorskip("babel", reason="needs babel")


@pytest.mark.parametrize(
    ("number", "language", "gender", "spoken"),
    [
        (1, "de", "", "eins"),
        (1, "de", "m", "ein"),
        (101, "de", "f", "einhunderteine"),
        (21, "fr", "f", "vingt et une"),
        (71, "fr-be", "", "septante et un"),
        (97, "fr-ch", "", "nonante-sept"),
        (80, "fr", "", "quatre-vingts"),
        (21_000, "es", "", "veintiún mil"),
        (21, "es", "m", "veintiún"),
        (31_000, "es", "", "treinta y un mil"),
        (200, "es", "f", "doscientas"),
        (2_500_000, "it", "", "due milioni cinquecentomila"),
        (1, "it", "f", "una"),
        (2, "pt", "f", "duas"),
        (200, "pt", "f", "duzentas"),
        (10**9, "pt-br", "", "um bilhão"),
        (10**9, "pt", "", "mil milhões"),
        (1, "nl", "m", "een"),
        (101, "nl", "", "honderdeen"),
        (2, "pl", "f", "dwie"),
        (1, "pl", "n", "jedno"),
        (22, "pl", "f", "dwadzieścia dwie"),
    ],
)
def test_a_whole_number_agrees_with_its_noun(number: int, language: str, gender: str, spoken: str) -> None:
    assert say_whole(number, language, gender) == spoken


@pytest.mark.parametrize(
    ("number", "language", "gender", "case", "spoken"),
    [
        (3, "de", "m", "oblique", "dritten"),
        (3, "de", "f", "nominative", "dritte"),
        (1, "fr", "f", "nominative", "première"),
        (11, "es", "f", "nominative", "undécima"),
        (3, "it", "f", "nominative", "terza"),
        (2, "pt", "f", "nominative", "segunda"),
        (3, "pl", "f", "nominative", "trzecia"),
        (2, "pl", "f", "genitive", "drugiej"),
        (21, "pl", "m", "genitive", "dwudziestego pierwszego"),
        (1989, "pl", "m", "locative", "tysiąc dziewięćset osiemdziesiątym dziewiątym"),
    ],
)
def test_ordinals_have_gender_and_case(number: int, language: str, gender: str, case: str, spoken: str) -> None:
    assert say_ordinal(number, language, gender, case) == spoken


def test_digits_behind_the_comma_are_said_as_the_language_does() -> None:
    assert say_decimal("3", "14", "de") == "drei Komma eins vier"
    assert say_decimal("3", "05", "fr") == "trois virgule zéro cinq"
    assert say_decimal("3", "14", "es-mx") == "tres punto catorce"


def test_years_are_said_in_hundreds_in_german_and_dutch() -> None:
    assert say_year(1900, "de") == "neunzehnhundert"
    assert say_year(2005, "de") == "zweitausendfünf"
    assert say_year(1648, "nl") == "zestienhonderdachtenveertig"
