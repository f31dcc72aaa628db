"""A command's output holds its own lines alone: what plugins and nodes print goes to standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

CHATTY = '''
"""A plugin that prints wherever it can."""

import subprocess
import sys
from typing import ClassVar

from studio.api import Context, Packed, ValueType, find_node_types, hookimpl, node

print("printed at import")
subprocess.run([sys.executable, "-c", "print('printed by a program at import')"])


class Word:
    """A word."""

    studio_type: ClassVar[str] = "word"

    def __init__(self, text):
        self.text = text


class WordType(ValueType[Word]):
    """Words."""

    name = "word"
    python = Word
    extensions = ("word",)

    def pack(self, value):
        """Take apart."""
        print("printed by pack")
        return Packed({"text": value.text})

    def unpack(self, packed):
        """Put together."""
        return Word(packed.header["text"])

    def write_file(self, value, path, provenance):
        """Write."""
        print("printed by write_file")
        path.write_text(value.text)


def _check(inputs, find_path):
    print("printed by check")
    return []


@node("chatty.talk", check=_check)
def talk(ctx: Context, text: str) -> Word:
    """Talk.

    Args:
        text: What about.
    """
    print("printed by a node")
    subprocess.run([sys.executable, "-c", "print('printed by a program')"])
    return Word(text)


@hookimpl
def studio_value_types():
    print("printed by a hook")
    return [WordType()]


@hookimpl
def studio_node_types():
    yield from find_node_types(sys.modules[__name__])
    print("printed at the end of a hook")


@hookimpl
def studio_event(event):
    print("printed by an observer")
'''


@pytest.fixture
def chatty(desk: Desk) -> list[str]:
    """A graph whose plugin prints, as arguments."""
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_chatty.py").write_text(CHATTY)
    nodes = {"a": {"type": "chatty.talk", "inputs": {"text": "weather"}}}
    graph = desk.write_graph("graph.json", {"nodes": nodes, "outputs": {"o": {"from": "a"}}})
    return [str(graph), "--plugins-dir", "plugins"]


@pytest.mark.parametrize("command", ["run", "validate", "explain"])
def test_json_stays_json_whatever_a_plugin_prints(desk: Desk, chatty: list[str], command: str) -> None:
    done = desk.call_process(command, *chatty, "--json")

    assert done.code == 0, done.text
    json.loads(done.out)
    assert "printed at import" in done.err
    assert "printed by a program at import" in done.err
    assert "printed at the end of a hook" in done.err


def test_everything_that_a_plugin_prints_in_a_run_is_on_standard_error(desk: Desk, chatty: list[str]) -> None:
    done = desk.call_process("run", *chatty, "--json")

    assert not [line for line in done.out.splitlines() if "printed" in line]
    for place in ("pack", "write_file", "check", "a node", "a program", "a hook", "an observer"):
        assert f"printed by {place}" in done.err, place


def test_listings_are_kept_apart_in_one_process_too(desk: Desk, chatty: list[str]) -> None:
    done = desk.call("nodes", "chatty", "--plugins-dir", "plugins", "--json")

    assert [row["id"] for row in done.json] == ["chatty.talk"]
    assert "printed at import" in done.err


def test_the_output_of_the_process_is_as_before_after_a_command(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.succeed("plugins")

    print("mine")

    assert capsys.readouterr().out == "mine\n"


def test_a_command_that_a_plugin_brings_writes_to_the_output(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    site = desk / "site"
    (site / "choir-1.0.dist-info").mkdir(parents=True)
    (site / "choir-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: choir\nVersion: 1.0\n")
    (site / "choir-1.0.dist-info/entry_points.txt").write_text("[studio]\nchoir = choir\n")
    (site / "choir.py").write_text(CHOIR)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")

    done = desk.call_process("sing")

    assert done.out.splitlines() == ["la", "la from a program"]
    assert "warming up" in done.err


CHOIR = """
import subprocess, sys
from studio.api import hookimpl

print("warming up")

@hookimpl
def studio_commands():
    import click

    @click.command("sing")
    def command():
        print("la", flush=True)
        subprocess.run([sys.executable, "-c", "print('la from a program')"])

    return [command]
"""


def test_a_file_that_is_written_to_the_output_stays_whole(desk: Desk, chatty: list[str]) -> None:
    done = desk.call_process("draw", *chatty, "--format", "mermaid")

    assert done.out.startswith("---\n"), done.text
    assert "printed" not in done.out


CLOSING = """
import sys
from studio.api import Context, hookimpl, node


@node("closing.one")
def one(ctx: Context) -> int:
    \"\"\"Close the streams.\"\"\"
    sys.{name}.close()
    return 1


@hookimpl
def studio_node_types():
    return [one]
"""


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_node_that_closes_a_standard_stream_fails_alone_and_the_message_is_seen(desk: Desk, name: str) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_closing.py").write_text(CLOSING.replace("{name}", name))
    nodes = {"a": {"type": "closing.one"}, "b": {"type": "logic.template", "inputs": {"template": "hello"}}}
    graph = desk.write_graph("graph.json", {"nodes": nodes, "outputs": {"o": {"from": "a"}, "p": {"from": "b"}}})

    done = desk.call_process("run", str(graph), "--plugins-dir", "plugins")

    assert done.code == 3
    assert "the standard streams belong to the whole program" in done.err
    assert done.out.splitlines()[-1].endswith("p.txt")
