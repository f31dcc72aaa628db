"""The registry: which plugins are installed, and what they provide."""

from studio.registry.load import load_plugins, load_registry
from studio.registry.observers import Observers
from studio.registry.registry import PluginRow, Registry

__all__ = ["Observers", "PluginRow", "Registry", "load_plugins", "load_registry"]
