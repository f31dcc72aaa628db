"""An executor of a plugin that fails is an error that names the executor and the plugin."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import StudioError, hookimpl
from studio.errors import PluginError, UsageError
from studio.registry.executors import create_executor
from tests.studio.registry.conftest import load


class Executor:
    """An executor that does what it is told."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error
        self.runs = 0

    def execute(self, plan: str, **options: Any) -> str:
        """Return the plan, or raise."""
        self.runs += 1
        if self._error is not None:
            raise self._error
        return f"{plan} {options}"

    def close(self) -> None:
        """Raise."""
        raise OSError("cannot close")


def create(factory: Any, name: str = "far") -> Any:
    registry, _ = load(SimpleNamespace(studio_executors=hookimpl(lambda: {"far": factory})))
    return create_executor(registry, name, None)


def test_an_executor_of_a_plugin_runs_and_has_its_own_attributes() -> None:
    executor = create(lambda local: Executor(None))

    assert executor.execute("plan", run_id="r") == "plan {'run_id': 'r'}"
    assert executor.runs == 1


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_what_an_executor_raises_names_it_and_its_plugin(error: BaseException) -> None:
    with pytest.raises(PluginError, match=r"E212 plugin 'p0': executor 'far' (raised|tried to end)") as caught:
        create(lambda local: Executor(error)).execute("plan")

    assert "report it to the authors" in caught.value.hint


def test_what_an_executor_raises_on_purpose_is_left_as_it_is() -> None:
    with pytest.raises(StudioError, match="FAR1 too far"):
        create(lambda local: Executor(StudioError("FAR1", "too far"))).execute("plan")


def test_a_factory_that_raises_and_a_close_that_raises_are_named() -> None:
    with pytest.raises(PluginError, match="E212 plugin 'p0': the factory of executor 'far' raised ZeroDivisionError"):
        create(lambda local: 1 / 0)
    with pytest.raises(PluginError, match="E212 plugin 'p0': executor 'far' raised OSError: cannot close"):
        create(lambda local: Executor(None)).close()


def test_an_unknown_executor_is_an_error_that_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="E004") as caught:
        create(Executor, "near")

    assert caught.value.hint == "executors are: local, far"
