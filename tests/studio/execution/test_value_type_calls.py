"""What authors say of their values is asked: `check` wherever a value comes from, `describe` in errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from fakes import get_error, graph

from studio.api import Context, MediaError, Packed, ValueType, hookimpl, node
from studio.app import RunResult, Studio
from studio.errors import GraphError
from studio.settings import Settings


class Chord:
    """Some notes."""

    studio_type: ClassVar[str] = "chord"

    def __init__(self, notes: list[int]) -> None:
        self.notes = notes


class ChordType(ValueType[Chord]):
    """Chords: at least two notes."""

    name = "chord"
    python = Chord

    def pack(self, value: Chord) -> Packed:
        """Take apart."""
        if 13 in value.notes:
            raise KeyError("pack has bad luck")
        return Packed({"notes": value.notes})

    def unpack(self, packed: Packed) -> Chord:
        """Put together."""
        return Chord(list(packed.header["notes"]))

    def check(self, value: Chord) -> None:
        """Refuse a chord of one note."""
        if 99 in value.notes:
            raise ZeroDivisionError("the check is broken")
        if len(value.notes) < 2:
            raise MediaError("CHORD1", f"{len(value.notes)} note is no chord", hint="play one more")

    def describe(self, value: Chord) -> str:
        """Say which notes."""
        if 77 in value.notes:
            raise ValueError("no words")
        return f"the chord {value.notes}"


@node("chord.play")
def play(ctx: Context, notes: list[int]) -> Chord:
    """Play a chord."""
    return Chord(notes)


@node("chord.play_each")
def play_each(ctx: Context, notes: list[int]) -> list[Chord]:
    """Play each note."""
    return [Chord([note]) for note in notes]


@node("chord.listen")
def listen(ctx: Context, chord: Chord) -> int:
    """Fail."""
    raise RuntimeError("too loud")


@pytest.fixture
def studio(tmp_path: Path) -> Any:
    """A Studio with chords."""
    functions: list[Callable[..., Any]] = [play, play_each, listen]
    plugin = SimpleNamespace(
        studio_node_types=hookimpl(lambda: functions), studio_value_types=hookimpl(lambda: [ChordType()])
    )
    settings = Settings(cache_dir=tmp_path / "cache", models_dir=tmp_path / "models", device="cpu")
    with Studio(settings, plugins=[("chord", plugin)], discover=False) as made:
        yield made


def run(studio: Studio, type_name: str, notes: list[int]) -> RunResult:
    return studio.run(graph({"a": (type_name, {"notes": notes})}, o="a"))


def test_a_valid_value_passes_its_check(studio: Studio) -> None:
    assert run(studio, "chord.play", [1, 2])["o"].notes == [1, 2]


@pytest.mark.parametrize("type_name", ["chord.play", "chord.play_each"])
def test_an_invalid_value_is_the_error_of_the_node_that_made_it(studio: Studio, type_name: str) -> None:
    error = get_error(run(studio, type_name, [1]))

    assert error.code == "E302"
    assert ": 1 note is no chord" in error.message
    assert "output 'chord" in error.message
    assert error.hint == "play one more"


def test_a_check_that_fails_itself_names_the_plugin_and_the_method(studio: Studio) -> None:
    error = get_error(run(studio, "chord.play", [99, 1]))

    assert error.code == "E315"
    assert "check of value type 'chord'" in error.message
    assert "ZeroDivisionError: the check is broken" in error.message
    assert "test_value_type_calls" in error.message


def test_a_pack_that_fails_names_the_plugin_and_the_method(studio: Studio) -> None:
    error = get_error(run(studio, "chord.play", [13, 1]))

    assert error.code == "E315"
    assert "pack of value type 'chord'" in error.message


@pytest.mark.parametrize("value", [Chord([1]), [Chord([1, 2]), Chord([1])]])
def test_a_value_that_a_caller_gives_is_checked_too(studio: Studio, value: Any) -> None:
    kind = "list[chord]" if isinstance(value, list) else "chord"
    document = {
        "studio": 1,
        "inputs": {"c": {"type": kind}},
        "nodes": {"a": {"type": "chord.listen", "inputs": {"chord": {"from": "inputs.c"}}}},
        "outputs": {"o": {"from": "a"}},
    }

    with pytest.raises(GraphError, match="CHORD1 /inputs/c: 1 note is no chord"):
        studio.run(document, {"c": value})


@pytest.mark.parametrize(("notes", "words"), [([1, 2], "chord=the chord [1, 2]"), ([77, 1], "chord=<")])
def test_an_error_describes_values_as_their_author_does(studio: Studio, notes: list[int], words: str) -> None:
    nodes = {"a": ("chord.play", {"notes": notes}), "b": ("chord.listen", {"chord": "@a"})}

    error = get_error(studio.run(graph(nodes, o="b")))

    assert "RuntimeError: too loud" in error.message
    assert error.inputs.startswith(words)  # type: ignore[attr-defined]  # a NodeError
