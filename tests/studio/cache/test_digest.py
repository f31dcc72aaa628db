"""The collision suite: values that differ have digests that differ, and equal ones have one."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.api import Audio, File, Image, Mask, Model, OutputPath, Video, VideoType
from studio.api.builtin import create_builtin_value_types
from studio.cache import Digester, Undigestable, digest_list, hash_parts
from studio.cache.digest import hash_array


@pytest.fixture(scope="module")
def digest() -> Callable[[Any], str]:
    """The digest of a value."""
    return Digester(create_builtin_value_types()).digest


def nest(depth: int, value: Any) -> Any:
    """Return a value inside so many lists."""
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 1.0),
        (1, True),
        (1, "1"),
        (1.0, True),
        (0, False),
        (0, -0.0),
        (0.0, -0.0),
        (None, False),
        (None, 0),
        (None, "None"),
        ("", None),
        ("", []),
        ([], {}),
        ([], ()),
        ((), {}),
        (b"", ""),
        (b"", []),
        ([[]], []),
        ([None], []),
        ([""], []),
        ([1, 2], (1, 2)),
        (["ab", "c"], ["a", "bc"]),
        (["a", "b"], "ab"),
        (["a"], "a"),
        (b"ab", "ab"),
        (b"ab", [97, 98]),
        ([1, [2]], [[1], 2]),
        ([1, 2], [2, 1]),
        ([[1], [2]], [[1, 2]]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, [["a", 1]]),
        ({"a": 1}, [("a", 1)]),
        ({"a": {"b": 1}}, {"a": ["b", 1]}),
        ({"a": None}, {}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({1: "a"}, {"1": "a"}),
        (math.nan, "nan"),
        (math.inf, -math.inf),
        (math.nan, math.inf),
        (2**63, -(2**63)),
        (2**64, 0),
        (2**53, float(2**53)),
        ("é", "e\u0301"),
        ("\ud800", "\udfff"),
        ("s3:abc", "abc"),
        (5e-324, 0.0),
        (1.0, 1.0000000000000002),
    ],
)
def test_values_that_differ_in_kind_or_order_differ(digest: Callable[[Any], str], first: Any, second: Any) -> None:
    assert digest(first) != digest(second)


def test_whole_numbers_of_any_length_differ(digest: Callable[[Any], str]) -> None:
    assert digest(10**5000) != digest(10**5000 + 1)


def test_nesting_is_seen_at_depth_forty(digest: Callable[[Any], str]) -> None:
    digests = [digest(nest(depth, value)) for depth in (39, 40, 41) for value in (1, 1.0, "1", True, None, [])]

    assert len(set(digests)) == 18


def test_nesting_beyond_measure_has_no_digest(digest: Callable[[Any], str]) -> None:
    with pytest.raises(Undigestable):
        digest(nest(200, 1))


def test_a_class_and_a_mapping_differ(digest: Callable[[Any], str]) -> None:
    weights = Model("builtin:a", (("half", True),))
    file = File(Path("/x/a.png"), "0" * 64, 3)

    assert digest(weights) != digest(weights.to_json())
    assert digest(Model("builtin:a")) != digest("builtin:a")
    assert digest(file) not in (digest("0" * 64), digest({"path": "/x/a.png"}))
    assert digest(OutputPath(Path("/x/y"), "y")) != digest("y")


def test_a_file_counts_by_its_content_alone(digest: Callable[[Any], str]) -> None:
    assert digest(File(Path("/x/a.png"), "1" * 64, 3)) == digest(File(Path("/y/b.png"), "1" * 64, 3))


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        1j,
        np.float64(1.0),
        np.ma.masked_array([1, 2], [True, False]),
        np.zeros(2, [("a", "i4"), ("b", "i4")]),
        np.array([object()]),
        range(3),
    ],
)
def test_what_is_no_value_has_no_digest(digest: Callable[[Any], str], value: Any) -> None:
    with pytest.raises(Undigestable):
        digest(value)


def test_an_array_at_an_input_has_the_digest_of_an_array(digest: Callable[[Any], str]) -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)

    assert digest(array) == hash_array(array).hex()
    assert digest(array) != digest(array.tolist())


def test_arrays_differ_by_shape_dtype_byte_order_and_content() -> None:
    arrays = [
        np.zeros(shape, dtype)
        for shape, dtype in product(
            [(), (0,), (0, 3), (3, 0), (1,), (6,), (2, 3), (3, 2), (1, 6), (6, 1), (1, 2, 3)],
            ["u1", "i1", "<u2", ">u2", "<i2", "<u4", "<f2", "<f4", ">f4", "<f8", ">f8", "?", "<i8", "<c8"],
        )
    ]
    arrays += [np.array([0.0], "f4") + value for value in (1.0, 2.0)] + [np.array([-0.0], "f4")]

    assert len({hash_array(array) for array in arrays}) == len(arrays)


def test_an_array_is_its_content_not_its_memory_layout() -> None:
    array = np.arange(12, dtype=np.int32).reshape(3, 4)

    assert (
        hash_array(array)
        == hash_array(np.asfortranarray(array))
        == hash_array(np.arange(24, dtype="i4").reshape(3, 8)[:, ::2] // 2)
    )
    assert hash_array(array) != hash_array(array.T)


def test_equal_pictures_have_one_digest_whatever_they_came_from(digest: Callable[[Any], str]) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    digests = {
        digest(Image(made))
        for made in (levels, levels.astype(np.uint16) * 257, levels / np.float32(255), (levels / 255.0))
    }

    assert len(digests) == 1


def test_media_of_different_kinds_differ(digest: Callable[[Any], str]) -> None:
    zeros = np.zeros((4, 4), np.uint8)
    media = [
        Image(zeros),
        Mask(zeros),
        Image(zeros[:2]),
        Image(zeros[:, :2]),
        Image(np.zeros((4, 4, 3), np.uint8)),
        Audio(np.zeros((4, 4), np.float32), 8000),
        Audio(np.zeros((4, 4), np.float32), 8001),
        Audio(np.zeros(16, np.float32), 8000),
        [Image(zeros)],
        [Image(zeros), Image(zeros)],
        {"a": Image(zeros)},
    ]

    assert len({digest(medium) for medium in media}) == len(media)


def test_a_large_set_is_pairwise_distinct(digest: Callable[[Any], str]) -> None:
    plain = [None, True, False, "", "a", "1", "true", b"", b"a", 0, 1, -1, 2**70, 0.0, -0.0, 1.0, math.nan, math.inf]
    values: list[Any] = [
        *plain,
        *range(2, 3000),
        *(i / 7 for i in range(1, 3000, 2) if i % 7),
        *(f"t{i}" for i in range(3000)),
    ]
    values += [[a, b] for a, b in product(plain, plain)] + [(a, b) for a, b in product(plain, plain)]
    values += [{"k": [a], "l": b} for a, b in product(plain, plain)] + [[[a], b] for a, b in product(plain, plain)]

    assert len({digest(value) for value in values}) == len(values)


def test_the_order_of_keys_does_not_matter(digest: Callable[[Any], str]) -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert hash_parts({"a": "1", "b": "2"}) == hash_parts({"b": "2", "a": "1"})


def test_every_nan_is_one(digest: Callable[[Any], str]) -> None:
    assert digest(math.nan) == digest(-math.nan) == digest(float(np.array(0x7FF8000000000001, "u8").view("f8")))


def test_a_list_is_known_by_the_digests_of_its_entries(digest: Callable[[Any], str]) -> None:
    entries = [1, "a", [2.0], Image(np.zeros((2, 2), np.uint8))]

    assert digest_list(digest(entry) for entry in entries) == digest(entries)


def test_parts_are_length_prefixed() -> None:
    assert (
        len({hash_parts(p) for p in ({"ab": "c"}, {"a": "bc"}, {"a": "b", "c": ""}, {"abc": ""}, {}, {"": "abc"})}) == 6
    )


def freeze(value: Any) -> Any:
    """Return a value that is equal for equal typed JSON only."""
    if isinstance(value, list):
        return ("list", *(freeze(entry) for entry in value))
    if isinstance(value, dict):
        return ("dict", frozenset((key, freeze(entry)) for key, entry in value.items()))
    if isinstance(value, float):
        return ("float", value.hex())
    return (type(value).__name__, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_digests_are_equal_exactly_where_values_are(first: Any, second: Any) -> None:
    digest = Digester([]).digest

    assert (digest(first) == digest(second)) == (freeze(first) == freeze(second))


def test_a_view_of_a_file_is_another_value_when_reading_changes(tmp_path: Path) -> None:
    class Older(VideoType):
        reading_code = 1

    (tmp_path / "a.mp4").write_bytes(b"any")
    video = Video(lambda: iter(()), width=1, height=1, rate=Fraction(25), origin=tmp_path / "a.mp4")

    digests = {Digester([kind]).digest(video) for kind in (VideoType(), Older())}

    assert len(digests) == 2
