"""Checks of inputs before a node runs, with what the node itself calls."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from studio.api import Model, StudioError
from studio_speech.prepare import prepare

DEFAULT_LANGUAGE = "en-us"


def check_text(text: str, markup: str) -> None:
    """Raise StudioError E660 or E662 for a text that cannot be said."""
    prepare(text, markup, DEFAULT_LANGUAGE, lambda _: None)


def check_speaker(voice: str, model: Model | None) -> None:
    """Raise StudioError E661 for a speaker that espeak-ng does not have."""
    listed = _list_voices() if voice and model is None else None
    if listed is not None:
        from studio_speech.voices import find_speaker

        find_speaker(listed["variants"], voice)


def check_language(language: str, model: Model | None) -> None:
    """Raise StudioError E661 for a language that espeak-ng does not speak."""
    listed = _list_voices() if language != DEFAULT_LANGUAGE and model is None else None
    if listed is not None:
        from studio_speech.voices import find_voice, read_voices

        find_voice(read_voices(listed), language, lambda _: None)


@lru_cache(maxsize=1)
def _list_voices() -> Any:
    """Return the voices of espeak-ng, or None where it is not installed: the node says so when it runs."""
    from studio_speech.espeak import open_installation

    try:
        return open_installation()[1]
    except StudioError:
        return None
