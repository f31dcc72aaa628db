"""The node types `image.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_image.nodes import (
    cutouts,
    effects,
    filters,
    geometry,
    grading,
    layers,
    looks,
    masks,
    sheets,
    sources,
    text,
    tone,
)

NODE_TYPES = [
    function
    for module in (sources, geometry, tone, grading, filters, looks, masks, cutouts, layers, effects, text, sheets)
    for function in find_node_types(module)
]
