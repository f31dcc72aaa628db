"""The node types `vision.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_vision.nodes import cutting, looking, people

NODE_TYPES = [function for module in (looking, cutting, people) for function in find_node_types(module)]
