"""`Subject`: a node type with its example, called and run as the executor would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from studio.api import Cancelled, Context, Image, Lazy, Model, OutputPath, TypeSpec, get_node_type, node
from studio.api.type_spec import ValueProblem
from studio.testing.subject import NODE, BadOutput, Subject, open_subject, write_literal


@node("subject.repeat")
def repeat(ctx: Context, text: str, *, times: int = 2) -> str:
    """Repeat a text."""
    ctx.step(1, 2)
    ctx.step(2, 2)
    return text * times


@node("subject.shade")
def shade(ctx: Context, image: Image) -> Image:
    """Return an image."""
    return image


@node("subject.choose", needs=lambda first, **_: ("a",) if first else ("b",))
def choose(
    ctx: Context, first: bool, *, a: Annotated[str | None, Lazy] = None, b: Annotated[str | None, Lazy] = None
) -> str:
    """Choose one of two texts."""
    return str(a if first else b)


@node("subject.end")
def end(ctx: Context, code: int) -> int:
    """End the program."""
    raise SystemExit(code)


def open_one(function: Any) -> Any:
    return open_subject(get_node_type(function), None, ())


@pytest.fixture
def repeated() -> Iterator[Subject]:
    """The node type that repeats a text, with an example."""
    with open_one(repeat) as (subject, problems):
        assert problems == []
        subject.example["text"] = "ab"
        yield subject


def test_a_call_takes_the_example_and_the_defaults(repeated: Subject) -> None:
    called = repeated.call()

    assert repeated.inputs == {"text": "ab", "times": 2}
    assert list(called.values.values()) == ["abab"]
    assert called.error is None
    assert called.seconds > 0
    assert all(called.digests.values())


def test_equal_outputs_have_equal_digests(repeated: Subject) -> None:
    first, second = repeated.call(), repeated.call({"text": "abab", "times": 1})
    third = repeated.call({"text": "ab", "times": 3})

    assert first.digests == second.digests != third.digests


def test_a_call_can_be_cancelled_at_a_step(repeated: Subject) -> None:
    called = repeated.call(cancel_at_step=2)

    assert isinstance(called.error, Cancelled)
    assert called.context.steps == [(1, 2), (2, 2)]
    assert called.values == {}


def test_even_the_end_of_the_program_becomes_an_error() -> None:
    with open_one(end) as (subject, _):
        called = subject.call({"code": 3})

    assert isinstance(called.error, SystemExit)


def test_an_output_of_another_type_is_refused(repeated: Subject) -> None:
    with pytest.raises(BadOutput, match="expected"):
        repeated.read_outputs(7)


def test_lazy_inputs_that_are_not_asked_for_are_not_passed() -> None:
    with open_one(choose) as (subject, _):
        subject.example |= {"first": True, "a": "x", "b": "y"}

        assert subject.unwanted == {"b"}
        assert subject.inputs == {"first": True, "a": "x", "b": None}
        assert list(subject.call().values.values()) == ["x"]


def test_text_and_paths_of_an_example_become_what_a_node_gets(repeated: Subject, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")

    file = repeated.convert(TypeSpec("file"), path)
    output = repeated.convert(TypeSpec("path"), "side/b.png")

    assert (file.path, file.size) == (path.resolve(), 3)
    assert output.name == "side/b.png"
    assert output.path.parent.is_dir()
    assert repeated.convert(TypeSpec("model"), "builtin:a") == Model("builtin:a")
    assert repeated.convert(TypeSpec("model", depth=1), ["builtin:a"]) == [Model("builtin:a")]
    with pytest.raises(ValueProblem):
        repeated.convert(TypeSpec("int"), "x")


def test_plain_values_are_literals_of_its_graph_and_media_are_inputs() -> None:
    image = Image(np.zeros((4, 4), np.uint8))
    with open_one(shade) as (subject, _):
        document, given = subject.write_graph({"image": image})

        assert document["nodes"][NODE]["inputs"] == {"image": {"from": "inputs.image"}}
        assert document["inputs"] == {"image": {"type": "image"}}
        assert given["image"] is image


def test_its_fingerprint_changes_with_its_inputs(repeated: Subject) -> None:
    first = repeated.find_fingerprint({"text": "ab"})

    assert len(first) == 64
    assert repeated.find_fingerprint({"text": "ab"}) == first
    assert repeated.find_fingerprint({"text": "cd"}) != first


@pytest.mark.parametrize(
    ("spec", "value", "literal"),
    [
        (TypeSpec("int"), 3, 3),
        (TypeSpec("json"), {"a": 1}, {"literal": {"a": 1}}),
        (TypeSpec("int", depth=1), [1], {"literal": [1]}),
        (TypeSpec("model"), Model("builtin:a"), "builtin:a"),
        (TypeSpec("path"), OutputPath(Path("/x/a.png"), "a.png"), "a.png"),
        (TypeSpec("image"), Image(np.zeros((1, 1), np.uint8)), None),
    ],
)
def test_a_graph_holds_plain_values_as_literals(spec: TypeSpec, value: Any, literal: Any) -> None:
    assert write_literal(spec, value) == literal


def test_a_plugin_that_lacks_the_node_type_is_a_problem() -> None:
    class Empty:
        """A plugin that provides nothing."""

    with open_subject(get_node_type(repeat), Empty(), ()) as (subject, problems):
        assert subject.declared.id == "subject.repeat"
        assert "does not return 'subject.repeat'" in problems[0]
