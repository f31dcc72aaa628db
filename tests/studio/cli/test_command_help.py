"""`studio help`: what is known of each command, as text and as data; each help says where its documentation is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from studio.cli.main import COMMANDS
from studio.version import DOCUMENTATION
from tests.studio.cli.conftest import Desk

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("words", ["", "run", "batch merge", "plugins disable"])
def test_help_of_a_command_is_what_its_option_prints(desk: Desk, words: str) -> None:
    assert desk.call("help", *words.split()).out == desk.call(*words.split(), "--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_ends_with_a_link_to_its_section(desk: Desk, name: str) -> None:
    page, _, section = desk.call(name, "--help").out.split()[-1].partition("#")

    assert page == f"{DOCUMENTATION}/command_line.md"
    assert f"\n## {section}\n" in (ROOT / "docs/command_line.md").read_text(encoding="utf-8")


def test_links_begin_at_the_address_of_the_project_once_there_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project.get("urls", {}).get("Documentation", "docs") == DOCUMENTATION


def test_help_as_data_has_every_option_of_the_text(desk: Desk) -> None:
    text, row = desk.call("run", "--help").out, desk.call("help", "run", "--json").json

    options = {word for one in row["options"] for word in re.findall(r"--[a-z-]+", one["option"])}
    lines = re.findall(r"^ +(?:-\w, )?(--[a-z-]+)(?: / (--[a-z-]+))?", text, re.MULTILINE)
    assert options == {word for line in lines for word in line if word} | {"--name"}
    assert row["usage"] == "studio run [OPTIONS] GRAPH"
    assert row["documentation"] == f"{DOCUMENTATION}/command_line.md#run"


@pytest.mark.parametrize("group", ["batch", "models", "plugins", "cache", "config", "new"])
def test_a_group_lists_its_commands_with_whole_sentences(desk: Desk, group: str) -> None:
    listed = desk.call(group, "--help").out.partition("Commands:")[2].partition("Example")[0]

    assert listed.count(".\n") >= 2
    assert "..." not in listed


@pytest.mark.parametrize("group", ["batch", "models", "plugins", "cache", "config", "new"])
def test_the_section_of_a_group_names_each_of_its_commands(desk: Desk, group: str) -> None:
    page = (ROOT / "docs/command_line.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {group}\n")[2].partition("\n## ")[0]

    names = desk.call("help", group, "--json").json["commands"].keys() - {"run"}

    assert {name for name in names if not re.search(rf"[ `]{name}[ `\n]", section)} == set()


@pytest.mark.parametrize(("words", "hint"), [("rnu", "'studio run'"), ("models lst", "'studio models list'")])
def test_an_unknown_command_suggests_the_nearest(desk: Desk, words: str, hint: str) -> None:
    done = desk.call("help", *words.split())

    assert (done.code, f"did you mean {hint}?" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["nodes", "schema", "validate", "plugins", "find", "migrate"])
def test_options_that_do_nothing_are_taken_and_not_shown(desk: Desk, name: str) -> None:
    shown = desk.call(name, "--help").out

    assert "--plugins-dir" in shown
    assert not any(option in shown for option in ("--device", "--dtype", "--cache-dir", "--cache-url"))
    assert desk.call("nodes", "image.new", "--device", "cpu", "--dtype", "fp32", "--cache-dir", "c").code == 0
