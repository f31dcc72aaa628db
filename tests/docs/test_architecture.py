"""The page on the architecture: every hop of its walks is a function that exists, and the first walk is short."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
MOST_HOPS = 14


def read_walks() -> dict[str, list[tuple[str, str]]]:
    """Return the hops of each walk, as file and function."""
    part = PAGE.split("## Four walks")[1].split("\n## ")[0]
    walks = {title: body for title, _, body in (text.partition("\n") for text in part.split("\n### ")[1:])}
    return {title: re.findall(r"^\| `([\w/.]+):([\w.]+)` \|", body, re.M) for title, body in walks.items()}


def find_functions(path: Path) -> set[str]:
    """Return the functions of a module, methods as `Class.method`."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return names


@pytest.mark.parametrize("walk", read_walks())
def test_every_hop_is_a_function_that_exists(walk: str) -> None:
    hops = read_walks()[walk]

    assert hops
    assert [hop for hop in hops if hop[1] not in find_functions(ROOT / "studio" / hop[0])] == []


def test_a_value_is_written_after_few_hops_and_visits_no_function_twice() -> None:
    hops = read_walks()["A value from the JSON document to the written file"]

    assert len(read_walks()) == 4
    assert len(set(hops)) == len(hops) <= MOST_HOPS
    assert len({file for file, _ in hops}) == len(hops)
