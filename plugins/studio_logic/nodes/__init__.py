"""The node types `logic.*`, by theme."""

from studio.api import find_node_types
from studio_logic.nodes import choices, json_values, lists, numbers, ordering, tables, texts

NODE_TYPES = [
    function
    for module in (choices, lists, ordering, tables, texts, numbers, json_values)
    for function in find_node_types(module)
]
