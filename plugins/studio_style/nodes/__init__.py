"""The node types `style.*`, and those of films that need the same methods; thin functions over algorithm modules."""

from studio.api import find_node_types
from studio_style.nodes import colors, films, looks, transfer

NODE_TYPES = [function for module in (transfer, colors, looks, films) for function in find_node_types(module)]
