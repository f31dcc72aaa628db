"""How a prompt is read: as plain text, or with weights of words as other programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from studio.api import ModelError

PromptSyntax = Literal["plain", "comfyui", "webui"]
"""Names of the ways to read a prompt."""

READERS = frozenset({"sd", "sdxl"})
"""Families whose prompts can have weights, and whose CLIP can leave layers out."""

BREAK = "BREAK"
"""Word that begins a new part of a prompt."""

_STEP = 1.1  # what a pair of parentheses without a number stands for
_HABITS = re.compile(r"\([^()]{1,500}:\s*\d*\.?\d+\s*\)|\bBREAK\b|<lora:[^<>]{1,200}>|\bembedding:\S+")
_TOKENS = re.compile(r"\\[()\[\]\\]|[(\[)\]]|\bBREAK\b|:\s*[+-]?\d*\.?\d+\s*(?=\))|[^\\()\[\]:B]+|.", re.DOTALL)


@dataclass(frozen=True)
class PromptReading:
    """How the text encoders read a prompt.

    Attributes:
        syntax: "plain", or a way to write weights.
        skip: Layers that are left out at the end of CLIP; None for as many as the model was trained with.
    """

    syntax: str = "plain"
    skip: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether pipelines read prompts so by themselves."""
        return self.syntax == "plain" and not self.skip


PLAIN_READING = PromptReading()
"""Plain text, and all layers that the model was trained with."""


@dataclass(frozen=True)
class Weighted:
    """A piece of a prompt and its weight; `breaks` if a new part begins behind it."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def refuse_reading(title: str, reading: PromptReading) -> ModelError:
    """Return the error for a model whose text encoders do not read prompts so."""
    name, plain = ("prompt_syntax", '"plain"') if reading.syntax != "plain" else ("clip_skip", "null")
    return ModelError(
        "E616",
        f"unsupported {name}: the text encoders of {title} read plain text",
        hint=f"leave {name} at {plain}, or take a model of Stable Diffusion 1, 2 or XL",
    )


def find_habit(prompt: str) -> str:
    """Return what of a prompt another program would not read as text, such as "(red:1.5)"; "" if there is nothing."""
    found = _HABITS.search(prompt)
    return found[0] if found else ""


def parse_prompt(prompt: str, syntax: str) -> list[Weighted]:
    """Return the pieces of a prompt with their weights.

    "comfyui": `(x)` multiplies the weight by 1.1, `(x:1.2)` sets it, `\\(` and `\\)` are parentheses. "webui": `(x)`
    multiplies it by 1.1, `(x:1.2)` by 1.2, `[x]` divides it by 1.1. In both, BREAK begins a new part.
    """
    if syntax == "plain":
        return [Weighted(prompt)]
    return list(_parse_comfyui(prompt) if syntax == "comfyui" else _parse_webui(prompt))


def _parse_comfyui(prompt: str) -> Iterator[Weighted]:
    parts = re.split(rf"\b{BREAK}\b", prompt)
    for at, part in enumerate(parts):
        hidden = part.replace("\\)", "\0\1").replace("\\(", "\0\2")
        for text, weight in _weigh(hidden, 1.0):
            yield Weighted(text.replace("\0\1", ")").replace("\0\2", "("), weight)
        if at < len(parts) - 1:
            yield Weighted("", breaks=True)


def _weigh(text: str, weight: float) -> Iterator[tuple[str, float]]:
    """Weigh a text without recursion: the innermost pair of parentheses decides."""
    waiting = [(text, weight)]
    while waiting:
        text, weight = waiting.pop()
        items: list[tuple[str, float]] = []
        for item, enclosed in _split_parentheses(text):
            items.append(_open_parentheses(item, weight) if enclosed else (item, weight))
        if len(items) == 1 and items[0] == (text, weight):
            yield text, weight
            continue
        waiting += reversed(items)


def _split_parentheses(text: str) -> Iterator[tuple[str, bool]]:
    """Return the pieces of a text outside and inside of the outermost parentheses."""
    begin, depth = 0, 0
    for at, letter in enumerate(text):
        if letter == "(":
            if depth == 0 and at > begin:
                yield text[begin:at], False
                begin = at
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                yield text[begin : at + 1], text[begin] == "("
                begin = at + 1
    if begin < len(text):
        yield text[begin:], False


def _open_parentheses(item: str, weight: float) -> tuple[str, float]:
    inner = item[1:-1]
    head, colon, number = inner.rpartition(":")
    if colon and head:
        try:
            return head, float(number)
        except ValueError:
            pass
    return inner, weight * _STEP


def _parse_webui(prompt: str) -> Iterator[Weighted]:
    pieces: list[list[str | float]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}
    explicit: float | None = None
    for match in _TOKENS.finditer(prompt):
        token = match[0]
        if token in opened:
            opened[token].append(len(pieces))
        elif token in (")", "]"):
            begins = opened["(" if token == ")" else "["]
            if begins:
                _multiply(
                    pieces, begins.pop(), explicit if explicit is not None else _STEP if token == ")" else 1 / _STEP
                )
            else:
                pieces.append([token, 1.0])
            explicit = None
        elif token.startswith(":") and len(token) > 1 and opened["("]:
            explicit = float(token[1:])
        else:
            pieces.append([token[1:] if len(token) == 2 and token[0] == "\\" else token, 1.0])
    for letter, factor in (("(", _STEP), ("[", 1 / _STEP)):
        for begin in opened[letter]:
            _multiply(pieces, begin, factor)
    yield from _merge(pieces)


def _multiply(pieces: list[list[str | float]], begin: int, factor: float) -> None:
    for piece in pieces[begin:]:
        piece[1] = float(piece[1]) * factor


def _merge(pieces: list[list[str | float]]) -> Iterator[Weighted]:
    text, weight = "", 1.0
    for piece, share in pieces:
        if piece == BREAK:
            yield Weighted(text, weight)
            yield Weighted("", breaks=True)
            text = ""
        elif text and share != weight:
            yield Weighted(text, weight)
            text, weight = str(piece), float(share)
        else:
            text, weight = text + str(piece), float(share)
    yield Weighted(text, weight)
