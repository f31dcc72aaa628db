"""The node types `diffusion.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_diffusion.nodes import conditionings, edits, images, parts, redraws

NODE_TYPES = [
    function for module in (images, redraws, edits, parts, conditionings) for function in find_node_types(module)
]
