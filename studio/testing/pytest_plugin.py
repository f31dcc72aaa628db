"""Fixtures of pytest for plugins: a Studio with a cache of its own, runs, and a context.

pytest finds this module by the entry point `pytest11`. It imports nothing of Studio until a fixture is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from studio.app import Studio
    from studio.run_result import RunResult
    from studio.testing.context import TestContext


_OUTSIDE = {name: value for name, value in os.environ.items() if name.startswith("STUDIO_PLUGINS_")}
"""Settings of plugins that the developer's environment has; those that a test sets come later."""


@pytest.fixture
def studio_settings() -> Mapping[str, Any]:
    """Settings of `studio_app` that differ from those of a test; override it to name `plugins_dir` or a device."""
    return {}


@pytest.fixture
def studio_plugins() -> list[tuple[str, Any]]:
    """Plugins of `studio_app` beside those that are installed, as (name, module or object); override it."""
    return []


@pytest.fixture
def studio_app(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    studio_settings: Mapping[str, Any],
    studio_plugins: list[tuple[str, Any]],
) -> Iterator[Studio]:
    """A Studio with the installed plugins, on the CPU, with a cache of its own and without the user's settings."""
    from pathlib import Path

    from studio.app import Studio
    from studio.settings import Settings

    for name, value in _OUTSIDE.items():
        if os.environ.get(name) == value:
            monkeypatch.delenv(name)
    own = tmp_path / ".studio-test"
    monkeypatch.setenv("XDG_DATA_HOME", str(own / "data"))  # where plugins keep data of their own
    chosen: dict[str, Any] = {
        "cache_dir": own / "cache",
        "models_dir": own / "models",
        "device": "cpu",
        "dtype": "float32",
    }
    chosen |= {name: Path(value) if name.endswith("_dir") else value for name, value in studio_settings.items()}
    with Studio(Settings(**chosen), plugins=studio_plugins) as studio:
        yield studio


@pytest.fixture
def studio_run(studio_app: Studio) -> Callable[..., RunResult]:
    """Runs a graph and returns its result: `studio_run(graph, {"seed": 1}, output=tmp_path)`.

    The arguments are those of `Studio.run`. A run that is not done fails the test; with `check=False` it does not.
    """

    def run(graph: Any, inputs: Mapping[str, Any] | None = None, *, check: bool = True, **more: Any) -> RunResult:
        __tracebackhide__ = True
        result = studio_app.run(graph, inputs, **more)
        if check and result.status != "done":
            pytest.fail(f"the run is {result.status!r}: " + "; ".join(map(str, result.errors)))
        return result

    return run


@pytest.fixture
def studio_context() -> Iterator[TestContext]:
    """A context to call a node type with, as a plain function; its scratch folder is removed at the end."""
    from studio.testing.context import TestContext

    context = TestContext()
    yield context
    context.close()
