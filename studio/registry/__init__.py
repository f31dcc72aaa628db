"""The registry: which plugins are installed, and what they provide."""

from studio.registry.executors import create_executor
from studio.registry.kept_sources import KeptSources
from studio.registry.load import list_plugins, load_commands, load_registry
from studio.registry.observers import Observers
from studio.registry.registry import PluginRow, Registry, find_plugins

__all__ = [
    "KeptSources",
    "Observers",
    "PluginRow",
    "Registry",
    "create_executor",
    "find_plugins",
    "list_plugins",
    "load_commands",
    "load_registry",
]
