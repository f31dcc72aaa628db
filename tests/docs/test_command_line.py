"""What docs/command_line.md shows of the program's output is what the program prints: names, counts and lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs_site.site import load_node_types
from studio.cli.main import main
from tests.docs.pages import ROOT, run_command

PAGE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")

MOST_NEW = 20
"""So many node types and commands may be new since the page was written."""


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert not ended.value.code
    return capfd.readouterr().out


def squeeze(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def find_block(command: str) -> list[str]:
    """Return what the page shows below a command, up to the next command or the end of the block, without `...`."""
    shown = PAGE.partition(f"$ {command}\n")[2]
    return [
        line for line in squeeze(re.split(r"^(?:\$ |```)", shown, maxsplit=1, flags=re.MULTILINE)[0]) if line != "..."
    ]


def test_the_commands_are_those_of_the_help(capfd: pytest.CaptureFixture[str]) -> None:
    printed = squeeze(run_command("python -m studio --help", capfd).output)  # what opened a help before does not count

    shown = find_block("studio --help")

    assert [line for line in shown if "Documentation" not in line] == [
        line for line in printed if "Documentation" not in line
    ]


@pytest.mark.parametrize("command", ["studio nodes style", "studio nodes image.flip"])
def test_node_types_are_described_as_the_program_does(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    printed = squeeze(run(capfd, *command.split()[1:]))
    changing = ("source ", "image.flip  version")

    shown = [line for line in find_block(command) if line and not line.startswith(changing)]

    assert shown
    assert [line for line in shown if line not in printed] == []


def test_the_plugins_have_as_many_node_types_as_the_page_says() -> None:
    installed = load_node_types().values()

    rows = re.findall(r"^studio-(\w+) +ok +studio \S+: (\d+) node types$", PAGE, re.MULTILINE)

    assert rows
    assert rows == [(name, str(sum(one.plugin == name for one in installed))) for name, _ in rows]


def test_the_doctor_counts_the_plugins_and_about_as_many_node_types_as_are_installed() -> None:
    plugins = [path.name for path in (ROOT / "plugins").glob("studio_*")]

    ((loaded, count),) = re.findall(r"^ok +plugins +(\d+) loaded, (\d+) node types$", PAGE, re.MULTILINE)

    assert int(loaded) == len(plugins)
    assert int(count) <= len(load_node_types()) <= int(count) + MOST_NEW


def test_about_as_many_manual_pages_are_written_as_the_page_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    count = int(run(capfd, "man", "--output", str(tmp_path)).partition(" pages in ")[0])

    (shown,) = re.findall(r"^(\d+) pages in ", PAGE, re.MULTILINE)

    assert int(shown) <= count <= int(shown) + MOST_NEW
