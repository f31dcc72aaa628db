"""The node types `text.*`, by theme."""

from studio.api import find_node_types
from studio_text.nodes import scenes, servers

NODE_TYPES = [function for module in (scenes, servers) for function in find_node_types(module)]
