"""docs/errors.md lists every code once, and no other, and each example there is what the program prints."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.docs.provokers import (
    batches,
    credentials,
    graphs,
    loading,
    marks,
    media,
    networks,
    pictures,
    runs,
    serving,
    sounds,
    videos,
    vision,
)
from tests.docs.provokers.place import PROVOKERS, Place, find_messages

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b[EW][0-9]{3}\b")
MODULES = (
    batches,
    credentials,
    graphs,
    loading,
    marks,
    media,
    networks,
    pictures,
    runs,
    serving,
    sounds,
    videos,
    vision,
)
"""They fill the table of provokers."""
HEAVY = re.compile(r"[EW]61[0-9]|E62[0-9]|E64[89]|E66[89]|E670|E68[0-9]|E69[0-9]|E71[89]")
"""Codes whose provokers load torch and networks."""


def test_every_code_in_the_sources_is_listed_exactly_once() -> None:
    listed = find_listed()
    raised = find_raised()

    assert {code: listed[code] for code in raised} == dict.fromkeys(raised, 1)


def test_no_code_is_listed_that_the_sources_do_not_use() -> None:
    listed = set(find_listed())

    assert listed - find_raised() == set()


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    rows = [line for line in read_page() if CODE.match(line.removeprefix("| "))]

    short = [row for row in rows if len(split_row(row)) != 4]

    assert rows
    assert short == []


def test_every_row_says_more_than_that_there_is_a_hint() -> None:
    rows = [split_row(line) for line in read_page() if CODE.match(line.removeprefix("| "))]

    assert [row[0] for row in rows if row[3] in ("see the hint", "follow the hint")] == []


def test_each_part_names_the_classes_of_its_errors() -> None:
    classes = find_classes()
    parts = re.split(r"^## ", "\n".join(read_page()), flags=re.MULTILINE)

    missing = [
        f"{code}: {name}"
        for part in parts
        for code in re.findall(r"^\| (E[0-9]{3}) \|", part, re.MULTILINE)
        for name in sorted(classes.get(code, ()))
        if f"`{name}`" not in part.partition("\n|")[0]
    ]

    assert len(classes) > 150
    assert missing == []


def test_every_code_that_is_listed_can_be_provoked() -> None:
    assert MODULES
    assert set(PROVOKERS) == set(find_listed())


@pytest.mark.parametrize(
    "code",
    [pytest.param(code, marks=pytest.mark.xdist_group("diffusers") if HEAVY.match(code) else ()) for code in PROVOKERS],
)
def test_each_example_is_what_the_program_prints(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = find_examples()[code]

    messages = find_messages(code, Place(tmp_path, monkeypatch))

    assert messages, f"{code} was not provoked"
    assert any(fits(example, message) for message in messages), f"the page has {example!r}, the program {messages}"


def test_an_example_may_leave_out_parts_and_nothing_else() -> None:
    assert fits("cannot read ...: no", "cannot read 'a': no")
    assert fits("no", "/nodes/a: no")
    assert not fits("cannot read 'b': no", "cannot read 'a': no")
    assert not fits("cannot read", "cannot read 'a'")


def fits(example: str, message: str) -> bool:
    """Tell whether an example is a message; "..." stands for any text, and a place may come before the message."""
    pattern = ".*".join(re.escape(part) for part in example.split("..."))
    return re.fullmatch(f"(?:.*: )?{pattern}", message, re.DOTALL) is not None


def find_listed() -> Counter[str]:
    """Return how often each code begins a row."""
    return Counter(line[2:6] for line in read_page() if CODE.match(line[2:6]) and line.startswith("| "))


def find_examples() -> dict[str, str]:
    """Return the examples of the page, by code."""
    rows = [split_row(line) for line in read_page() if CODE.match(line.removeprefix("| "))]
    return {row[0]: row[2].strip("`").replace(r"\|", "|") for row in rows}


def split_row(line: str) -> list[str]:
    """Return the cells of a row."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line) if cell.strip()]


@cache
def parse_sources() -> list[ast.Module]:
    """Return the sources in which there are codes: to parse all of them takes long."""
    paths = [*(ROOT / "studio").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return [ast.parse(text) for text in texts if CODE.search(text)]


@cache
def find_raised() -> set[str]:
    """Return the codes in the texts of the sources; docstrings only speak of codes, and comments switch off linters."""
    found: set[str] = set()
    for tree in parse_sources():
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in bare]
        found |= {code for text in texts if isinstance(text, str) for code in CODE.findall(text)}
    return found


@cache
def find_classes() -> dict[str, set[str]]:
    """Return the classes that the sources create with each code, as far as the code is a literal there."""
    found: dict[str, set[str]] = {}
    for tree in parse_sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
                literals = [one.value for one in node.args[:1] if isinstance(one, ast.Constant)]
                for code in filter(CODE.fullmatch, map(str, literals)):
                    found.setdefault(code, set()).add(node.func.id)
    return found


def read_page() -> list[str]:
    """Return the lines of docs/errors.md."""
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines()
