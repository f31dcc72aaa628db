"""The node types `provenance.*`, by theme; each is a thin typed function over an algorithm module."""

from studio.api import find_node_types
from studio_provenance.nodes import evidence, marks, signs

NODE_TYPES = [function for module in (marks, evidence, signs) for function in find_node_types(module)]
