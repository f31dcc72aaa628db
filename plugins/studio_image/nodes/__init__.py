"""The node types `image.*`, and `check.*` of images, by theme; each is a thin typed function over an algorithm."""

from studio.api import find_node_types
from studio_image.nodes import (
    checking,
    codes,
    comparing,
    cutouts,
    drawing,
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
    warps,
)

NODE_TYPES = [
    function
    for module in (
        sources,
        geometry,
        warps,
        tone,
        grading,
        filters,
        looks,
        masks,
        cutouts,
        layers,
        effects,
        drawing,
        codes,
        text,
        sheets,
        comparing,
        checking,
    )
    for function in find_node_types(module)
]
