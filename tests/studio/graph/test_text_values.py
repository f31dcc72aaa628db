"""What a text in a table's cell or behind --set means, by the type of the input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from studio.api import TypeSpec
from studio.api.type_spec import parse_type_name
from studio.graph.text_values import expand_user, is_read_from_file, read_text


def read(text: str, type_name: str, **more: Any) -> Any:
    return read_text(text, TypeSpec(type_name, **more) if more else parse_type_name(type_name))


@pytest.mark.parametrize("text", ["5", "true", "null", '{"a": 1}', " x ", "@home", ""])
def test_text_and_paths_are_taken_as_they_are(text: str) -> None:
    assert read(text, "text") == text
    assert read(text, "path") == text


@pytest.mark.parametrize("text", ["true", "yes", "on", "1", "TRUE", "Yes", " on "])
def test_words_that_mean_true(text: str) -> None:
    assert read(text, "bool") is True


@pytest.mark.parametrize("text", ["false", "no", "off", "0", "OFF", " No "])
def test_words_that_mean_false(text: str) -> None:
    assert read(text, "bool") is False


def test_other_words_at_a_bool_are_left_for_the_binder_to_refuse() -> None:
    assert read("maybe", "bool") == "maybe"
    assert read("null", "bool") is None


def test_a_choice_is_text_unless_a_number_is_among_the_choices() -> None:
    assert read("3", "choice", choices=("1", "3")) == "3"
    assert read("3", "choice", choices=("a", 3)) == 3
    assert read("4", "choice", choices=("a", 3)) == 4
    assert read("null", "choice", choices=("a",)) == "null"
    assert read("null", "choice", choices=("a",), optional=True) is None


def test_a_model_is_a_reference_or_an_object() -> None:
    assert read("builtin:a", "model") == "builtin:a"
    assert read('{"model": "builtin:a", "options": {"n": 1}}', "model") == {"model": "builtin:a", "options": {"n": 1}}
    assert read('["builtin:a"]', "list[model]") == ["builtin:a"]


def test_all_else_is_json_or_stays_text() -> None:
    assert read("1e3", "float") == 1000.0
    assert read("[1, 2]", "list[int]") == [1, 2]
    assert read('{"a": [1]}', "json") == {"a": [1]}
    assert read("plain words", "json") == "plain words"
    assert read("NaN", "float") == "NaN"  # no number of JSON: the binder refuses the word
    assert math.isnan(read('{"a": NaN}', "json")["a"])  # never a text that the binder would take
    assert read("9" * 5000, "int") == "9" * 5000  # longer than Python reads
    assert read("[" * 100_000, "json") == "[" * 100_000


def test_a_medium_is_a_files_name_and_a_list_of_media_a_pattern() -> None:
    assert read("a b.png", "image") == {"file": "a b.png"}
    assert read('{"file": "x"}', "image") == {"file": '{"file": "x"}'}  # a name, whatever it looks like
    assert read("frames/*.png", "list[image]") == {"files": "frames/*.png"}
    assert read('["a.png", "b.png"]', "list[file]") == ["a.png", "b.png"]
    assert read("null", "list[image]") is None
    assert read('[["a.png"]]', "list[list[image]]") == [["a.png"]]
    assert read("frames/*.png", "list[list[image]]") == "frames/*.png"  # a pattern gives one list


def test_a_home_folder_is_filled_in_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert expand_user("~/a.png") == str(tmp_path / "a.png")
    assert expand_user("~nobody-of-that-name/a.png") == "~nobody-of-that-name/a.png"
    assert expand_user("a~b.png") == "a~b.png"
    assert read("~/a.png", "image") == {"file": str(tmp_path / "a.png")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("image", True), ("list[video]", True), ("file", True), ("latent", True)]
    + [(name, False) for name in ("text", "int", "json", "any", "path", "model", "choice", "list[model]")],
)
def test_which_types_are_read_from_files(name: str, expected: bool) -> None:
    assert is_read_from_file(parse_type_name(name)) is expected


def test_a_list_of_whole_numbers_is_frames_or_json() -> None:
    assert read("1001-1005x2", "list[int]") == [1001, 1003, 1005]
    assert read("7", "list[int]") == 7  # as in a graph, where a list is meant
    assert read("7,9", "list[int]") == [7, 9]
    assert read("[3, 1]", "list[int]") == [3, 1]
    assert read("1-2y", "list[int]") == "1-2y"
    assert read("1-3", "text") == "1-3"
    assert read("1-3", "list[text]") == "1-3"
