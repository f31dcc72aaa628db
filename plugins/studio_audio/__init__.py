"""Audio node types: cutting, levels, effects, spectra, transfer, voices, analysis, soundtracks, audio from words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, ValueType, hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `audio.*`, and `check.*` for audio."""
    from studio_audio import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_value_types() -> Iterable[ValueType[Any]]:
    """Return the value type `spectrogram`."""
    from studio_audio.spectrogram import SpectrogramType

    return [SpectrogramType()]


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the openers of models that make audio from text, clean speech and find it."""
    from studio_audio.cleaning_opener import CleaningOpener
    from studio_audio.opener import MusicOpener

    return [MusicOpener(), CleaningOpener()]


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of models for audio."""
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_weight_converters() -> Mapping[str, Callable[[Mapping[str, Path], Path], None]]:
    """Return what unpacks the networks of DeepFilterNet."""
    from studio_audio.deep_filter_conversion import convert_deep_filter

    return {"deepfilternet": convert_deep_filter}


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for audio mean."""
    from studio_audio.import_rules import RULES

    return RULES
