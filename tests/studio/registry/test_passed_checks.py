"""What the checks of installed plugins have passed is kept, so that a plugin is not imported to check it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from tests.studio.registry.test_kept_plugins import NAME, Site, is_imported, make_site

NODES = '''
from pathlib import Path
from typing import Annotated
from studio.api import Context, File, Grammar, MediaError, Model, check_inputs, node

def parse(text: str) -> None:
    if text == "wrong":
        raise MediaError("E512", "wrong text")

def check_even(a: int) -> None:
    if a % 2:
        raise MediaError("E512", "an odd number")

def check_text(file: Path) -> None:
    if Path(file).read_text() != "good":
        raise MediaError("E512", "bad text")

def check_weights(inputs, find_path):
    find_path(inputs["model"])
    return []

def find_origin(inputs):
    return "generated" if inputs["a"] > 2 else "edited"

@node("one.even", check=check_inputs(check_even), origin=find_origin)
def even(ctx: Context, a: int = 0, word: Annotated[str, Grammar("a word", parse)] = "x") -> int:
    """Take an even number."""
    return a

@node("one.read", check=check_inputs(check_text))
def read(ctx: Context, file: File) -> int:
    """Read a file."""
    return 1

@node("one.open", check=check_weights)
def use(ctx: Context, model: Model = Model("local:some")) -> int:
    """Use a model."""
    return 1
'''
INIT = """
from studio.api import hookimpl

@hookimpl
def studio_node_types():
    from studio_tried_one import nodes
    return [nodes.even, nodes.read, nodes.use]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for made in make_site(tmp_path, monkeypatch, "editable"):
        (made.folder / "nodes.py").write_text(NODES, encoding="utf-8")
        (made.folder / "__init__.py").write_text(INIT, encoding="utf-8")
        made.load()
        yield made


def find_codes(site: Site, node_type: str, **inputs: Any) -> tuple[list[str], bool]:
    """Validate a node in a process that has imported no plugin; return the findings, and whether it imports one."""
    node = {"type": node_type, "inputs": inputs}
    path = site.cache.parent / "graph.json"
    path.write_text(json.dumps({"studio": 1, "nodes": {"n": node}, "outputs": {"o": {"from": "n"}}}), encoding="utf-8")
    with site.open() as studio:
        return [finding.code for finding in studio.validate(studio.load(path))], is_imported()


def test_literals_that_passed_are_not_checked_again(site: Site) -> None:
    first = find_codes(site, "one.even", a=2, word="good")
    again = find_codes(site, "one.even", a=2, word="good")
    others = [find_codes(site, "one.even", a=4, word="good"), find_codes(site, "one.even", a=2, word="fine")]

    assert (first, again) == (([], True), ([], False))
    assert others == [([], True), ([], True)]


@pytest.mark.parametrize("inputs", [{"a": 3}, {"a": 2, "word": "wrong"}])
def test_what_is_refused_is_refused_each_time(site: Site, inputs: dict[str, Any]) -> None:
    find_codes(site, "one.even", a=2)

    assert [find_codes(site, "one.even", **inputs) for _ in range(2)] == [(["E512"], True)] * 2


def test_values_of_another_type_are_other_values(site: Site) -> None:
    find_codes(site, "one.even", a=0, word="1")

    with site.open() as studio:
        check, parse = (
            studio.registry.node_types["one.even"].check,
            studio.registry.node_types["one.even"].inputs["word"].spec.grammar,
        )
        assert check is not None
        assert parse is not None
        assert list(check({"a": 0, "word": "1"}, lambda _: None)) == []
        assert not is_imported()
        check({"a": False, "word": "1"}, lambda _: None)
        assert is_imported()


def test_an_edit_of_the_plugin_checks_anew(site: Site) -> None:
    find_codes(site, "one.even", a=2)
    find_codes(site, "one.even", a=2)
    path = site.folder / "nodes.py"
    path.write_text(NODES.replace("a % 2", "not a % 2"), encoding="utf-8")

    assert [find_codes(site, "one.even", a=2)[0] for _ in range(2)] == [["E512"], ["E512"]]


def test_what_is_found_of_files_is_not_kept(site: Site) -> None:
    text = site.cache.parent / "text.txt"
    text.write_text("good", encoding="utf-8")
    before = [find_codes(site, "one.read", file="text.txt") for _ in range(2)]
    text.write_text("else", encoding="utf-8")

    assert before == [([], True)] * 2
    assert find_codes(site, "one.read", file="text.txt") == (["E512"], True)


def test_what_is_found_by_looking_for_weights_is_not_kept(site: Site) -> None:
    for _ in range(2):
        with site.open() as studio:
            check = studio.registry.node_types["one.open"].check
            assert check is not None
            check({"model": studio.registry.node_types["one.open"].inputs["model"].default}, lambda _: None)
            assert is_imported()


def test_the_origin_of_results_is_kept(site: Site) -> None:
    for imported in (True, False):
        with site.open() as studio:
            find = studio.registry.node_types["one.even"].content_origin
            assert callable(find)
            assert [find({"a": a, "word": "x"}) for a in (2, 4)] == ["edited", "generated"]
            assert is_imported() is imported


@pytest.mark.parametrize("passed", [3, {}, {"format": 1, "plugins": {NAME: {"code": 1, "passed": 5}}}, None])
def test_a_damaged_file_is_made_again(site: Site, passed: Any) -> None:
    find_codes(site, "one.even", a=2)
    (path,) = (site.cache / "plugins/passed").glob("*.json")
    data = json.dumps(passed).encode()
    digest = blake3(data).hexdigest().encode() if passed is not None else b"0"
    path.write_bytes(digest + b"\n" + data)

    assert [find_codes(site, "one.even", a=2) for _ in range(2)] == [([], True), ([], False)]
