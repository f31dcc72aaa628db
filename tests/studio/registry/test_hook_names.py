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
