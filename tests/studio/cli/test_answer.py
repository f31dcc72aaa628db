"""With `--json` every command answers in one form; the warnings are in it, and nothing else is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from fake_models import write_weights

from studio.cli.main import studio
from studio.version import VERSION
from tests.docs.json_answers import WITHOUT_KEYS, find_differences, read_page
from tests.studio.cli.conftest import Desk

KEYS = ["studio", "command", "ok", "data", "warnings", "error"]

LINES = {
    "run": "run card.json --only shout",
    "batch run": "batch card.json --product width=40,50 --only shout --workers 0 --no-gallery -o many",
    "batch status": "batch status cards",
    "batch export": "batch export cards",
    "batch merge": "batch merge cards -o merged",
    "gallery": "gallery cards",
    "serve": "serve --graphs nosuch --data data",
    "mcp": "mcp --graphs nosuch --data tools",
    "skills install": "skills install skills",
    "skills list": "skills list",
    "serve token add": "serve token add ada --data data",
    "serve token list": "serve token list --data data",
    "serve token remove": "serve token remove ada --data data",
    "validate": "validate card.json",
    "migrate": "migrate card.json --dry-run",
    "explain": "explain card.json",
    "rerun": "rerun cards/picture.png -o again",
    "verify": "verify cards --tree --show --detect",
    "credentials init": "credentials init Ada",
    "credentials show": "credentials show",
    "credentials import": "credentials import nosuch.pem nosuch.pem",
    "credentials trust": "credentials trust nosuch.pem",
    "diff": "diff card.json card.json",
    "find": "find width=40 cards",
    "draw": "draw card.json",
    "import": "import card.json -o imported.json",
    "new graph": "new graph first.json",
    "new plugin": "new plugin tint_tools",
    "nodes": "nodes image",
    "plugins": "plugins",
    "plugins show": "plugins show image",
    "plugins check": "plugins check nonsense",
    "plugins disable": "plugins disable image",
    "plugins enable": "plugins enable image",
    "models list": "models list",
    "models show": "models show nonsense",
    "models plan": "models plan nonsense",
    "models add": "models add mine nosuch.safetensors",
    "models pull": "models pull nonsense",
    "models search": "models search nothing",
    "models get": "models get nonsense --yes",
    "models export": "models export nonsense folder",
    "models verify": "models verify nonsense",
    "models write-digests": "models write-digests nosuch",
    "models list-digests": "models list-digests nosuch",
    "models remove": "models remove local:mine",
    "schema": "schema",
    "cache stats": "cache stats",
    "cache prune": "cache prune",
    "cache verify": "cache verify",
    "cache clear": "cache clear --yes",
    "config show": "config show",
    "config path": "config path",
    "doctor": "doctor",
    "completion": "completion bash",
    "version": "version",
    "help": "help batch run",
    "man": "man batch run",
}
"""A line for each command; some end with an error, which has the same form."""


def list_commands(group: click.Group, words: str = "") -> Iterator[str]:
    """Yield the words that call each command; a group that does something of its own counts too."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{words} {name}".strip()
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{words} {name}".strip())


@pytest.fixture
def cards(desk: Desk, card: Path) -> Desk:
    """A folder with a graph, and with a batch that was run."""
    assert desk.call("batch", card, "--repeat", "1", "--name", "{output}", "--workers", "0", "-o", "cards").code == 0
    return desk


MORE_LINES = {
    "batch run --check": "batch card.json --product width=40,50 --check -o more",
    "batch run --estimate": "batch card.json --product width=40,50 --estimate -o more",
    "batch run": "batch bad.json --repeat 1 --workers 0 --no-gallery -o bad",
    "validate": "validate bad.json broken.json --fix",
    "explain": "explain card.json --set width=41",
    "verify": "verify cards --replay 1",
    "diff": "diff cards many",
    "find": "find width=32 cards",
    "import": "import document.json -o imported.json",
    "models add": "models add mine mine.safetensors",
    "models list": "models list",
    "models show": "models show local:mine",
    "models plan": "models plan builtin:mini --vram 24GB",
    "models verify": "models verify local:mine",
    "models search": "models search speech",
    "models remove": "models remove local:mine",
    "nodes": "nodes image.blur",
}
"""Lines for answers that those above do not show: of models, of errors, and with options."""


def test_there_is_a_line_for_every_command() -> None:
    assert set(list_commands(studio)) == set(LINES)
    assert set(LINES) <= set(read_page())


