"""The node types `train.*` and `latent.*`; thin functions over algorithm modules."""

from studio.api import find_node_types
from studio_train.nodes import autoencoder, lora

NODE_TYPES = [*find_node_types(autoencoder), *find_node_types(lora)]
"""All node types of this plugin."""
