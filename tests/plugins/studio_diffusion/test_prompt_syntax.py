"""Weights of words as other programs write them."""

from __future__ import annotations

import pytest

from studio_diffusion.prompt_syntax import find_habit, parse_prompt


def read(prompt: str, syntax: str) -> list[tuple[str, float]]:
    return [
        ("BREAK" if piece.breaks else piece.text, round(piece.weight, 6))
        for piece in parse_prompt(prompt, syntax)
        if piece.text or piece.breaks
    ]


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a (red:1.5) sun", [("a ", 1.0), ("red", 1.5), (" sun", 1.0)]),
        ("((red))", [("red", 1.21)]),
        ("((red:1.2) sun:0.5)", [("red", 1.2), (" sun", 0.5)]),
        (r"a \(red\) [sun]", [("a (red) [sun]", 1.0)]),
        ("(red:x) sun)", [("red:x", 1.1), (" sun)", 1.0)]),
        ("(red", [("(red", 1.0)]),
        ("a BREAK b", [("a ", 1.0), ("BREAK", 1.0), (" b", 1.0)]),
        ("", []),
    ],
)
def test_comfyui_sets_numbers_and_multiplies_the_rest(prompt: str, pieces: list[tuple[str, float]]) -> None:
    assert read(prompt, "comfyui") == pieces


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a (red:1.5) sun", [("a ", 1.0), ("red", 1.5), (" sun", 1.0)]),
        ("((red:1.2) sun:0.5)", [("red", 0.6), (" sun", 0.5)]),
        ("[red] [[sun]]", [("red", 0.909091), (" ", 1.0), ("sun", 0.826446)]),
        (r"a \(red\) \[sun\]", [("a (red) [sun]", 1.0)]),
        ("(red", [("red", 1.1)]),
        ("a: (b:c) BREAK d", [("a: ", 1.0), ("b:c", 1.1), (" ", 1.0), ("BREAK", 1.0), (" d", 1.0)]),
        ("BREAKFAST", [("BREAKFAST", 1.0)]),
    ],
)
def test_the_web_ui_multiplies_all_numbers(prompt: str, pieces: list[tuple[str, float]]) -> None:
    assert read(prompt, "webui") == pieces


def test_a_plain_prompt_is_one_piece_and_deep_parentheses_do_no_harm() -> None:
    assert read("(red:1.5)", "plain") == [("(red:1.5)", 1.0)]
    for syntax in ("comfyui", "webui"):
        assert read("(" * 300 + "red" + ")" * 300, syntax)[0][0] == "red"


@pytest.mark.parametrize(
    ("prompt", "habit"),
    [
        ("a (red:1.5) sun", "(red:1.5)"),
        ("a BREAK b", "BREAK"),
        ("<lora:ink:0.8> sun", "<lora:ink:0.8>"),
        ("embedding:ugly", "embedding:ugly"),
        ("a (small) sun at 12:30", ""),
    ],
)
def test_what_another_program_would_not_read_as_text_is_found(prompt: str, habit: str) -> None:
    assert find_habit(prompt) == habit
