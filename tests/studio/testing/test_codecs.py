"""The methods of a value type are tried on each value: codec, check, describe, byte_size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from studio.api import Context, Packed, ValueType, node
from studio.testing import check_node_type, check_value_type
from studio.testing.codecs import find_codec_problems, find_value_problems
from studio.testing.workspace import GivenPlugin, Workspace, open_workspace
from tests.studio.testing.conftest import find_failures


class Note:
    """A pitch."""

    studio_type: ClassVar[str] = "note"

    def __init__(self, pitch: int) -> None:
        self.pitch = pitch


class NoteType(ValueType[Note]):
    """Notes, with methods that can be replaced."""

    name = "note"
    python = Note

    def __init__(self, **methods: Any) -> None:
        for name, method in methods.items():
            setattr(self, name, method)

    def pack(self, value: Note) -> Packed:
        return Packed({"pitch": value.pitch})

    def unpack(self, packed: Packed) -> Note:
        return Note(packed.header["pitch"])

    def describe(self, value: Note) -> str:
        return f"pitch {value.pitch}"


def fail(*_: Any) -> Any:
    raise ValueError("no luck")


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    with open_workspace([("notes", GivenPlugin(value_types=[NoteType(**request.param)]))]) as workspace:
        yield workspace


@pytest.mark.parametrize("opened", [{}], indirect=True)
@pytest.mark.parametrize("value", [Note(3), [Note(1), Note(2)], "text", 5])
def test_good_values_have_no_problems(opened: Workspace, value: Any) -> None:
    assert find_value_problems(opened, value) == []
    assert find_codec_problems(opened, value) == []


@pytest.mark.parametrize(
    ("opened", "words"),
    [
        ({"check": fail}, "check() of value type 'note' raised ValueError: no luck"),
        ({"check": lambda value: "bad"}, "check() returned 'bad'"),
        ({"describe": fail}, "describe() of value type 'note' raised ValueError"),
        ({"describe": lambda value: ""}, "describe() returned ''"),
        ({"describe": lambda value: "x" * 500}, "describe() returned 500 characters"),
        ({"byte_size": fail}, "byte_size() of value type 'note' raised ValueError"),
        ({"byte_size": lambda value: 1.5}, "byte_size() returned 1.5"),
        ({"byte_size": lambda value: -1}, "byte_size() returned -1"),
    ],
    indirect=["opened"],
)
def test_a_method_that_fails_is_named(opened: Workspace, words: str) -> None:
    (problem,) = find_value_problems(opened, [Note(3)])

    assert words in problem


@pytest.mark.parametrize(
    ("opened", "words"),
    [
        ({"unpack": lambda packed: Note(0)}, "its codec loses data"),
        ({"unpack": fail}, "its codec cannot read back what it wrote"),
        ({"pack": lambda value: Packed({"pitch": value})}, "pack() returns what has no digest"),
    ],
    indirect=["opened"],
)
def test_a_codec_that_fails_is_found(opened: Workspace, words: str) -> None:
    assert words in find_codec_problems(opened, Note(3))[0]


@pytest.mark.parametrize("method", ["check", "describe", "byte_size"])
def test_check_node_type_finds_a_raising_method_of_a_value_type(method: str) -> None:
    @node("notes.raise_pitch")
    def raise_pitch(ctx: Context, note: Note) -> Note:
        """Raise a note.

        Args:
            note: Note.
        """
        return Note(note.pitch + 1)

    failures = find_failures(
        raise_pitch, value_types=[NoteType(**{method: fail})], note=Note(3), variants={"note": Note(9)}
    )

    assert f"{method}() of value type 'note' raised ValueError: no luck" in failures["values"]


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"pack": lambda value: Packed(5)}, "header of Packed must be a mapping from names, not 5"),  # type: ignore[arg-type]
        ({"pack": lambda value: Packed({}, [1])}, "arrays of Packed must be a mapping from names, not [1]"),  # type: ignore[arg-type]
        ({"pack": lambda value: 5}, "returned 5, not a Packed"),
        ({"pack": fail}, "raised ValueError: no luck"),
        ({"check": exit}, "check() of value type 'note' raised SystemExit"),
        ({"byte_size": exit}, "byte_size() of value type 'note' raised SystemExit"),
    ],
)
def test_a_node_type_whose_values_cannot_be_taken_apart_is_a_finding(methods: dict[str, Any], words: str) -> None:
    @node("notes.raise_pitch")
    def raise_pitch(ctx: Context, note: Note) -> Note:
        """Raise a note.

        Args:
            note: Note.
        """
        return note

    with pytest.raises(AssertionError) as of_node:
        check_node_type(raise_pitch, value_types=[NoteType(**methods)], note=Note(3))
    with pytest.raises(AssertionError) as of_type:
        check_value_type(NoteType(**methods), Note(3), Note(4))

    assert words in str(of_node.value)
    assert words in str(of_type.value)


def test_a_failure_is_placed_in_the_authors_file() -> None:
    value_type = NoteType(pack=lambda value: Packed(5))  # type: ignore[arg-type]

    with pytest.raises(AssertionError) as caught:
        check_value_type(value_type, Note(3))

    assert f"({__file__}:" in str(caught.value)
