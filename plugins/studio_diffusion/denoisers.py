"""The denoisers of a pipeline: one in most, two in some, such as Wan 2.2; whatever is done to one is done to all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DENOISERS = ("transformer", "transformer_2", "unet", "unet_2")
"""What denoisers are called in pipelines."""


def find_denoisers(pipeline: Any) -> Mapping[str, Any]:
    """Return the denoisers of a pipeline by name; {} for one that has none."""
    components = pipeline.components
    return {name: components[name] for name in DENOISERS if components.get(name) is not None}
