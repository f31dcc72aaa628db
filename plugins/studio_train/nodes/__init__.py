"""The node types `train.*`; thin functions over algorithm modules."""

from studio.api import find_node_types
from studio_train.nodes import lora

NODE_TYPES = list(find_node_types(lora))
