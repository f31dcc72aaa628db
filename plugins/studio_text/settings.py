"""`TextSettings`: what a user sets for the plugin, in `[plugins.text]` or the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from studio.api import Field, PluginSettings, Secret, Unkeyed


@dataclass(frozen=True)
class TextSettings(PluginSettings):
    """Settings of the plugin.

    Attributes:
        server: Address of an OpenAI-compatible server, to which "/chat/completions" is added. A graph cannot name it.
        server_key: Key that is sent to it, best as STUDIO_PLUGINS_TEXT_SERVER_KEY in the environment.
        allow_remote: Whether the server may be another machine.
        timeout_seconds: Longest time for an answer.
    """

    server: Annotated[str, Field(max_length=2000)] = "http://127.0.0.1:11434/v1"
    server_key: Secret | None = None
    allow_remote: Annotated[bool, Unkeyed] = False
    timeout_seconds: Annotated[float, Unkeyed, Field(gt=0, le=86_400)] = 600.0
