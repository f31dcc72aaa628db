"""The node types `scenes.*`; thin functions over algorithm modules."""

from studio.api import find_node_types
from studio_scenes.nodes import making

NODE_TYPES = list(find_node_types(making))
