"""`KeptProvided`: what a plugin provides as an earlier process kept it; the plugin is loaded when it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pluggy

from studio.api import ModelOpener
from studio.api.hooks import PROJECT
from studio.registry.declarations import Unkeepable, describe_node_type, restore_node_type
from studio.registry.deferred import DeferredPlugin
from studio.registry.provided import Provided

_DEFERRED = frozenset(
    {
        "studio_node_types",
        "studio_models",
        "studio_catalog",
        "studio_weight_converters",
        "studio_executors",
        "studio_commands",
        "studio_import_rules",
        "studio_evidence",
        "studio_assertions",
        "studio_marks",
    }
)
_OPENERS = "studio_model_openers"


@dataclass
class KeptProvided(Provided):
    """What one plugin provides, by its kept declarations.

    Attributes:
        declarations: What `describe_provided` returned.
        deferred: Loads the plugin.
    """

    declarations: Mapping[str, Any] = field(default_factory=dict)
    deferred: DeferredPlugin = field(default_factory=lambda: DeferredPlugin(lambda: None))

    @property
    def needs_module(self) -> bool:
        """Whether some hooks must be called at once: their results are more than declarations."""
        rest = set(self.declarations["hooks"]) - _DEFERRED
        return bool(rest - {_OPENERS}) or (_OPENERS in rest and not self._defers_openers)

    @property
    def _defers_openers(self) -> bool:
        """Whether the code of openers needs no name of its own."""
        return self.row.origin is None or self.row.distribution == PROJECT

    def restore(self) -> None:
        """Restore what the hooks returned that are not called.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: The declarations are damaged.
        """
        kept, provider = self.declarations, self.provider
        names = {"distribution": provider.distribution, "distribution_version": provider.version}
        self.node_types = [restore_node_type(row, self.deferred.defer, **names) for row in kept["node_types"]]
        self.models = {str(name): Path(path) for name, path in kept["models"].items()}
        self.catalog_paths = [Path(path) for path in kept["catalog"]]
        self.converters = {str(name): self.deferred.defer_converter(name) for name in kept["converters"]}
        self.executors = {str(name): self.deferred.defer_executor(name) for name in kept["executors"]}

    def load_settings(self, host: pluggy.PluginManager, tables: Mapping[str, Any]) -> None:
        """Read the settings of a plugin that has some: it has been imported, without its node types."""
        if self.plugin is self.deferred:
            self.refuse_table(self.find_table(tables))
        else:
            super().load_settings(host, tables)

    def call_first_hooks(self, host: pluggy.PluginManager) -> None:
        """Call the hooks whose results other plugins may need, if the plugin has them."""
        if self.plugin is not self.deferred:
            super().call_first_hooks(host)

    def call_other_hooks(self, host: pluggy.PluginManager) -> None:
        """Note what the other hooks returned; call those that must be called."""
        self.node_types = [self.bind(node_type) for node_type in self.node_types]
        if not self._defers_openers:
            self.model_openers = self.call_hook(host, _OPENERS)
        self.describe_row()

    def find_openers(self) -> Callable[[], Sequence[ModelOpener]]:
        """Return what finds the plugin's openers of models."""
        if self._defers_openers and self.declarations["openers"]:
            return partial(self.deferred.call_hook, _OPENERS)
        return super().find_openers()


def describe_provided(one: Provided) -> dict[str, Any]:
    """Return what a plugin declares, as plain JSON.

    Raises:
        Unkeepable: It depends on more than the plugin's code.
    """
    if one.takes_home:
        raise Unkeepable(one.row.name)
    return {
        "where": one.row.where,
        "hooks": one.row.hooks,
        "node_types": [describe_node_type(node_type) for node_type in one.declared],
        "models": {name: str(path) for name, path in one.models.items()},
        "catalog": list(map(str, one.catalog_paths)),
        "converters": list(one.converters),
        "executors": list(one.executors),
        "openers": len(one.model_openers),
    }
