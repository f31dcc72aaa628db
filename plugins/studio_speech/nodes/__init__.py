"""The node types `speech.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_speech.nodes import listening, speaking, timing

NODE_TYPES = [function for module in (speaking, listening, timing) for function in find_node_types(module)]
