"""Settings of marks: the key."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api import PluginSettings, Secret, StudioError

PUBLIC_KEY = b"studio public mark key 1"
"""The key without a setting: everybody has it, so that everybody finds marks that were made without a key."""
_SHORTEST = 16


@dataclass(frozen=True)
class ProvenanceSettings(PluginSettings):
    """Settings of provenance.

    Attributes:
        mark_key: The key of your marks, at least 16 characters; without it, one that everybody has.
    """

    mark_key: Secret | None = None


def read_key(settings: ProvenanceSettings) -> bytes:
    """Return the key that marks are made and found with.

    Raises:
        StudioError: E650 for a key that is too short.
    """
    if settings.mark_key is None:
        return PUBLIC_KEY
    key = settings.mark_key.reveal().encode()
    if len(key) < _SHORTEST:
        hint = "python -c 'import secrets; print(secrets.token_hex(32))' makes one"
        raise StudioError("E650", f"the key of marks is shorter than {_SHORTEST} characters", hint=hint)
    return key


def name_key(settings: ProvenanceSettings) -> str:
    """Return which key is in use, in a word: "public" or "yours"."""
    return "public" if settings.mark_key is None else "yours"
