"""The node types `style.*`, and those of videos that need the same methods; thin functions over algorithm modules."""

from studio.api import find_node_types
from studio_style.nodes import colors, looks, transfer, videos

NODE_TYPES = [function for module in (transfer, colors, looks, videos) for function in find_node_types(module)]
