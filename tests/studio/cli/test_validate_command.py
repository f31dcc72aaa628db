"""`studio validate`: findings as text and as JSON, without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

WRONG = {
    "nodes": {
        "a": {"type": "image.resise", "inputs": {}},
        "b": {"type": "image.new", "inputs": {"width": 0, "colour": "red"}},
    },
    "outputs": {"a": {"from": "a"}, "c": {"from": "c"}},
}


def test_a_good_graph_has_no_findings(desk: Desk, card: Path) -> None:
    done = desk.call("validate", card)

    assert (done.code, done.out, done.err) == (0, f"{card}: no findings\n", "")


def test_all_findings_are_shown_with_place_and_hint(desk: Desk) -> None:
    done = desk.call("validate", desk.write_graph("g.json", WRONG))

    assert done.code == 2
    assert "error E103 at /nodes/a/type: unknown node type 'image.resise'" in done.out
    assert "did you mean 'image.resize'?" in done.out
    assert "at /nodes/b/inputs/width: " in done.out
    assert "at /nodes/b/inputs/colour: unknown input 'colour'" in done.out
    assert "at /outputs/c/from: unknown node 'c'" in done.out


def test_json_has_the_same_findings(desk: Desk) -> None:
    done = desk.call("validate", desk.write_graph("g.json", WRONG), "--json")

    assert done.code == 2
    (found,) = done.json
    assert (done.answer["ok"], found["valid"]) == (False, False)
    assert {"code", "where", "message", "expected", "found", "hint", "severity", "fix"} == set(found["findings"][0])
    assert len(found["findings"]) >= 4


def test_a_warning_alone_is_valid(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {"nodes": {"a": {"type": "image.new"}, "b": {"type": "image.new"}},
                                        "outputs": {"a": {"from": "a"}}})  # fmt: skip

    done = desk.call("validate", graph)

    assert done.code == 0
    assert "warning W101 at /nodes/b" in done.out


def test_many_graphs_are_checked_and_one_wrong_one_is_enough(desk: Desk, card: Path) -> None:
    wrong = desk.write_graph("g.json", WRONG)

    done = desk.call("validate", card, wrong, "nowhere.json", "--json")

    assert done.code == 2
    assert [row["valid"] for row in done.json] == [True, False, False]
    assert done.json[2]["findings"][0]["code"] == "E120"


def test_a_file_outside_the_graphs_folder_needs_a_root(desk: Desk) -> None:
    desk.write_picture("far/p.png")
    graph = desk.write_graph("g/g.json", {
        "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"file": "../far/p.png"}}}},
        "outputs": {"a": {"from": "a"}},
    })  # fmt: skip

    assert "E130" in desk.call("validate", graph).out
    assert desk.call("validate", graph, "--root", "far").code == 0


def test_a_broken_picture_beside_a_good_graph_does_not_hide_it(desk: Desk, card: Path) -> None:
    (desk / "p.png").write_bytes(b"no picture")

    done = desk.call("validate", "p.png", card)

    assert done.code in (1, 2)
    assert f"{card}: no findings" in done.out
    assert "p.png" in done.text


def test_validating_loads_neither_torch_nor_the_engine_and_writes_nothing(desk: Desk, card: Path) -> None:
    modules = desk.list_modules("validate", card)

    assert not {"torch", "cv2", "studio.execution.run", "sqlite3"} & modules
    assert {path.name for path in desk.folder.iterdir()} == {"card.json", "modules.txt"}
    assert not (desk.folder.parent / "cache").exists()


def test_no_graph_at_all_is_a_usage_error(desk: Desk) -> None:
    assert desk.call("validate").code == 2


def test_findings_quote_what_the_user_wrote_even_if_it_is_odd(desk: Desk) -> None:
    graph = desk.write_graph(
        "g.json", {"nodes": {"a": {"type": "x" * 5000}}, "outputs": {"\x1b[31mred": {"from": "a"}}}
    )

    done = desk.call("validate", graph)

    assert done.code == 2
    assert "\x1b" not in done.out
    assert desk.call("validate", graph, "--json").json[0]["valid"] is False
