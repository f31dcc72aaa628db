"""docs/errors.md lists every code once, and no other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b[EW][0-9]{3}\b")


def test_every_code_in_the_sources_is_listed_exactly_once() -> None:
    listed = find_listed()
    raised = find_raised()

    assert {code: listed[code] for code in raised} == dict.fromkeys(raised, 1)


def test_no_code_is_listed_that_the_sources_do_not_use() -> None:
    listed = set(find_listed())

    assert listed - find_raised() == set()


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    rows = [line for line in read_page() if CODE.match(line.removeprefix("| "))]

    short = [row for row in rows if len([cell for cell in re.split(r"(?<!\\)\|", row) if cell.strip()]) != 4]

    assert rows
    assert short == []


def find_listed() -> Counter[str]:
    """Return how often each code begins a row."""
    return Counter(line[2:6] for line in read_page() if CODE.match(line[2:6]) and line.startswith("| "))


def find_raised() -> set[str]:
    """Return the codes in the texts of the sources; docstrings only speak of codes, and comments switch off linters."""
    found: set[str] = set()
    for path in [*(ROOT / "studio").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in bare]
        found |= {code for text in texts if isinstance(text, str) for code in CODE.findall(text)}
    return found


def read_page() -> list[str]:
    """Return the lines of docs/errors.md."""
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines()
