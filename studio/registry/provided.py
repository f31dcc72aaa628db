"""`Provided`: what the hooks of one plugin return, before any of it enters the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pluggy

from studio.api import ModelOpener, NodeType, ValueType, get_node_type
from studio.api.origin import Provider
from studio.errors import PluginError
from studio.plugin_code import mark_plugin_call
from studio.registry.hook_names import locate_function
from studio.registry.registry import PluginRow
from studio.registry.sources import LOCAL_VERSION


@dataclass
class Provided:
    """What one plugin provides.

    Attributes:
        row: Its row.
        plugin: The module or object with its hooks.
        value_types: What `studio_value_types` returned.
        node_types: What `studio_node_types` returned, with the distribution that they come from.
        models: What `studio_models` returned.
        executors: What `studio_executors` returned.
        model_openers: What `studio_model_openers` returned.
    """

    row: PluginRow
    plugin: Any
    value_types: list[ValueType[Any]] = field(default_factory=list)
    node_types: list[NodeType] = field(default_factory=list)
    models: Mapping[str, Path] = field(default_factory=dict)
    executors: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    model_openers: list[ModelOpener] = field(default_factory=list)

    @property
    def is_local(self) -> bool:
        """Whether the plugin comes from no distribution."""
        return self.row.version.startswith(LOCAL_VERSION)

    @property
    def provider(self) -> Provider:
        """What provides its code."""
        row = self.row
        return Provider(row.name if self.is_local else row.distribution, row.version, row.origin)

    def call_first_hooks(self, host: pluggy.PluginManager) -> None:
        """Call the hooks whose results other plugins may need.

        Raises:
            BaseException: What a hook raises, or PluginError: E206 for what it returns.
        """
        self.value_types = self._call_hook(host, "studio_value_types")

    def call_other_hooks(self, host: pluggy.PluginManager) -> None:
        """Call the other hooks that collect; errors as for `call_first_hooks`."""
        row = self.row
        provider = self.provider
        self.node_types = [
            replace(get_node_type(function), distribution=provider.distribution, distribution_version=provider.version)
            for function in self._call_hook(host, "studio_node_types")
        ]
        row.node_types = [node_type.id for node_type in self.node_types]
        self.models = self._call_hook(host, "studio_models", mapping=True)
        self.executors = self._call_hook(host, "studio_executors", mapping=True)
        self.model_openers = self._call_hook(host, "studio_model_openers")
        row.value_types = [str(value_type.name) for value_type in self.value_types]
        row.models = [f"builtin:{name}" for name in self.models]
        row.executors = list(self.executors)

    def _call_hook(self, host: pluggy.PluginManager, hook: str, *, mapping: bool = False) -> Any:
        """Return what a hook returns, as a list or as a mapping; an empty one if the plugin does not implement it."""
        if host.parse_hookimpl_opts(self.plugin, hook) is None:
            return {} if mapping else []
        function = getattr(self.plugin, hook)
        with mark_plugin_call():  # the entries of an iterator are the plugin's code too
            result = function()
            if result is not None:
                result = dict(result) if mapping else list(result)
        if result is None:
            raise PluginError(
                "E206",
                f"{hook} returned None",
                where=locate_function(function),
                hint=f"return {'a mapping' if mapping else 'a list'}",
            )
        return result
