"""The registry: which plugins are installed, and what they provide."""

from studio.registry.builds import Build, describe_builds
from studio.registry.executors import create_executor
from studio.registry.kept_sources import KeptSources
from studio.registry.load import (
    list_plugins,
    load_commands,
    load_file_functions,
    load_import_rules,
    load_registry,
)
from studio.registry.observers import Observers
from studio.registry.plugin_settings import GivenSettings
from studio.registry.registry import PluginRow, Registry, find_plugins

__all__ = [
    "Build",
    "GivenSettings",
    "KeptSources",
    "Observers",
    "PluginRow",
    "Registry",
    "create_executor",
    "describe_builds",
    "find_plugins",
    "list_plugins",
    "load_commands",
    "load_file_functions",
    "load_import_rules",
    "load_registry",
]
