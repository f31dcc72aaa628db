"""Drawings of a graph: Mermaid text, SVG and PNG.

A graph with errors is drawn too. Nodes with findings are red and say what is wrong. Broken edges are red and dashed.
"""

from __future__ import annotations

from collections.abc import Mapping

from studio.graph.drawing.compose import compose_drawing
from studio.graph.drawing.mermaid import draw_mermaid
from studio.graph.drawing.svg import write_svg
from studio.graph.resolved import ResolvedGraph

__all__ = ["draw_mermaid", "draw_png", "draw_svg"]


def draw_svg(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> str:
    """Return the drawing of a graph as SVG text; see `sketch_graph` for the arguments and errors."""
    return write_svg(compose_drawing(resolved, standings))


def draw_png(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None, *, scale: float = 2.0) -> bytes:
    """Return the drawing of a graph as the bytes of a PNG file; see `sketch_graph` for the arguments and errors.

    Args:
        resolved: The graph, with or without errors.
        standings: For nodes by id, what the cache has of them.
        scale: Pixels for each unit; less is used where the picture would be too large.
    """
    from studio.graph.drawing.png import write_png

    return write_png(compose_drawing(resolved, standings), scale)
