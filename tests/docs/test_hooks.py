"""docs/hooks.md has every hook, with every argument, its return, an example, and every event."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from studio.api import events
from studio.api.hooks import Hooks

PAGE = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (studio_\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
HOOKS = {name: function for name, function in vars(Hooks).items() if name.startswith("studio_")}
ABSTRACT = (events.Event, events.NodeEvent)
EVENTS = [
    name
    for name, kind in vars(events).items()
    if isinstance(kind, type) and issubclass(kind, events.Event) and kind not in ABSTRACT
]


def list_arguments(function: Any) -> list[str]:
    """Return the names of a hook's arguments."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_every_hook_has_a_section_and_no_section_is_of_a_hook_that_is_not() -> None:
    assert sorted(SECTIONS) == sorted(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_the_section_shows_the_signature_and_describes_each_argument(name: str) -> None:
    arguments = list_arguments(HOOKS[name])

    assert f"`{name}({', '.join(arguments)}) -> " in SECTIONS[name]
    for argument in arguments:
        assert f"- `{argument}`: " in SECTIONS[name]


@pytest.mark.parametrize("name", HOOKS)
def test_the_section_has_an_example_that_implements_the_hook(name: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", SECTIONS[name], re.S)
    arguments = list_arguments(HOOKS[name])

    assert any(f"@hookimpl\ndef {name}({', '.join(arguments)}):" in block for block in blocks)
    for block in blocks:
        compile(block, f"docs/hooks.md: {name}", "exec")


@pytest.mark.parametrize("name", HOOKS)
def test_the_table_says_when_each_hook_is_called(name: str) -> None:
    table = PAGE.partition("When the hooks are called:")[2].partition("## ")[0]

    assert f"`{name}`" in table


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_listed_with_its_fields(name: str) -> None:
    row = next(line for line in SECTIONS["studio_event"].splitlines() if line.startswith(f"| `{name}` |"))
    own = [field for field in vars(events)[name].__dataclass_fields__ if field not in ("run", "node", "node_type")]

    assert re.findall(r"`(\w+)`", row.split("|")[3]) == own


@pytest.mark.parametrize("name", HOOKS)
def test_the_hook_itself_says_what_it_returns(name: str) -> None:
    assert inspect.getdoc(HOOKS[name])
