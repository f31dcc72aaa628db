"""`Registry`: what is installed. A plugin that fails is a row, not a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pluggy

from studio.api import ModelOpener, NodeType, ValueType
from studio.api.hooks import PROJECT
from studio.api.origin import Origin, Provider
from studio.registry.passed_checks import PassedChecks
from studio.version import VERSION

PluginStatus = Literal["ok", "failed", "disabled"]


@dataclass
class PluginRow:
    """One plugin as `studio plugins` shows it.

    Attributes:
        name: Name of its entry point, or of its module in the plugins folder.
        distribution: The distribution it came from, or its path.
        version: The distribution's version.
        status: "ok", "failed", or "disabled" by the user: then it was not imported.
        problem: Why it failed, in a line.
        where: File and line of the failure, or the module's file.
        node_types: Ids of its node types.
        value_types: Names of its value types.
        models: References of the models that ship with it.
        catalog: Names of its entries of the catalog.
        executors: Names of its executors.
        hooks: Names of the hooks that it implements.
        settings: Its settings with their values, without secrets.
        import_seconds: How long its import took.
        origin: The files that it was loaded from; None if it is a release, or was not loaded.
    """

    name: str
    distribution: str = ""
    version: str = ""
    status: PluginStatus = "ok"
    problem: str = ""
    where: str = ""
    node_types: list[str] = field(default_factory=list)
    value_types: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    catalog: list[str] = field(default_factory=list)
    executors: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)
    import_seconds: float = 0.0
    origin: Origin | None = None

    @property
    def key(self) -> str:
        """The name that a user may write for it: without "studio-", and with "_" for "-"."""
        return shorten_plugin_name(self.name)

    def describe_status(self) -> str:
        """Say what keeps it from being used: "is disabled: ...", "failed to load: ..."; "" for nothing."""
        if self.status == "disabled":
            return f"is disabled: studio plugins enable {self.key}"
        return f"failed to load: {self.problem}" if self.status == "failed" else ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON, with the names of the files that the plugin was loaded from."""
        row = asdict(replace(self, origin=None))
        return {**row, "origin": sorted(self.origin.files) if self.origin is not None else None}


def shorten_plugin_name(name: str) -> str:
    """Return "tint" for "studio-tint", "studio_tint" and "tint"."""
    return re.sub(r"[-_.]+", "_", name.lower()).removeprefix("studio_")


def find_plugins(rows: Sequence[PluginRow], name: str) -> list[PluginRow]:
    """Return the plugins that a user means by a name: of a plugin, with or without "studio-", or of a distribution."""
    key = shorten_plugin_name(name)
    found = [row for row in rows if row.key == key]
    return found or [row for row in rows if shorten_plugin_name(row.distribution) == key]


class Openers(Sequence[ModelOpener]):
    """Openers of models, in the order in which they are asked. Those of a plugin are found when somebody asks.

    Fallbacks come after all others.
    """

    def __init__(self) -> None:
        self._parts: list[Callable[[], Sequence[ModelOpener]]] = []

    def add_first(self, find: Callable[[], Sequence[ModelOpener]]) -> None:
        """Add what finds the openers of a plugin, to be asked before all others."""
        self._parts.insert(0, find)

    def __iter__(self) -> Iterator[ModelOpener]:
        fallbacks = []
        for find in self._parts:
            openers = find()
            yield from (opener for opener in openers if not opener.is_fallback)
            fallbacks += [opener for opener in openers if opener.is_fallback]
        yield from fallbacks

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: Any) -> Any:
        return list(iter(self))[index]


@dataclass
class Registry:
    """What is installed. `load_registry` fills it.

    Attributes:
        host: Calls the hooks of plugins.
        studio: What provides Studio's own code.
        providers: What provides each value type, by its name.
        opener_code: Digests of the files of openers that are no release and not Studio's own, by opener.
        passed: What literals the checks of plugins have passed, if that is kept.
    """

    host: pluggy.PluginManager
    studio: Provider = field(default_factory=lambda: Provider(PROJECT, VERSION))
    plugins: list[PluginRow] = field(default_factory=list)
    node_types: dict[str, NodeType] = field(default_factory=dict)
    value_types: dict[str, ValueType[Any]] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)
    models: dict[str, Path] = field(default_factory=dict)
    model_openers: Openers = field(default_factory=lambda: Openers())
    catalog: dict[str, Path] = field(default_factory=dict)
    converters: dict[str, Callable[..., Any]] = field(default_factory=dict)
    executors: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    opener_code: dict[ModelOpener, str] = field(default_factory=dict)
    passed: PassedChecks | None = None

    def add_value_type(self, value_type: ValueType[Any], provider: Provider | None = None) -> None:
        """Add a value type and its class; Studio itself provides it if nothing else is said."""
        self.providers[value_type.name] = provider or self.studio
        self.value_types[value_type.name] = value_type
        self.classes[value_type.name] = value_type.python

    def close(self) -> None:
        """Keep what the checks of plugins have passed."""
        if self.passed is not None:
            self.passed.write()

    def find_failure(self, node_type: str) -> str | None:
        """Return what happened to the plugin that provides this node type, or None: "failed to load: ..."."""
        stem = node_type.partition(".")[0]
        for row in self.plugins:
            if row.status == "ok" or not (node_type in row.node_types or row.key == stem):
                continue
            return row.describe_status()
        return None

    def find_plugin_failure(self, name: str) -> str | None:
        """Return what happened to the plugin of a distribution, or that has a name; None if it works or is missing."""
        return next((row.describe_status() for row in find_plugins(self.plugins, name) if row.status != "ok"), None)

    def list_unavailable(self) -> list[str]:
        """Return the plugins that are disabled or failed to load: "tint (disabled)"."""
        return [f"{row.key} ({row.status})" for row in self.plugins if row.status != "ok"]
