"""Speech: text said aloud, by espeak-ng or by networks, audio written down, subtitles and lips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `speech.*`."""
    from studio_speech import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of models that speak and listen."""
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of models that speak and listen."""
    from studio_speech.opener import SpeechOpener

    return [SpeechOpener()]
