"""Values of version 1 of the node types, as they are meant today; see `Migration.values`."""

from __future__ import annotations

from typing import Any, Literal

_FITS = {"fit": "contain", "fill": "cover"}
_DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}


def read_fit(mode: Literal["fit", "fill", "stretch", "pad", "contain", "cover"]) -> str:
    """Return the word of CSS for a way to fit an image into a rectangle."""
    return _FITS.get(mode, mode)


def read_bits(bits: Literal["keep", "8", "16", "float"]) -> str:
    """Return the type of samples."""
    return _DEPTHS.get(bits, bits)


def turn_around(degrees: float) -> float:
    """Return an angle clockwise, from one counterclockwise."""
    return 0.0 - degrees


def turn_to_top(degrees: float) -> float:
    """Return an angle clockwise from the top, from one counterclockwise from the right."""
    return 90.0 - degrees


def zero_to_auto(size: float) -> float | None:
    """Return a size, or None where it is chosen."""
    return size or None


def shift_from_anchor(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a node whose x and y were distances from its anchor, if it named one or a margin."""
    return shift_always(inputs) if {"anchor", "margin"} & inputs.keys() else inputs


def shift_always(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a node whose x and y were distances from its anchor."""
    names = {"x": "offset_x", "y": "offset_y"}
    return {names.get(name, name): value for name, value in inputs.items()}
