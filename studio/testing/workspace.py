"""`Workspace`: a Studio with what is under examination, and a folder of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import NodeType, PluginSettings, ValueType, hookimpl
from studio.app import Studio
from studio.cache import Undigestable
from studio.settings import Settings


class GivenPlugin:
    """A plugin object with what a test passed in."""

    def __init__(
        self, functions: Iterable[Callable[..., Any]] = (), value_types: Iterable[ValueType[Any]] = ()
    ) -> None:
        self.functions = list(functions)
        self.value_types = list(value_types)

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        """Return the functions."""
        return self.functions

    @hookimpl
    def studio_settings(self) -> type[PluginSettings] | None:
        """Return the class of settings that the functions take, if any."""
        kinds = (kind for function in self.functions for kind in _find_host_parameters(function))
        return next((kind for kind in kinds if issubclass(kind, PluginSettings)), None)

    @hookimpl
    def studio_value_types(self) -> Iterable[ValueType[Any]]:
        """Return the value types."""
        return self.value_types


def _find_host_parameters(function: Callable[..., Any]) -> list[type]:
    declared = getattr(function, "__studio_node_type__", None)
    return list(declared.host_parameters.values()) if isinstance(declared, NodeType) else []


@dataclass
class Workspace:
    """A Studio to examine something with.

    Attributes:
        studio: A Studio that knows what is examined.
        folder: A temporary folder of its own.
        names: Names of the plugins that it was given.
    """

    studio: Studio
    folder: Path
    names: frozenset[str]

    def digest(self, value: Any) -> str:
        """Return the digest of a value, or "" if it has none."""
        try:
            return self.studio.cache.digest(value)
        except Undigestable:
            return ""

    def find_load_problems(self) -> list[str]:
        """Return why plugins that it was given failed to load."""
        rows = [row for row in self.studio.registry.plugins if row.status != "ok" and row.name in self.names]
        return [f"{row.problem} [{row.where}]" for row in rows]


@contextmanager
def open_workspace(
    plugins: Sequence[tuple[str, Any]],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    discover: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Workspace]:
    """Yield a workspace.

    Args:
        plugins: The plugins, as (name, module or object).
        device: Where to run.
        dtype: What networks compute in.
        discover: Whether it has the installed plugins too, except those that are given.
        settings: Settings of plugins, by their names.
    """
    with tempfile.TemporaryDirectory(prefix="studio-check-") as name:
        folder = Path(name).resolve()
        chosen = Settings(
            device=device,
            dtype=dtype,
            cache_dir=folder / "cache",
            data_dir=folder / "data",
            models_dir=folder / "models",
            workers=1,
            plugins=settings or {},
        )
        with Studio(chosen, plugins=plugins, discover=discover, on_disk=False) as studio:
            yield Workspace(studio, folder, frozenset(given for given, _ in plugins))
