"""`Query`: terms, ranges, quotes, and what is wrong with them."""

from __future__ import annotations

import pytest

from studio.errors import UsageError
from studio.provenance.facts import Fact
from studio.provenance.query import parse_query

FACTS = [
    Fact("seed", "seed", 7),
    Fact("caption", "caption", "A black Cat"),
    Fact("node", "words", "image.caption"),
    Fact("text", "words.text", "hello"),
    Fact("model", "paint.model", "builtin:mini"),
    Fact("photo", "photo", {"file": "media/photo.jpg"}),
    Fact("sizes", "sizes", [1.5, [640]]),
    Fact("loud", "loud", True),
]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("seed=7", ["seed"]),
        ("seed=7.0", ["seed"]),
        ("inputs.seed=7", ["seed"]),
        ("seed=1..9", ["seed"]),
        ("seed=7..", ["seed"]),
        ("seed=..-1", None),
        ("seed=8..9", None),
        ("seed!=8", []),
        ("seed!=7", None),
        ("caption~cat", ["caption"]),
        ("caption~dog", None),
        ("caption!~dog", []),
        ("caption='A black Cat'", ["caption"]),
        ("caption=cat", None),
        ('caption~"black cat"', ["caption"]),
        ("node=image.caption words.text=hello", ["words", "words.text"]),
        ("node=image.caption seed=8", None),
        ("model=builtin:mini", ["paint.model"]),
        ("photo=media/photo.jpg", ["photo"]),
        ("sizes=640", ["sizes"]),
        ("sizes=600..700", ["sizes"]),
        ("loud=true", ["loud"]),
        ("loud=1", None),
        ("black", ["caption"]),
    ],
)
def test_all_terms_must_fit(query: str, places: list[str] | None) -> None:
    found = parse_query(query).find(FACTS)

    assert (None if found is None else [fact.place for fact in found]) == places


@pytest.mark.parametrize("query", ["", "  ", "=7", "~cat", "'open", "seed=9..1"])
def test_an_invalid_query_is_refused(query: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(query)

    assert caught.value.code == "E024"


@pytest.mark.parametrize("value", [float("nan"), 10**400, -(10**400), float("inf"), [[[[]]]], {}, None, "\ud800"])
def test_strange_values_fit_nothing_and_break_nothing(value: object) -> None:
    assert parse_query("seed=1..9 seed~x").find([Fact("seed", "seed", value)]) is None
