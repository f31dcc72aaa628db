"""Node types, a value type and plugins to register."""

from __future__ import annotations

from typing import Any, ClassVar

from studio.api import Context, Packed, ValueType, node
from studio.registry import PluginRow, Registry, load_registry


class Note:
    """A value."""

    studio_type: ClassVar[str] = "note"


class NoteType(ValueType[Note]):
    """Notes."""

    name = "note"
    python = Note

    def pack(self, value: Note) -> Packed:
        """Take apart."""
        return Packed()


@node("test.make")
def make_note(ctx: Context) -> Note:
    """Make a note."""
    return Note()


@node("test.count")
def count(ctx: Context) -> int:
    """Count."""
    return 1


@node("test.count")
def count_again(ctx: Context) -> int:
    """Count again, under the same id."""
    return 2


def load(*plugins: Any) -> tuple[Registry, list[PluginRow]]:
    """Load given plugins only; return the registry and its rows."""
    registry = load_registry(plugins=[(f"p{i}", plugin) for i, plugin in enumerate(plugins)], discover=False)
    return registry, registry.plugins
