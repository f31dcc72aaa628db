"""A run told in lines: JSON for programs with `--events jsonl`, text for people with `--verbose`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.api.events import NodeProgressed, RunStarted
from studio.cli.event_lines import describe_event
from tests.studio.cli.conftest import Desk


@pytest.fixture
def sums(desk: Desk) -> Path:
    """A graph with a node that fails, one that is skipped for it, and two that run."""
    calculate: dict[str, Any] = {"type": "logic.calculate"}
    nodes = {
        "zero": {**calculate, "inputs": {"expression": "0"}},
        "bad": {**calculate, "inputs": {"expression": "1 / a", "a": {"from": "zero"}}},
        "after": {**calculate, "inputs": {"expression": "a + 1", "a": {"from": "bad"}}},
        "good": {**calculate, "inputs": {"expression": "6 * 7"}},
    }
    return desk.write_graph("sums.json", {"nodes": nodes, "outputs": {"x": {"from": "after"}, "y": {"from": "good"}}})


def test_each_event_is_a_line_of_json_and_the_manifest_the_last(desk: Desk, sums: Path) -> None:
    done = desk.call("run", sums, "--events", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]

    assert done.code == 3
    assert [rows[0]["event"], rows[-2]["event"], rows[-1]["event"]] == ["run_started", "run_finished", "result"]
    ends = {row["node"]: row["event"] for row in rows if "node" in row and row["event"] != "node_started"}
    assert ends == {
        "zero": "node_finished", "good": "node_finished", "bad": "node_failed", "after": "node_skipped",
    }  # fmt: skip
    assert [row["error"]["code"] for row in rows if row["event"] == "node_failed"] == ["E322"]
    assert {row["run"] for row in rows[:-1]} == {rows[0]["run"]} == {rows[-1]["data"]["run"]}
    assert (rows[-1]["data"]["status"], rows[-1]["data"]["files"]) == ("partly done", [str(desk / "out/y.json")])


def test_events_are_read_while_the_run_goes_on(desk: Desk) -> None:
    (desk / "plugins").mkdir(exist_ok=True)
    (desk / "plugins/studio_waiting.py").write_text(
        "import time\nfrom pathlib import Path\nfrom studio.api import hookimpl, node\n\n\n"
        "@node('waiting.wait', cache='never')\ndef wait(ctx, path: str) -> bool:\n"
        '    """Wait a minute at most for a file."""\n    end = time.monotonic() + 60\n'
        "    while not Path(path).exists() and time.monotonic() < end:\n        time.sleep(0.01)\n"
        '    print("printed by a node")\n    return Path(path).exists()\n\n\n'
        "@hookimpl\ndef studio_node_types():\n    return [wait]\n",
        encoding="utf-8",
    )
    graph = desk.write_graph(
        "wait.json",
        {
            "nodes": {"wait": {"type": "waiting.wait", "inputs": {"path": str(desk / "read")}}},
            "outputs": {"x": {"from": "wait"}},
        },
    )
    with desk.start("run", graph, "--events", "jsonl", "--plugins-dir", desk / "plugins") as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(2)]
        (desk / "read").touch()
        rest, errors = process.communicate(timeout=120)

    assert [json.loads(line)["event"] for line in first] == ["run_started", "node_started"], errors
    assert (desk / "out/x.json").read_text(encoding="utf-8") == "true\n"
    assert ("printed by a node" in rest, "printed by a node" in errors) == (False, True)
    assert (process.returncode, json.loads(rest.splitlines()[-1])["data"]["status"]) == (0, "done")


def test_the_fields_of_an_event_come_in_order_and_previews_are_left_out() -> None:
    event = NodeProgressed("r", "paint", "style.transfer", 3, 10)

    assert list(describe_event(event).items()) == [
        ("event", "node_progressed"), ("run", "r"), ("node", "paint"), ("node_type", "style.transfer"),
        ("done", 3), ("total", 10),
    ]  # fmt: skip
    assert describe_event(RunStarted("r", 2)) == {"event": "run_started", "run": "r", "nodes": 2}


def test_verbose_has_a_line_for_each_node_that_ends(desk: Desk, sums: Path) -> None:
    first, second = desk.call("run", sums, "-v"), desk.call("run", sums, "--verbose")

    lines = [line for line in first.err.splitlines() if line.startswith("[")]
    assert len(lines) == 4
    assert any(line.endswith("bad (logic.calculate): failed, E322") for line in lines)
    assert any("after (logic.calculate): skipped, " in line for line in lines)
    assert any("good (logic.calculate): ran 0." in line for line in lines)
    assert any("good (logic.calculate): from the cache, " in line for line in second.err.splitlines())
    assert first.out == f"{desk / 'out/y.json'}\n"


@pytest.mark.parametrize(
    "options",
    [("-q", "-v"), ("-q", "--events", "jsonl"), ("-v", "--events", "jsonl"), ("--watch", "--events=jsonl")],
)
def test_options_that_exclude_each_other_are_refused(desk: Desk, sums: Path, options: tuple[str, ...]) -> None:
    done = desk.call("run", sums, *options)

    assert (done.code, "exclude each other" in done.text) == (2, True)
