"""Value types: what they leave out says so by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import MediaError, Packed, StreamType, ValueType
from studio.settings import MediaLimits


class Nothing(ValueType[int]):
    """A value type that implements nothing."""

    name = "nothing"
    python = int


class Stream(StreamType[int]):
    """A stream type that implements nothing."""

    name = "river"
    python = int


def test_what_a_value_type_does_not_implement_is_reported_by_name() -> None:
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
