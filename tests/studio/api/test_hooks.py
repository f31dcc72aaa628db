"""Hooks: what pluggy accepts as an implementation of one, and what it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pluggy
import pytest

from studio.api import Hooks, PluginHome, hookimpl
from studio.api.events import RunStarted
from studio.api.hooks import PROJECT

HOME = PluginHome("x", Path("data"))
NAMES = [name for name in vars(Hooks) if name.startswith("studio_")]


@pytest.fixture
def host() -> pluggy.PluginManager:
    """A host with the hooks of Studio."""
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    return host


def test_every_public_function_is_a_hook(host: pluggy.PluginManager) -> None:
    assert {name for name in vars(Hooks) if not name.startswith("_")} == set(NAMES)
    assert all(getattr(host.hook, name).spec is not None for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_hook_is_optional(host: pluggy.PluginManager, name: str) -> None:
    host.register(object())

    arguments = {"event": RunStarted("run", 1), "home": HOME}
    hook = getattr(host.hook, name)
    assert hook(**{argument: arguments[argument] for argument in hook.spec.argnames}) == []


def test_a_marked_function_is_called_and_its_result_collected(host: pluggy.PluginManager) -> None:
    class Plugin:
        @hookimpl
        def studio_models(self) -> dict[str, Any]:
            return {"net": "path"}

    host.register(Plugin())
    host.check_pending()

    assert host.hook.studio_models(home=HOME) == [{"net": "path"}]


def test_an_observer_may_leave_out_the_argument(host: pluggy.PluginManager) -> None:
    seen = []

    class Plugin:
        @hookimpl
        def studio_event(self) -> None:
            seen.append("called")

    host.register(Plugin())
    host.hook.studio_event(event=RunStarted("run", 1))

    assert seen == ["called"]


def test_an_argument_that_a_hook_does_not_have_is_refused(host: pluggy.PluginManager) -> None:
    class Plugin:
        @hookimpl
        def studio_event(self, happening: object) -> None:
            """Never called."""

    with pytest.raises(pluggy.PluginValidationError, match="happening"):
        host.register(Plugin())
