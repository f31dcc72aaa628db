"""Hooks that pluggy would ignore silently are refused."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import hookimpl
from tests.studio.registry.conftest import load


class Unmarked:
    """A plugin without @hookimpl."""

    def studio_node_types(self) -> list[Any]:
        """Never called."""
        return []


class Misspelt:
    """A plugin with a hook that there is not."""

    @hookimpl
    def studio_node_type(self) -> list[Any]:
        """Never called."""
        return []


class Far:
    """A plugin with a hook like none that there is."""

    @hookimpl
    def studio_zzz(self) -> None:
        """Never called."""


class Isolated:
    """A plugin that asks for a process of its own."""

    studio_isolate = True


def test_a_plugin_that_asks_for_isolation_is_refused_with_a_clear_line() -> None:
    _, rows = load(Isolated())

    assert rows[0].problem.startswith("E207 studio_isolate is reserved")


@pytest.mark.parametrize(("plugin", "message"), [
    (Unmarked(), "@hookimpl"), (Misspelt(), "did you mean 'studio_node_types'?"), (Far(), "hooks are: studio_"),
])  # fmt: skip
def test_functions_that_pluggy_would_not_call_are_reported(plugin: Any, message: str) -> None:
    _, rows = load(plugin)

    assert "E205" in rows[0].problem
    assert message in rows[0].problem
    assert "test_hook_names.py:" in rows[0].where


class Named:
    """A plugin whose function names its hook."""

    @hookimpl(specname="studio_node_types")
    def list_node_types(self) -> list[Any]:
        """Never called."""
        return []


class Wrapping:
    """A plugin that wraps a hook of the others."""

    @hookimpl(wrapper=True)
    def studio_node_types(self) -> Any:
        """Never called."""
        return (yield)


class First:
    """A plugin that wants to be asked before the others."""

    @hookimpl(tryfirst=True)
    def studio_event(self, event: Any) -> None:
        """Never called."""


class Optional:
    """A plugin with a hook that there is not, and that says so."""

    @hookimpl(optionalhook=True)
    def studio_later(self) -> None:
        """Never called."""


class Elsewhere:
    """A plugin whose marked function has no name of a hook."""

    @hookimpl
    def list_node_types(self) -> list[Any]:
        """Never called."""
        return []


@pytest.mark.parametrize(("plugin", "option", "function"), [
    (Named(), "specname", "list_node_types"), (Wrapping(), "wrapper", "studio_node_types"),
    (First(), "tryfirst", "studio_event"), (Optional(), "optionalhook", "studio_later"),
])  # fmt: skip
def test_options_of_hookimpl_that_have_no_effect_are_refused(plugin: Any, option: str, function: str) -> None:
    _, rows = load(plugin)

    assert f"E205 unsupported option {option!r} of @hookimpl on {function}" in rows[0].problem
    assert "test_hook_names.py:" in rows[0].where


def test_a_marked_function_without_the_name_of_a_hook_is_refused() -> None:
    _, rows = load(Elsewhere())

    assert "E205 unknown hook 'list_node_types' (did you mean 'studio_node_types'?)" in rows[0].problem
