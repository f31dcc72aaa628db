"""The names of the blend modes, apart from the arithmetic so that a signature can name them without loading it."""

from typing import Literal

BlendMode = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "color_dodge",
    "color_burn",
    "hard_light",
    "soft_light",
    "difference",
    "exclusion",
    "add",
    "subtract",
    "divide",
    "linear_burn",
    "linear_light",
    "vivid_light",
    "pin_light",
    "hue",
    "saturation",
    "color",
    "luminosity",
]
