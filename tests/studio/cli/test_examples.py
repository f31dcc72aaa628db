"""The examples at the end of each command's help are lines that the command takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from studio.cli.examples import EXAMPLES, format_examples
from studio.cli.main import studio
from tests.studio.cli.conftest import Desk


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words call, and what is left of them."""
    command: click.Command = studio
    context = click.Context(command)
    while isinstance(command, click.Group) and words and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_is_taken(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.safetensors").touch()
    found = re.search(r"studio [^)>|\"]*", line) if re.search(r"\$\(|>|\|", line) else None
    program, *words = shlex.split(found[0] if found else line)
    command, rest = find_command(words)

    assert program == "studio"
    if not words:  # `studio --version`
        return
    with (
        command.make_context("studio", rest, allow_interspersed_args=True, **studio.context_settings)
        if not isinstance(command, click.Group)
        else click.Context(command) as context
    ):
        assert context.command is command


def list_words(command: click.Command, words: str = "") -> Iterator[str]:
    """Return the words that call a command and each command in it, without "studio"."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from list_words(found, f"{words} {name}".strip())


@pytest.mark.parametrize("words", [words for words in list_words(studio) if words != "batch run"])
def test_the_help_of_a_command_ends_with_its_examples(desk: Desk, words: str) -> None:
    lines = EXAMPLES[words]

    shown = desk.call(*words.split(), "--help").out.rstrip().split("\n\n")

    assert shown[-1].strip().startswith("Documentation: ")
    assert [line.strip() for line in shown[-2].splitlines()[1:]] == list(lines)


def test_a_subcommand_has_examples_of_its_own(desk: Desk) -> None:
    shown = desk.call("batch", "merge", "--help").out

    assert "\n\n  Example:\n    studio batch merge part1 part2 -o all\n\n" in shown
    assert format_examples("batch nothing") == ""
