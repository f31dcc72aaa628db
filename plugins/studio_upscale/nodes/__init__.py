"""The node types `upscale.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_upscale.nodes import images, video

NODE_TYPES = [function for module in (images, video) for function in find_node_types(module)]