@pytest.mark.parametrize("command", LINES)
def test_every_command_answers_in_one_form(cards: Desk, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if command == "plugins enable":
        cards.call("plugins", "disable", "image")
    monkeypatch.setenv("STUDIO_DEVISE", "cpu")

    done = cards.call(*LINES[command].split(), "--json")

    assert list(done.answer) == KEYS, done.text
    assert (done.answer["studio"], done.answer["command"]) == (VERSION, command)
    assert done.answer["ok"] is (done.code == 0)
    assert (done.answer["error"] is None) is (done.answer["data"] is not None)
    assert "unknown setting STUDIO_DEVISE; did you mean 'STUDIO_DEVICE'?" in done.answer["warnings"] or (
        command == "doctor" or done.answer["error"]["code"] == "E027"  # nothing of the line was understood
    )
    assert done.err == ""
    if command not in WITHOUT_KEYS and done.json is not None:
        assert find_differences(read_page()[command], done.json) == []


def test_the_page_of_answers_has_the_keys_of_longer_answers(cards: Desk) -> None:
    write_weights(cards / "mine.safetensors")
    document = {"1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}}, "2": {"class_type": "Sing"}}
    (cards / "document.json").write_text(json.dumps(document))
    cards.write_graph("broken.json", {"nodes": {"a": {"type": "image.blurr"}}, "outputs": {"x": {"from": "b"}}})
    cards.write_graph("bad.json", {
        "inputs": {"seed": {"type": "int", "default": 0}},
        "nodes": {"a": {"type": "logic.calculate", "inputs": {"expression": "1 / a", "a": {"from": "inputs.seed"}}}},
        "outputs": {"x": {"from": "a"}},
    })  # fmt: skip
    cards.call("batch", "card.json", "--repeat", "1", "--set", "width=64", "--name", "{output}", "-o", "many")
    page = read_page()

    for command, line in MORE_LINES.items():
        done = cards.call(*line.split(), "--json")

        assert done.json, (command, done.text)
        assert find_differences(page[command], done.json) == [], command


@pytest.mark.parametrize(
    "line", ["nodse", "nodes --jsn", "run", "run a b", "models lst", "run x --timeout soon", "--no"]
)
def test_a_wrong_line_is_answered_in_the_same_form(desk: Desk, line: str) -> None:
    done = desk.call(*line.split(), "--json")

    assert (done.code, done.err, list(done.answer)) == (2, "", KEYS)
    assert (done.answer["ok"], done.answer["error"]["code"]) == (False, "E027")
    assert done.answer["error"]["hint"]


def test_the_option_may_stand_before_the_command(desk: Desk) -> None:
    assert desk.call("--json", "config", "path").json == desk.call("config", "path", "--json").json


def test_an_argument_after_two_dashes_is_none(desk: Desk) -> None:
    assert desk.call("run", "--", "--json").err.startswith("error: E120")


def test_a_run_that_fails_has_its_manifest_and_is_not_ok(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {
        "nodes": {
            "zero": {"type": "logic.calculate", "inputs": {"expression": "1 - 1"}},
            "a": {"type": "logic.calculate", "inputs": {"expression": "1 / a", "a": {"from": "zero"}}},
        },
        "outputs": {"x": {"from": "a"}},
    })  # fmt: skip

    done = desk.call("run", graph, "--json")

    assert (done.code, done.answer["ok"], done.answer["error"]) == (1, False, None)
    assert (done.json["status"], done.json["errors"][0]["code"]) == ("failed", "E322")


def test_a_wrong_graph_is_an_error_with_all_findings(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {"nodes": {"a": {"type": "no.thing"}}, "outputs": {"x": {"from": "b"}}})

    error = desk.call("run", graph, "--json").answer["error"]

    assert (error["code"], error["graph"]) == ("E103", str(graph))
    assert {finding["code"] for finding in error["findings"]} >= {"E103", "E112"}


def test_a_bug_of_ours_is_answered_too(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("studio.cli.config_command.find_config", lambda: 1 / 0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    done = desk.call("config", "path", "--json")

    assert (done.code, done.answer["error"]["code"]) == (70, "E999")
    assert "report it with" in done.answer["error"]["hint"]


def test_a_refusal_is_answered_and_the_question_is_not_part_of_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **more: (_ for _ in ()).throw(click.Abort()))

    done = desk.call("cache", "clear", "--json")

    assert (done.code, done.answer["error"]["code"]) == (130, "cancelled")


def test_the_last_line_of_events_is_the_answer(desk: Desk) -> None:
    done = desk.call("run", "nosuch.json", "--events", "jsonl")

    last = json.loads(done.out.splitlines()[-1])
    assert list(last) == ["event", *KEYS]
    assert (last["event"], last["error"]["code"], done.code) == ("result", "E120", 2)
