"""Codecs: what is decoded equals what was encoded, in kind too; what is damaged says so."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api import Audio, Image, Mask, Model, Packed, StreamType, ValueType
from studio.api.builtin import create_builtin_value_types
from studio.api.color import ColorSpace
from studio.cache import Digester
from studio.cache.codec import Codecs, is_plain
from studio.errors import CacheError

TYPES = create_builtin_value_types()
CODECS, DIGEST = Codecs(TYPES), Digester(TYPES).digest
NOISE = np.random.default_rng(1)


def restore(value: Any) -> Any:
    """Encode and decode."""
    encoded = CODECS.encode(value)
    assert encoded is not None
    return CODECS.decode(encoded.codec, encoded.data)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        2**80,
        1.5,
        -0.0,
        5e-324,
        math.inf,
        "",
        "é\n\0",
        "\ud800",
        [],
        [[], {}],
        {"a": [1, 1.0, True, None]},
        Model("builtin:x"),
        Model("hub:a/b@main", (("half", True), ("n", 2))),
    ],
)
def test_a_plain_value_comes_back_as_it_was(value: Any) -> None:
    assert restore(value) == value
    assert DIGEST(restore(value)) == DIGEST(value)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_json_keeps_its_digest(value: Any) -> None:
    assert DIGEST(restore(value)) == DIGEST(value)


@pytest.mark.parametrize(
    "value",
    [Image(NOISE.integers(0, 256, (5, 7, c), np.uint8)) for c in (1, 3, 4)]
    + [
        Image(NOISE.random((5, 7, 3), np.float32)),
        Image(NOISE.integers(0, 65536, (5, 7), np.uint16)),
        Mask(NOISE.random((3, 9))),
    ]
    + [Audio(NOISE.random((100, 2), np.float32) - 0.5, 44100), Audio(np.zeros((0, 1), np.float32), 8000)],
)
def test_media_come_back_without_loss(value: Any) -> None:
    restored = restore(value)

    assert type(restored) is type(value)
    assert DIGEST(restored) == DIGEST(value)


def test_what_is_restored_cannot_be_written_to() -> None:
    restored = restore(Image(NOISE.random((4, 4, 3), np.float32)))

    with pytest.raises(ValueError, match="read-only"):
        restored.pixels[0, 0, 0] = 1


def test_equal_values_are_stored_as_equal_bytes() -> None:
    def encode() -> bytes:
        encoded = CODECS.encode(Audio(np.ones((10, 1), np.float32), 8000))
        assert encoded is not None
        return encoded.data

    assert encode() == encode()


def test_a_list_of_media_is_stored_entry_by_entry() -> None:
    images = [Image(np.full((2, 2), i, np.uint8)) for i in range(3)]
    encoded = CODECS.encode(images, DIGEST)
    assert encoded is not None

    assert encoded.codec == "list"
    assert json.loads(encoded.data) == [DIGEST(image) for image in images]
    assert encoded.entries == tuple(images)


@pytest.mark.parametrize("value", [object(), (1, 2), {1: 2}, b"bytes", {1}, np.zeros(3), {"a": (1,)}])
def test_what_has_no_codec_is_told_apart(value: Any) -> None:
    assert not is_plain(value)
    assert CODECS.encode(value) is None


@pytest.mark.parametrize("cut", [0, 4, 8, 20, -1])
def test_a_cut_blob_is_an_error(cut: int) -> None:
    encoded = CODECS.encode(Image(np.zeros((4, 4, 3), np.uint8)))
    assert encoded is not None

    with pytest.raises(CacheError, match="E403"):
        CODECS.decode(encoded.codec, encoded.data[:cut])


@pytest.mark.parametrize("codec", ["array:unknown", "nonsense", "header:image", "stream:image", ""])
def test_an_unknown_codec_is_an_error(codec: str) -> None:
    with pytest.raises(CacheError, match="E403"):
        CODECS.decode(codec, b"{}")


def test_measuring_counts_what_a_list_holds() -> None:
    images = [Image(np.zeros((100, 100, 3), np.uint8)) for _ in range(4)]

    assert CODECS.measure(images) >= 4 * 30_000
    assert CODECS.measure({"a": "x" * 1000}) >= 1000


@pytest.mark.parametrize("color", [ColorSpace("linear", "acescg"), ColorSpace("log", "bt2020", "limited")])
@pytest.mark.parametrize("samples", [NOISE.normal(size=(5, 7), scale=9), NOISE.integers(0, 256, (5, 7), np.uint8)])
@pytest.mark.parametrize("kind", [Image, Mask])
def test_a_color_space_comes_back_with_its_samples(kind: type[Image | Mask], samples: Any, color: ColorSpace) -> None:
    value = kind(samples, color=color)

    restored = restore(value)

    assert restored == value
    assert restored.color == color
    assert DIGEST(restored) == DIGEST(value) != DIGEST(kind(np.zeros((5, 7), np.uint8), color=color))


def test_color_spaces_of_equal_samples_have_digests_of_their_own() -> None:
    samples = NOISE.integers(0, 256, (5, 7, 3), np.uint8)
    colors = [ColorSpace(), ColorSpace("linear"), ColorSpace("linear", "acescg"), ColorSpace(range="limited")]

    assert len({DIGEST(Image(samples, color=color)) for color in colors}) == len(colors)


@pytest.mark.parametrize(
    ("dtype", "image", "mask"),
    [
        # of 0.1.0, which knew no color spaces: digest and SHA-256 of the stored bytes, 16 digits each
        (np.uint8, ("c228bf15c1b9b5fb", "0046131f2d3871e2"), ("888f167d8f6b4e17", "1f301e58d2f53083")),
        (np.uint16, ("9d94797de4fd39fb", "c2e6548a201998ac"), ("2e5dc76ae7e6b3d8", "d4ce51d4ce1a4fff")),
        (np.float32, ("92cd7ed02f020bc2", "d010754d7cc35693"), ("d1b16a0d6a1192dc", "4e0ec3223e0c4730")),
    ],
)
def test_srgb_values_keep_the_digests_and_the_bytes_that_they_always_had(
    dtype: type, image: tuple[str, str], mask: tuple[str, str]
) -> None:
    ramp = np.arange(10 * 12 * 3).reshape(10, 12, 3)
    samples = {np.uint8: ramp % 256, np.uint16: ramp * 181, np.float32: ramp / 360}[dtype].astype(dtype)

    for value, expected in ((Image(samples), image), (Mask(samples[:, :, 0]), mask)):
        encoded = CODECS.encode(value)
        assert encoded is not None
        assert (DIGEST(value)[:16], hashlib.sha256(encoded.data).hexdigest()[:16]) == expected


class Leaving(ValueType[Path]):
    """A value type of a plugin that ends the program where it should decode."""

    name, python = "leaving", Path

    def unpack(self, packed: Packed) -> Path:
        """End the program."""
        raise SystemExit("bye")


class LeavingStream(StreamType[Path]):
    """A stream type that does so."""

    name, python, stored_extension = "leaving", Path, "bin"

    def decode(self, path: Path) -> Path:
        """End the program."""
        raise SystemExit("bye")


def test_a_decoder_that_ends_the_program_makes_the_entry_unusable(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="cannot be decoded: SystemExit: bye"):
        Codecs([Leaving()]).decode("header:leaving", b"{}")
    with pytest.raises(CacheError, match="cannot be decoded: SystemExit: bye"):
        Codecs([LeavingStream()]).open_stream("stream:leaving", tmp_path)
