"""Speech: text said aloud, by espeak-ng or by networks, audio written down, subtitles and lips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
def studio_weight_converters() -> Mapping[str, Callable[[Mapping[str, Path], Path], None]]:
    """Return what makes folders of weights in formats of other programs."""
    from studio_speech.kokoro_conversion import convert_kokoro
    from studio_speech.whisper_conversion import convert_whisper

    return {"whisper-ctranslate2": convert_whisper, "kokoro": convert_kokoro}


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of models that speak and listen."""
    from studio_speech.opener import SpeechOpener

    return [SpeechOpener()]
