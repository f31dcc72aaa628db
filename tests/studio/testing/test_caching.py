"""Checks of a node type in the cache and in a graph: unkeyed inputs, codecs, fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from studio.api import (
    Context,
    Packed,
    Unkeyed,
    ValueType,
    node,
)
from studio.testing import check_node_type
from tests.studio.testing.conftest import find_failures


@node("bad.unkeyed")
def use_unkeyed(ctx: Context, text: str, *, times: Annotated[int, Unkeyed] = 2) -> str:
    """Repeat a text as often as an input says that is no part of the fingerprint.

    Args:
        text: Text to use.
        times: How often.
    """
    return text * times


@node("good.unkeyed")
def ignore_unkeyed(ctx: Context, text: str, *, threads: Annotated[int, Unkeyed] = 2) -> str:
    """Return a text.

    Args:
        text: Text to use.
        threads: Changes the speed only.
    """
    return text


def test_an_unkeyed_input_that_changes_the_result_is_caught() -> None:
    assert "'times'" in find_failures(use_unkeyed, text="a")["unkeyed inputs"]
    assert "unkeyed inputs" in check_node_type(ignore_unkeyed, text="a").passed


@dataclass(frozen=True)
class Note:
    """A pitch and a length."""

    studio_type: ClassVar[str] = "note"
    pitch: int
    length: float


class NoteType(ValueType[Note]):
    """Notes, stored whole."""

    name = "note"
    python = Note

    def pack(self, value: Note) -> Packed:
        """Take a note apart."""
        return Packed({"pitch": value.pitch, "length": value.length})

    def unpack(self, packed: Packed) -> Note:
        """Put it together."""
        return Note(packed.header["pitch"], packed.header["length"])


class ForgetfulType(NoteType):
    """Notes whose length is not stored."""

    def pack(self, value: Note) -> Packed:
        """Take a note apart, but for its length."""
        return Packed({"pitch": value.pitch})

    def unpack(self, packed: Packed) -> Note:
        """Put it together with a length of 1."""
        return Note(packed.header["pitch"], 1.0)


class SloppyType(NoteType):
    """Notes that come back half a tone higher."""

    def unpack(self, packed: Packed) -> Note:
        """Put it together wrong."""
        return Note(packed.header["pitch"] + 1, packed.header["length"])


class BrokenType(NoteType):
    """Notes that cannot be packed."""

    def pack(self, value: Note) -> Packed:
        """Give what is no JSON."""
        return Packed({"pitch": {1, 2}})  # type: ignore[dict-item]


@node("notes.transpose")
def transpose(ctx: Context, note: Note, *, by: int = 1) -> Note:
    """Transpose a note.

    Args:
        note: Note to keep.
        by: Shift in semitones.
    """
    return Note(note.pitch + by, note.length)


def test_a_value_type_of_a_plugin_passes() -> None:
    report = check_node_type(transpose, value_types=[NoteType()], note=Note(60, 0.5), variants={"note": Note(60, 0.25)})

    assert {"codecs", "fingerprint", "runs"} <= set(report.passed)


def test_a_codec_that_returns_something_else_is_caught() -> None:
    assert "loses" in find_failures(transpose, value_types=[SloppyType()], note=Note(60, 0.5))["codecs"]


def test_a_codec_that_leaves_something_out_is_caught_by_the_fingerprint() -> None:
    failures = find_failures(transpose, value_types=[ForgetfulType()], note=Note(60, 0.5),
                             variants={"note": Note(60, 0.25)})  # fmt: skip

    assert "'note'" in failures["fingerprint"]


def test_a_codec_that_raises_is_caught() -> None:
    assert find_failures(transpose, value_types=[BrokenType()], note=Note(60, 0.5))


def test_a_value_type_that_nobody_registers_is_reported() -> None:
    assert "value type 'note'" in find_failures(transpose, note=Note(60, 0.5))["registration"]


def test_an_input_without_a_variant_is_named_among_the_skipped() -> None:
    report = check_node_type(transpose, value_types=[NoteType()], note=Note(60, 0.5))

    assert [check.name for check in report.skipped if "sensitivity" in check.name] == ["sensitivity to note"]


@node("bad.unknown_value")
def return_object(ctx: Context) -> Any:
    """Return what no codec knows."""
    return object()


def test_an_output_without_a_digest_is_caught() -> None:
    assert "no digest" in find_failures(return_object)["codecs"]
