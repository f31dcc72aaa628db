"""Which findings are mended, and how: always the one thing that is meant, and never a guess."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from studio.api import Context, Image, Migration, node
from studio.errors import Finding, GraphError
from studio.graph import check_graph, parse_graph, resolve_graph
from studio.graph.fixes import FixableFinding, find_fixes, fix_text
from tests.studio.graph.catalogs import create_catalog


class Parts(NamedTuple):
    """Attributes:
    words: The words.
    number: How many.
    """

    words: str
    number: int


@node("word.repeat", version="2.0", replaces="word.again",
      migrations={1: Migration(inputs={"n": "times"}, outputs={"text": "words"})})  # fmt: skip
def repeat(ctx: Context, text: str, *, times: int = 1, mode: Literal["plain", "loud"] = "plain") -> Parts:
    """Repeat."""
    return Parts(text * times, times)


@node("word.shout")
def shout(ctx: Context, text: str = "", photo: Image | None = None) -> str:
    """Shout."""
    return text.upper()


CATALOG = create_catalog(repeat, shout)
GOOD = {
    "studio": 1,
    "inputs": {"words": {"type": "text", "default": "a"}},
    "nodes": {
        "many": {"type": "word.repeat", "inputs": {"text": {"from": "inputs.words"}, "times": 2, "mode": "loud"}},
        "loud": {"type": "word.shout", "inputs": {"text": {"from": "many.words"}}},
    },
    "outputs": {"text": {"from": "loud"}},
}


def check(folder: Path) -> Callable[[str], list[FixableFinding]]:
    def checked(text: str) -> list[FixableFinding]:
        document = json.loads(text)
        try:
            graph = parse_graph(document, base=folder)
        except GraphError as error:
            return find_fixes(error.findings, document)
        return find_fixes(check_graph(graph, CATALOG), document, resolve_graph(graph, CATALOG))

    return checked


def mend(text: str, folder: Path = Path()) -> tuple[str, list[str], list[str]]:
    """Return the mended text, and the codes of what was mended and of what is left."""
    made = fix_text(text, check(folder))
    return made.text, [row.finding.code for row in made.fixed], [row.finding.code for row in made.left]


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ('"studio": 1, ', "", "E101"),
        ('"nodes"', '"node"', "E102"),
        ('"default"', '"defualt"', "E102"),
        ('"word.shout"', '"word.shuot"', "E103"),
        ('"times"', '"tims"', "E110"),
        ('"many.words"', '"mayn.words"', "E112"),
        ('"inputs.words"', '"inputs.word"', "E112"),
        ('"many.words"', '"many.wrods"', "E113"),
        (": 2,", ': "2",', "E114"),
        ('"loud"}}', '"Loud"}}', "E118"),
        ('"type": "text"', '"type": "txt"', "E131"),
    ],
)
def test_one_mistake_is_mended_and_nothing_else_changes(right: str, wrong: str, code: str) -> None:
    text = json.dumps(GOOD)
    assert right in text

    assert mend(text.replace(right, wrong, 1)) == (text, [code], [])


def test_mistakes_behind_mistakes_are_mended_too() -> None:
    text = json.dumps(GOOD)
    wrong = text.replace('"nodes"', '"noeds"').replace('"word.repeat"', '"word.repaet"').replace('"times"', '"tiems"')

    assert mend(wrong) == (text, ["E102", "E103", "E110"], [])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"many.words"', '"other.words"'),
        ('"times": 2', '"times": 2, "timse": 3'),  # the name that is meant is taken
        ('"times": 2', '"times": 2.5'),
        ('"studio": 1', '"studio": 2'),
        ('"word.shout"', '"paint.shout"'),
        ('"text": {"from": "inputs.words"}, ', ""),
    ],
)
def test_what_may_mean_several_things_stays(right: str, wrong: str) -> None:
    text = json.dumps(GOOD).replace(right, wrong, 1)

    assert mend(text)[:2] == (text, [])
    assert mend(text)[2]


def test_an_edge_never_leads_to_its_own_node() -> None:
    text = json.dumps(GOOD).replace('"many.words"', '"loud1"').replace("loud1", "louds")

    assert mend(text) == (text, [], ["E112"])


def test_another_programs_file_gets_no_version() -> None:
    text = '{"nodes": {"3": {"class_type": "KSampler"}}}'

    assert mend(text) == (text, [], ["E101"])


def test_a_text_that_names_an_existing_image_becomes_a_file(tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    nodes = '{"a": {"type": "word.shout", "inputs": {"photo": "%s"}}}'
    graph = f'{{"studio": 1, "nodes": {nodes}, "outputs": {{"a": {{"from": "a"}}}}}}'

    assert mend(graph % "photo.png", tmp_path)[0] == graph.replace('"%s"', '{"file": "photo.png"}')
    assert mend(graph % "none.png", tmp_path)[1:] == ([], ["E114"])
    assert mend(graph % "../photo.png", tmp_path / "inner")[1:] == ([], ["E114"])


def test_old_names_are_written_as_they_are_read() -> None:
    old = json.dumps(GOOD, indent=2).replace('"word.repeat"', '"word.again"')
    made, fixed, left = mend(old)

    assert (fixed, left) == (["W103"], [])
    assert json.loads(made)["nodes"]["many"] == {**GOOD["nodes"]["many"], "version": "2.0"}  # type: ignore[index]
    assert made.splitlines()[:10] == old.splitlines()[:10]


def test_a_node_without_a_version_that_uses_old_names_gets_those_of_today() -> None:
    old = json.dumps(GOOD).replace('"times"', '"n"').replace("many.words", "many.text")
    made, fixed, left = mend(old)

    assert (fixed, left) == (["W104"], [])
    assert json.loads(made)["nodes"]["many"]["inputs"]["times"] == 2
    assert json.loads(made)["nodes"]["loud"]["inputs"]["text"] == {"from": "many.words"}


def test_a_fix_is_a_json_patch_that_tests_what_it_replaces() -> None:
    found = check(Path())(json.dumps(GOOD).replace('"many.words"', '"mayn.words"'))
    where = "/nodes/loud/inputs/text/from"

    assert [row.to_json()["fix"] for row in found] == [[
        {"op": "test", "path": where, "value": "mayn.words"},
        {"op": "replace", "path": where, "value": "many.words"},
    ]]  # fmt: skip


def test_a_finding_in_another_file_or_with_a_secret_has_no_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Finding("E112", "/nodes/loud/type#/outputs/text/from", "m", alternatives=("loud",))
    secret = Finding("E118", "/nodes/many/inputs/mode", "m", alternatives=("loud",))
    document = json.loads(json.dumps(GOOD).replace('"loud"}}', '"luod"}}'))
    assert find_fixes([secret], document)[0].fix
    monkeypatch.setattr("studio.graph.fixes.redact", lambda text: text.replace("luod", "***"))

    assert [row.fix for row in find_fixes([inner, secret], document)] == [(), ()]
