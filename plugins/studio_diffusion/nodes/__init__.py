"""The node types `diffusion.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_diffusion.nodes import conditionings, controls, edits, images, inpaints, parts, redraws

NODE_TYPES = [
    function
    for module in (images, redraws, inpaints, edits, controls, parts, conditionings)
    for function in find_node_types(module)
]
