"""`Greeting`, a value of the plugin's own, and how it is stored and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from studio.api import Packed, ValueType


@dataclass(frozen=True)
class Greeting:
    """Words for somebody."""

    studio_type: ClassVar[str] = "greeting"
    words: str
    name: str


class GreetingType(ValueType[Greeting]):
    """Greetings: stored as JSON, written as text."""

    name = "greeting"
    python = Greeting
    extensions = ("txt",)

    def pack(self, value: Greeting) -> Packed:
        """Take a greeting apart."""
        return Packed({"words": value.words, "name": value.name})

    def unpack(self, packed: Packed) -> Greeting:
        """Put a greeting together again."""
        return Greeting(packed.header["words"], packed.header["name"])

    def write_file(self, value: Greeting, path: Path, provenance: str | None) -> None:
        """Write the greeting as a line of text."""
        path.write_text(f"{value.words}, {value.name}!\n", encoding="utf-8")
