"""Studio: a headless studio for generative media. `studio.run`, `studio.batch` and `studio.Studio` start here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.version import VERSION

if TYPE_CHECKING:
    from studio.app import Studio, run
    from studio.graph import Graph, GraphBuilder, load_graph, parse_graph
    from studio.run_result import RunResult

__version__ = VERSION

__all__ = [
    "Graph",
    "GraphBuilder",
    "RunResult",
    "Studio",
    "__version__",
    "batch",
    "load_graph",
    "parse_graph",
    "run",
]

_HOME = {
    "RunResult": "studio.run_result",
    "Studio": "studio.app",
    "run": "studio.app",
    "Graph": "studio.graph",
    "GraphBuilder": "studio.graph",
    "load_graph": "studio.graph",
    "parse_graph": "studio.graph",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that `studio --help` loads next to nothing."""
    if name == "batch":
        from importlib import import_module

        return import_module("studio.batch")  # a package that can be called
    if name not in _HOME:
        raise AttributeError(f"module 'studio' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
