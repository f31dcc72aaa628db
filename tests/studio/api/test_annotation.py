"""Annotations: which type of value each means, its marks and limits, and what is refused."""

from __future__ import annotations

import collections.abc
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Optional, TypeVar

import pytest

from studio.api import Audio, Channels, Field, File, Image, JsonValue, Lazy, Model, OutputPath, Unkeyed
from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.type_spec import TypeSpec

T = TypeVar("T")


def test_annotations_are_parsed_with_their_marks() -> None:
    assert parse_annotation(Annotated[int | None, Lazy]) == (TypeSpec("int", optional=True), frozenset({"lazy"}))
    assert parse_annotation(Annotated[str, Unkeyed])[1] == {"unkeyed"}
    assert parse_annotation(JsonValue)[0] == TypeSpec("json")
    assert parse_annotation(Sequence[int])[0] == TypeSpec("int", depth=1)
    assert parse_annotation(list[JsonValue])[0] == TypeSpec("json", depth=1)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, TypeSpec("text")),
        (bool, TypeSpec("bool")),
        (float, TypeSpec("float")),
        (int | float, TypeSpec("number")),
        (int | float | None, TypeSpec("number", optional=True)),
        (Optional[Image], TypeSpec("image", optional=True)),  # noqa: UP045  (both ways of writing it)
        (Literal["a", 2], TypeSpec("choice", choices=("a", 2))),
        (list[list[Audio]], TypeSpec("audio", depth=2)),
        (collections.abc.Sequence[bool], TypeSpec("bool", depth=1)),
        (Any, TypeSpec("any")),
        (T, TypeSpec("any", variable="T")),
        (list[T], TypeSpec("any", depth=1, variable="T")),
        (File, TypeSpec("file")),
        (OutputPath, TypeSpec("path")),
        (Model, TypeSpec("model")),
    ],
)
def test_every_annotation_means_one_type(annotation: Any, expected: TypeSpec) -> None:
    assert parse_annotation(annotation) == (expected, frozenset())


def test_limits_of_nested_annotations_are_joined() -> None:
    spec, _ = parse_annotation(Annotated[Annotated[int, Field(ge=1)], Field(le=8, unit="pixels")])

    assert spec.limits == Field(ge=1, le=8, unit="pixels")


def test_channels_are_for_images() -> None:
    assert parse_annotation(Annotated[Image, Channels(3, 4)])[0].channels == {3, 4}
    with pytest.raises(AnnotationProblem, match="is for images"):
        parse_annotation(Annotated[Audio, Channels(2)])


@pytest.mark.parametrize("annotation", [int | str, str | None | bool, dict[str, int], 7, complex, "Image"])
def test_what_means_no_value_is_refused(annotation: Any) -> None:
    with pytest.raises(AnnotationProblem):
        parse_annotation(annotation)
