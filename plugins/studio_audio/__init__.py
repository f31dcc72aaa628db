"""Sound node types: cutting, mixing, levels, effects, spectrograms, transfer, voices, analysis and soundtracks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import ValueType, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `audio.*`."""
    from studio_audio import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_value_types() -> Iterable[ValueType[Any]]:
    """Return the value type `spectrogram`."""
    from studio_audio.spectrogram import SpectrogramType

    return [SpectrogramType()]
