"""`check_value_type` passes good value types and names each kind of mistake: one per test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from studio.api import (
    Conditioning,
    ConditioningType,
    Image,
    ImageType,
    Latent,
    LatentType,
    MediaError,
    MediaLimits,
    Packed,
    ValueType,
)
from studio.testing import check_value_type


class Palette:
    """Some colors."""

    studio_type: ClassVar[str] = "palette"

    def __init__(self, colors: list[int], name: str = "") -> None:
        self.colors = colors
        self.name = name


class PaletteType(ValueType[Palette]):
    """Palettes in text files."""

    name = "palette"
    python = Palette
    extensions = ("palette",)

    def pack(self, value: Palette) -> Packed:
        return Packed({"colors": value.colors, "name": value.name})

    def unpack(self, packed: Packed) -> Palette:
        return Palette(packed.header["colors"], packed.header["name"])

    def describe(self, value: Palette) -> str:
        return f"{len(value.colors)} colors"

    def write_file(self, value: Palette, path: Path, provenance: str | None) -> None:
        path.write_text(json.dumps([value.colors, value.name, provenance]))

    def read_file(self, path: Path, limits: MediaLimits) -> Palette:
        try:
            colors, name, _ = json.loads(path.read_text())
        except ValueError as error:
            raise MediaError("E511", f"not a palette: {error}", where=str(path)) from None
        return Palette(colors, name)

    def read_provenance(self, path: Path) -> str | None:
        return str(json.loads(path.read_text())[2])


A, B = Palette([1, 2], "a"), Palette([3], "b")


def find_failures(value_type: ValueType[Any], *values: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check_value_type(value_type, *values)
    return str(caught.value)


def test_a_good_value_type_passes_every_check() -> None:
    report = check_value_type(PaletteType(), A, B)

    assert report.passed == [
        "registration",
        "values",
        "methods",
        "codec",
        "digests",
        "files",
        "damaged files",
        "unchanged",
    ]
    assert report.skipped == []


@pytest.mark.parametrize(
    ("value_type", "values"),
    [
        (LatentType(), [Latent(np.ones((4, 2, 2), np.float32), "a", 16, 16)]),
        (ConditioningType(), [Conditioning({"text": np.ones((1, 2), np.float32)}, "a", {"prompt": "b"})]),
        (ImageType(), [Image(np.full((4, 6, 3), 9, np.uint8)), Image(np.full((4, 6), 9, np.uint8))]),
    ],
)
def test_the_value_types_of_studio_do_what_is_asked_of_plugins(value_type: Any, values: list[Any]) -> None:
    assert "codec" in check_value_type(value_type, *values).passed


def test_values_are_needed_and_of_the_right_class() -> None:
    assert "no values are given" in find_failures(PaletteType())
    assert "is not Palette" in find_failures(PaletteType(), "text")


def test_a_name_that_is_taken_is_found() -> None:
    class Taken(PaletteType):
        name = "image"

    assert "E203" in find_failures(Taken(), A)


def fail(*_: Any) -> Any:
    raise ValueError("no luck")


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"check": fail}, "methods: value 0: check() of value type 'palette' raised ValueError: no luck"),
        ({"byte_size": fail}, "byte_size() of value type 'palette' raised"),
        ({"describe": fail}, "describe() of value type 'palette' raised"),
        ({"unpack": lambda packed: Palette([0])}, "codec: value 0: its codec loses data"),
        ({"pack": lambda value: Packed({"colors": value.colors, "name": value})}, "pack() returns what has no digest"),
        ({"pack": lambda value: Packed({"colors": [], "name": ""}),}, "values 0 and 1 have one digest"),
        ({"write_file": fail}, "value 0 as .palette: writing raised ValueError: no luck"),
        ({"write_file": lambda *_: None}, "write_file() wrote no file"),
        ({"find_loss": lambda *_: None}, "find_loss() returned None"),
        ({"read_provenance": lambda path: "other"}, "read_provenance() returned 'other'"),
    ],
)  # fmt: skip
def test_a_method_that_fails_is_found(methods: dict[str, Any], words: str) -> None:
    wrapped = {name: make_method(method) for name, method in methods.items()}
    bad = type("BadType", (PaletteType,), wrapped)()

    assert words in find_failures(bad, A, B)


def make_method(function: Any) -> Any:
    return lambda self, *args: function(*args)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda self, path, limits: fail(), "reading it back raised ValueError: no luck"),
        (lambda self, path, limits: "text", "read_file() returned a str"),
        (lambda self, path, limits: Palette(json.loads(path.read_text())[0], json.loads(path.read_text())[1]),
         "a file that is empty raised JSONDecodeError"),
        (lambda self, path, limits: A, "a file that is foreign was read; raise MediaError"),
    ],
)  # fmt: skip
def test_a_reader_that_fails_or_reads_anything_is_found(read: Any, words: str) -> None:
    bad = type("BadType", (PaletteType,), {"read_file": read})()

    assert words in find_failures(bad, A, B)


def test_what_a_file_loses_without_a_word_is_said() -> None:
    class Rounding(PaletteType):
        def write_file(self, value: Palette, path: Path, provenance: str | None) -> None:
            super().write_file(Palette(value.colors), path, provenance)

    report = check_value_type(Rounding(), A)

    assert "find_loss() does not say what is lost" in report.skipped[0].message


def test_a_value_that_its_methods_change_is_found() -> None:
    class Sorting(PaletteType):
        def write_file(self, value: Palette, path: Path, provenance: str | None) -> None:
            super().write_file(value, path, provenance)
            value.colors.append(7)

    assert "value 0 has another digest after" in find_failures(Sorting(), Palette([1]))


def test_a_reader_without_extensions_is_found_and_a_type_without_files_is_fine() -> None:
    class Hidden(PaletteType):
        extensions = ()

    class Plain(ValueType[Palette]):
        name = "palette"
        python = Palette
        pack = PaletteType.pack
        unpack = PaletteType.unpack

    assert "has read_file() and no extensions" in find_failures(Hidden(), A)
    assert "files" in [check.name for check in check_value_type(Plain(), A).skipped]
