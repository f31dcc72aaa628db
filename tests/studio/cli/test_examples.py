"""The examples at the end of each command's help are lines that the command takes."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from studio.cli.examples import EXAMPLES, format_examples
from studio.cli.main import COMMANDS, studio
from tests.studio.cli.conftest import Desk


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words call, and what is left of them."""
    command: click.Command = studio
    context = click.Context(command)
    while isinstance(command, click.Group) and words and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_is_taken(line: str) -> None:
    found = re.search(r"studio [^)>|\"]*", line) if re.search(r"\$\(|>|\|", line) else None
    program, *words = shlex.split(found[0] if found else line)
    command, rest = find_command(words)

    assert program == "studio"
    if not words:  # `studio --version`
        return
    with (
        command.make_context("studio", rest, allow_interspersed_args=True)
        if not isinstance(command, click.Group)
        else click.Context(command) as context
    ):
        assert context.command is command


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "new"])
def test_the_help_of_a_command_ends_with_its_examples(desk: Desk, name: str) -> None:
    lines = EXAMPLES[name]

    shown = desk.call(name, "--help").out.splitlines()

    assert [line.strip() for line in shown[-len(lines) - 2 : -2]] == list(lines)


def test_a_subcommand_has_examples_of_its_own(desk: Desk) -> None:
    shown = desk.call("batch", "merge", "--help").out.split()

    assert shown[-10:-2] == ["Example:", "studio", "batch", "merge", "part1", "part2", "-o", "all"]
    assert format_examples("batch nothing") == ""
