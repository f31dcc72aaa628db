"""`Provided`: what the hooks of one plugin return, before any of it enters the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import pluggy

from studio.api import ModelOpener, NodeType, PluginHome, PluginSettings, ValueType, get_node_type
from studio.api.model import MODEL_NAME
from studio.api.node_type import bind_parameters
from studio.api.origin import Provider
from studio.errors import PluginError
from studio.plugin_code import mark_plugin_call
from studio.registry.hook_names import locate_function
from studio.registry.plugin_settings import describe_settings, find_keyed_parts, load_plugin_settings
from studio.registry.registry import PluginRow, shorten_plugin_name
from studio.registry.sources import LOCAL_VERSION
from studio.runtime.catalog.entry_files import list_entry_files
from studio.settings import find_data_folder


@dataclass
class Provided:
    """What one plugin provides.

    Attributes:
        row: Its row.
        plugin: The module or object with its hooks.
        value_types: What `studio_value_types` returned.
        node_types: What `studio_node_types` returned, with the distribution that they come from.
        models: What `studio_models` returned.
        catalog_paths: What `studio_catalog` returned.
        converters: What `studio_weight_converters` returned.
        executors: What `studio_executors` returned.
        model_openers: What `studio_model_openers` returned.
        declared: The node types as the plugin declares them.
        takes_home: Whether a hook took `home`, so that what it returns may depend on this machine.
        home: What the plugin has of its own, its settings once they are read.
    """

    row: PluginRow
    plugin: Any
    value_types: list[ValueType[Any]] = field(default_factory=list)
    node_types: list[NodeType] = field(default_factory=list)
    models: Mapping[str, Path] = field(default_factory=dict)
    catalog_paths: Sequence[Path] = field(default_factory=list)
    converters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    executors: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    model_openers: list[ModelOpener] = field(default_factory=list)
    declared: list[NodeType] = field(default_factory=list)
    takes_home: bool = False
    home: PluginHome = field(init=False)

    def __post_init__(self) -> None:
        self.place_data(None)

    def place_data(self, data_dir: Path | None) -> None:
        """Give the plugin a folder for its data below `data_dir`, or below the user's folder for None."""
        self.home = PluginHome(self.row.key, find_data_folder(self.row.key, data_dir))

    @property
    def is_local(self) -> bool:
        """Whether the plugin comes from no distribution."""
        return self.row.version.startswith(LOCAL_VERSION)

    @property
    def provider(self) -> Provider:
        """What provides its code."""
        row = self.row
        return Provider(row.name if self.is_local else row.distribution, row.version, row.origin)

    @cached_property
    def catalog(self) -> dict[str, Path]:
        """The files of its entries of the catalog, by name."""
        return {path.stem: path for path in list_entry_files(self.catalog_paths)}

    def load_settings(self, host: pluggy.PluginManager, tables: Mapping[str, Any]) -> None:
        """Ask the plugin which settings it has, and read them.

        Raises:
            BaseException: What the hook raises, or PluginError: E206 for what it returns, E210 for wrong settings.
        """
        table = self.find_table(tables)
        declared = None
        if host.parse_hookimpl_opts(self.plugin, "studio_settings") is not None:
            with mark_plugin_call():
                declared = self.plugin.studio_settings()
        if declared is not None:
            settings = load_plugin_settings(declared, self.row.key, table)
            self.home = replace(self.home, settings=settings)
            self.row.settings = describe_settings(settings, self.row.key)
        else:
            self.refuse_table(table)

    def find_table(self, tables: Mapping[str, Any]) -> Any:
        """Return what the configuration says of the plugin."""
        return next((table for name, table in tables.items() if shorten_plugin_name(name) == self.row.key), {})

    def refuse_table(self, table: Any) -> None:
        """Raise PluginError E210 for what the configuration says of a plugin that has no settings."""
        if table:
            first = type(table).__name__ if isinstance(table, PluginSettings) else next(iter(table))
            message = f"unknown setting plugins.{self.row.key}.{first}"
            raise PluginError("E210", message, hint="the plugin has no settings")

    def call_first_hooks(self, host: pluggy.PluginManager) -> None:
        """Call the hooks whose results other plugins may need.

        Raises:
            BaseException: What a hook raises, or PluginError: E206 for what it returns.
        """
        self.value_types = self.call_hook(host, "studio_value_types")

    def call_other_hooks(self, host: pluggy.PluginManager) -> None:
        """Call the other hooks that collect; errors as for `call_first_hooks`."""
        provider = self.provider
        self.declared = [get_node_type(function) for function in self.call_hook(host, "studio_node_types")]
        self.node_types = [
            self.bind(replace(one, distribution=provider.distribution, distribution_version=provider.version))
            for one in self.declared
        ]
        self.row.node_types = [node_type.id for node_type in self.node_types]
        self.models = self.call_hook(host, "studio_models", mapping=True)
        self.catalog_paths = self.call_hook(host, "studio_catalog")
        self.converters = self.call_hook(host, "studio_weight_converters", mapping=True)
        self.executors = self.call_hook(host, "studio_executors", mapping=True)
        self.model_openers = self.call_hook(host, "studio_model_openers")
        self._check_returned()
        self.describe_row()

    def find_openers(self) -> Callable[[], Sequence[ModelOpener]]:
        """Return what finds the plugin's openers of models."""
        return lambda: self.model_openers

    def describe_row(self) -> None:
        """Note in the plugin's row what it provides."""
        row = self.row
        row.node_types = [node_type.id for node_type in self.node_types]
        row.value_types = [str(value_type.name) for value_type in self.value_types]
        row.models = [f"builtin:{name}" for name in self.models]
        row.catalog = list(self.catalog)
        row.executors = list(self.executors)

    def _check_returned(self) -> None:
        """Check the kinds of what the hooks returned.

        Raises:
            PluginError: E206 for a value of another kind.
        """
        for name, path in self.models.items():
            if not (isinstance(name, str) and MODEL_NAME.fullmatch(name) and isinstance(path, Path)):
                self._refuse("studio_models", f"{name!r}: {path!r}", "a mapping from names to paths")
        for path in self.catalog_paths:
            if not isinstance(path, Path):
                self._refuse("studio_catalog", repr(path), "a list of paths: .toml files, or folders of them")
        given = {"studio_executors": self.executors, "studio_weight_converters": self.converters}
        for hook, functions in given.items():
            for name, function in functions.items():
                if not (isinstance(name, str) and callable(function)):
                    self._refuse(hook, f"{name!r}: {function!r}", "a mapping from names to functions")
        for opener in self.model_openers:
            if not isinstance(opener, ModelOpener):
                self._refuse("studio_model_openers", repr(opener), "a list of instances of ModelOpener")

    def _refuse(self, hook: str, found: str, expected: str) -> NoReturn:
        where = locate_function(getattr(self.plugin, hook))
        raise PluginError("E206", f"{hook} returned {found[:200]}", where=where, hint=f"return {expected}")

    def bind(self, node_type: NodeType) -> NodeType:
        """Return a node type that gets the settings and the home of the plugin where it takes them."""
        if not node_type.host_parameters:
            return node_type
        values: dict[str, Any] = {}
        parts: dict[str, str] = {}
        for name, kind in node_type.host_parameters.items():
            settings = issubclass(kind, PluginSettings)
            values[name] = self.home.settings if settings else self.home
            if not isinstance(values[name], kind):
                lack = f"{name!r} takes {kind.__name__}, which studio_settings does not return"
                raise PluginError(
                    "E206",
                    f"node type {node_type.id!r}: {lack}",
                    where=node_type.where,
                    hint="return the class from studio_settings",
                )
            parts |= find_keyed_parts(self.home.settings) if settings else {}
        return bind_parameters(node_type, values, parts)

    def call_hook(self, host: pluggy.PluginManager, hook: str, *, mapping: bool = False) -> Any:
        """Return what a hook returns, as a list or as a mapping; an empty one if the plugin does not implement it."""
        if host.parse_hookimpl_opts(self.plugin, hook) is None:
            return {} if mapping else []
        function = getattr(self.plugin, hook)
        wanted = {"home": self.home} if "home" in inspect.signature(function).parameters else {}
        self.takes_home |= bool(wanted)
        with mark_plugin_call():  # the entries of an iterator are the plugin's code too
            result = function(**wanted)
            if isinstance(result, Mapping) if mapping else _is_list(result):
                return dict(result) if mapping else list(result)
        hint = f"return {'a mapping' if mapping else 'a list'}"
        if inspect.iscoroutine(result):
            result.close()
            hint = "write def, not async def"
        raise PluginError("E206", f"{hook} returned {result!r:.200}", where=locate_function(function), hint=hint)


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
