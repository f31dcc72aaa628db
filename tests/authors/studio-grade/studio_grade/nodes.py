"""The node types."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from studio.api import Context, Field, Image, Migration, Model, node

WARM = Model("builtin:grade-warm")


@node(
    "grade.apply_look",
    version="2.0",
    migrations={1: Migration(inputs={"mix": "strength"})},
    replaces="grade.look",
)
def apply_look(
    ctx: Context,
    image: Image,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    model: Model = WARM,
) -> Image:
    """Give an image a look, by a color matrix.

    Args:
        image: Image to change.
        strength: How far to go.
        model: The color matrix.
    """
    with ctx.open(model) as matrix:
        rgb = image.pixels[:, :, :3]
        looked = np.clip(rgb @ matrix.T, 0, 1)
    return Image(rgb * (1 - strength) + looked * strength)
