"""References: `File`, `OutputPath`, `Model`; and what a bare `ValueType` refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import File, MediaError, Model, ModelError, OutputPath, Packed, StreamType, ValueType
from studio.api.builtin import create_builtin_value_types
from studio.settings import MediaLimits

# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["builtin:compact", "file:/a b/c.safetensors", "file:weights", "hub:owner/name",
                                  "hub:owner/name@main", "hub:o-1/n.2@refs/pr/3"])  # fmt: skip
def test_references_are_kept_as_they_are_written(text: str) -> None:
    assert str(Model(text)) == text
    assert Model.from_json(Model(text).to_json()) == Model(text)


@pytest.mark.parametrize(
    "text", ["", "compact", "file:", "builtin:", "builtin:a b", "hub:name", "http://x/y", "hub:a/b/c"]
)
def test_text_that_is_no_reference_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ModelError, match="E601") as caught:
        Model(text)
    assert "builtin:NAME" in caught.value.hint


def test_options_are_sorted_and_come_back_from_json() -> None:
    model = Model("builtin:x", (("b", 1), ("a", "half")))

    assert model == Model("builtin:x", (("a", "half"), ("b", 1)))
    assert Model.from_json(model.to_json()) == model
    assert hash(model) == hash(Model.from_json(model.to_json()))


def test_a_reference_is_taken_apart() -> None:
    model = Model("hub:owner/name@v1")

    assert (model.scheme, model.target) == ("hub", "owner/name@v1")


# -- files -----------------------------------------------------------------------------------------


def test_files_and_paths_are_frozen_and_marked() -> None:
    file, path = File(Path("/a/b.png"), "0" * 64, 3), OutputPath(Path("/o/c.png"), "c.png")

    assert (file.name, File.studio_type, OutputPath.studio_type) == ("b.png", "file", "path")
    for frozen in (file, path):
        with pytest.raises(AttributeError):
            frozen.path = Path("/elsewhere")  # type: ignore[misc]


# -- value types -----------------------------------------------------------------------------------


class Nothing(ValueType[int]):
    """A value type that implements nothing."""

    name = "nothing"
    python = int


class Stream(StreamType[int]):
    """A stream type that implements nothing."""

    name = "river"
    python = int


def test_what_a_value_type_does_not_implement_is_told_by_name() -> None:
    for call in (lambda: Nothing().pack(1), lambda: Nothing().unpack(Packed()), lambda: Stream().encode(1, Path("x")),
                 lambda: Stream().decode(Path("x"))):  # fmt: skip
        with pytest.raises(NotImplementedError, match=r"nothing|river"):
            call()


def test_a_value_type_without_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="E511"):
        Nothing().read_file(tmp_path / "x", MediaLimits())
    with pytest.raises(MediaError, match="E512"):
        Nothing().write_file(1, tmp_path / "x", None)
    assert Nothing().read_provenance(tmp_path / "x") is None


def test_a_stream_holds_little_and_has_no_source_of_its_own() -> None:
    assert Stream().byte_size(1) < 100_000
    assert Stream().find_source(1) is None


class Grid(ValueType[Any]):
    """A value type of arrays."""

    name = "grid"
    python = np.ndarray

    def pack(self, value: Any) -> Packed:
        """Take apart."""
        return Packed(arrays={"grid": value})


def test_the_size_of_a_value_is_that_of_its_arrays() -> None:
    assert Grid().byte_size(np.zeros((10, 10), np.float32)) >= 400


def test_the_builtin_value_types_have_names_and_marked_classes() -> None:
    types = create_builtin_value_types()

    assert [t.name for t in types] == ["image", "mask", "audio", "video", "latent", "conditioning"]
    assert [getattr(t.python, "studio_type", None) for t in types] == [t.name for t in types]
