"""The node types `text.*`, by theme."""

from studio.api import find_node_types
from studio_text.nodes import scenes

NODE_TYPES = [function for module in (scenes,) for function in find_node_types(module)]
