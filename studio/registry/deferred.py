"""`DeferredPlugin`: a plugin whose declarations are known, and which is loaded when one of its functions is called."""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import NodeType, get_node_type
from studio.plugin_code import mark_plugin_call


class DeferredPlugin:
    """Loads a plugin once, from whichever thread needs it first.

    Args:
        load: Imports the plugin and returns its module; raises PluginError if that is not the code that was declared.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._lock = threading.RLock()
        self._module: Any = None
        self._node_types: dict[str, NodeType] = {}
        self._returned: dict[str, Any] = {}

    @property
    def is_loaded(self) -> bool:
        """Whether the plugin has been imported."""
        return self._module is not None

    def defer(self, node_type: str, way: tuple[Any, ...]) -> Callable[..., Any]:
        """Return a function of a node type that is found when it is called.

        Args:
            node_type: The node type's id.
            way: Attributes, or keys of mappings, that lead to the function.
        """
        return DeferredFunction(lambda: self._follow(node_type, way))

    def defer_executor(self, name: str) -> Callable[..., Any]:
        """Return the factory of an executor."""
        return DeferredFunction(lambda: dict(self.call_hook("studio_executors"))[name])

    def defer_converter(self, name: str) -> Callable[..., Any]:
        """Return a converter of weights."""
        return DeferredFunction(lambda: dict(self.call_hook("studio_weight_converters"))[name])

    def call_hook(self, hook: str) -> Any:
        """Return what a hook of the plugin returns; it is called once."""
        with self._lock:
            if hook not in self._returned:
                with mark_plugin_call():
                    returned = getattr(self.load(), hook)()
                    self._returned[hook] = dict(returned) if isinstance(returned, Mapping) else list(returned)
            return self._returned[hook]

    def load(self) -> Any:
        """Return the plugin's module, imported now if nobody did.

        Raises:
            BaseException: What the import raises, or PluginError: E211 if the code has changed since.
        """
        with self._lock:
            if self._module is None:
                with mark_plugin_call():
                    self._module = self._load()
            return self._module

    def _follow(self, node_type: str, way: tuple[Any, ...]) -> Any:
        with self._lock:
            if not self._node_types:
                declared = map(get_node_type, self.call_hook("studio_node_types"))
                self._node_types = {one.id: one for one in declared}
            found: Any = self._node_types[node_type]
        for step in way:
            found = found[step] if isinstance(found, Mapping) else getattr(found, step)
        return found


class DeferredFunction:
    """A function that is found when it is called."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __call__(self, *args: Any, **more: Any) -> Any:
        return self._find()(*args, **more)

    def __getattr__(self, name: str) -> Any:
        if name == "__annotations__":  # what `typing.get_type_hints` reads
            return typing.get_type_hints(self._find(), include_extras=True)
        raise AttributeError(name)
