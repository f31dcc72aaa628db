"""Catalogs with a few node types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api.builtin import create_builtin_value_types
from studio.registry import Registry, load_registry
from studio.testing.subject import GivenPlugin


def create_catalog(*functions: Callable[..., Any]) -> Registry:
    """Return a registry with these node types and no others."""
    plugins = [("given", GivenPlugin(functions))]
    found = load_registry(value_types=create_builtin_value_types(), plugins=plugins, discover=False)
    assert [row.problem for row in found.plugins if row.status != "ok"] == []
    return found
