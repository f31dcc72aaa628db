"""Names that an unknown one is probably meant for."""

from __future__ import annotations

from pathlib import Path

from studio.suggestion import find_nearest, join_words, list_nearest, suggest

ROOT = Path(__file__).parents[2]


def test_the_nearest_name_is_suggested() -> None:
    assert suggest("widht", ["height", "width"]) == "did you mean 'width'?"


def test_without_a_near_name_the_other_hint_is_given() -> None:
    assert suggest("zzz", ["width", "height"]) == ""
    assert suggest("zzz", ["width"], "sizes are: width") == "sizes are: width"
    assert suggest("zzz", []) == ""


def test_capitals_do_not_count_and_the_known_spelling_is_returned() -> None:
    assert find_nearest("GERMN", ["English", "German"]) == "German"
    assert find_nearest("QQQ", ["English", "German"]) is None


def test_near_names_are_listed_from_the_nearest() -> None:
    known = ["blue", "blurry", "blur", "green"]

    assert list_nearest("blur", known) == ["blur", "blurry", "blue"]
    assert list_nearest("blur", known, 1) == ["blur"]


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [join_words([]), join_words(["a"]), join_words(["a", "b"])] == ["", "a", "a or b"]
    assert join_words(["a", "b", "c"], "and") == "a, b and c"


def test_near_names_are_found_in_one_place() -> None:
    sources = [path for folder in ("studio", "plugins") for path in (ROOT / folder).rglob("*.py")]
    own = [str(path) for path in sources if "get_close_matches" in path.read_text("utf-8")]

    assert own in ([], [str(ROOT / "studio" / "suggestion.py")])
