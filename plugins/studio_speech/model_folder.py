"""Folders of transformers with a model that speaks or listens, inspected without loading anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from studio.api import Model, ModelError
from studio.api.model_folder import read_class

SPECTROGRAM_SPEAKERS = frozenset({"SpeechT5ForTextToSpeech", "FastSpeech2ConformerModel"})
"""Classes that make a spectrogram, and need a vocoder to make audio of it."""
SPEAKERS = SPECTROGRAM_SPEAKERS | {
    "BarkModel",
    "CsmForConditionalGeneration",
    "DiaForConditionalGeneration",
    "FastSpeech2ConformerWithHifiGan",
    "GradiumPhononTTSForConditionalGeneration",
    "HiggsAudioV2ForConditionalGeneration",
    "PocketTTSForConditionalGeneration",
    "SeamlessM4TForTextToSpeech",
    "SeamlessM4Tv2ForTextToSpeech",
    "VibeVoiceForConditionalGeneration",
    "VitsModel",
}
LISTENERS = frozenset(
    {
        "MoonshineForConditionalGeneration",
        "Speech2TextForConditionalGeneration",
        "SpeechEncoderDecoderModel",
        "SpeechT5ForSpeechToText",
        "WhisperForConditionalGeneration",
    }
)
_LISTENER = re.compile(r"\w+ForCTC")
OPTIONS = ("vocoder",)
"""Load options, by name; each names a folder."""


def find_class(path: Path) -> str | None:
    """Return the class of a model that speaks or listens; None for any other folder or file."""
    name = read_class(path, "transformers")
    return name if name is not None and find_kind(name) else None


def find_kind(class_name: str) -> Literal["speaker", "listener"] | None:
    """Say what a class of transformers does."""
    if class_name in SPEAKERS:
        return "speaker"
    return "listener" if class_name in LISTENERS or _LISTENER.fullmatch(class_name) else None


def find_vocoder(path: Path, class_name: str, options: Mapping[str, Any]) -> Path | None:
    """Return the folder of the vocoder that goes with a model; None if it needs none.

    Raises:
        ModelError: E668 if it needs one that is missing.
    """
    if class_name not in SPECTROGRAM_SPEAKERS:
        return None
    named = str(options.get("vocoder", ""))
    folder = Path(named.removeprefix("file:")).expanduser() if named else path / "vocoder"
    if not (folder / "config.json").is_file():
        raise ModelError(
            "E668",
            f"the model in {str(path)!r} makes a spectrogram, and the vocoder is missing in {str(folder)!r}",
            hint=f'write {{"model": "file:{path}", "options": {{"vocoder": "file:FOLDER"}}}}, or put it into "vocoder" '
            "beside the model's config.json",
        )
    return folder


def read_options(model: Model) -> dict[str, Any]:
    """Check a reference's load options.

    Raises:
        ModelError: E670 if one is unknown or invalid.
    """
    options = {name: value for name, value in model.options if value is not None}
    for name, value in options.items():
        if name not in OPTIONS:
            known = ", ".join(OPTIONS)
            raise ModelError("E670", f"unknown load option {name!r} of speech models", hint=f"there are {known}")
        if not isinstance(value, str) or not value.startswith("file:"):
            raise ModelError("E670", f"the load option {name!r} names no folder: {value!r}", hint='write "file:FOLDER"')
    return options
