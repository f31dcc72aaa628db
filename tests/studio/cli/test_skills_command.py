"""`studio skills`: instructions are copied, replaced if nobody changed them, and true."""

from __future__ import annotations

import json
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from studio.api.type_spec import TypeSpec
from studio.batch.names import NameTemplate
from studio.cli import skills_command
from studio.cli.main import COMMANDS
from tests.studio.cli.conftest import Desk

NAMES = ["studio-batch", "studio-compose", "studio-debug", "studio-plugin"]


def test_skills_are_copied_to_a_folder_and_to_where_agents_look(desk: Desk) -> None:
    given = desk.call("skills", "install", "mine")
    usual = desk.call("skills", "install")
    (desk.folder / ".claude").mkdir()
    found = desk.call("skills", "install")

    assert (given.code, usual.code, found.code) == (0, 0, 0)
    for root in ("mine", ".claude/skills", ".agents/skills"):
        assert sorted(path.name for path in (desk.folder / root).iterdir()) == NAMES
    text = (desk.folder / "mine" / "studio-compose" / "SKILL.md").read_text(encoding="utf-8")
    assert text.startswith("---\nname: studio-compose\ndescription: ")


def test_a_skill_that_was_changed_stays_and_one_of_another_version_goes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.folder / "mine" / "studio-batch" / "SKILL.md"
    with monkeypatch.context() as earlier:
        earlier.setattr(skills_command, "VERSION", "0.1.9")
        desk.call("skills", "install", "mine")
    replaced = desk.call("skills", "install", "mine")
    assert replaced.code == 0
    assert "0.1.9" not in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("batch", "bunch"), encoding="utf-8")

    refused = desk.call("skills", "install", "mine")
    mine = path.read_text(encoding="utf-8")
    forced = desk.call("skills", "install", "mine", "--force")

    assert refused.code == 2
    assert "E022" in refused.err
    assert "studio-batch" in refused.err
    assert "bunch" in mine
    assert forced.code == 0
    assert "bunch" not in path.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_one_line(desk: Desk) -> None:
    (desk.folder / "skills").write_text("a file")

    done = desk.call("skills", "install", "skills/mine")

    assert (done.code, "E013" in done.err, "cannot be written" in done.err) == (2, True, True)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_skill_says_is_true(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = skills_command._load_skills()[name]

    assert f"name: {name}\n" in text
    commands = set(re.findall(r"`studio ([a-z]+)", text))
    assert commands <= set(COMMANDS)
    for page in re.findall(r"`(docs/[a-z_]+\.md)`", text):
        assert Path(__file__).parents[3].joinpath(page).is_file()
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        (desk.folder / "graph.json").write_text(block, encoding="utf-8")
        assert json.loads(block)["studio"] == 1
        assert desk.call("validate", "graph.json").code == 0
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        path = desk.folder / "skill_example.py"
        path.write_text(block, encoding="utf-8")
        spec = spec_from_file_location("skill_example", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "skill_example", module)
        spec.loader.exec_module(module)
    for template in re.findall(r"--name '([^']+)'", text):
        NameTemplate(template, [], {"card": TypeSpec("image"), "facts": TypeSpec("json")}, "graph")
    options = set(re.findall(r"[` ](--[a-z-]+)", text))
    lines = [("run",), ("batch", "run"), ("nodes",), ("validate",)]
    helps = "".join(desk.call(*line, "--help").out for line in lines)
    assert {option for option in options if option not in helps} == set()
