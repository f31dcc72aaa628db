"""RIFF chunks: files written by hand, WebP files of Pillow and WAV files of the standard library."""

from __future__ import annotations

import io
import struct

import PIL.Image
import pytest

from studio.api.formats import riff


def make_riff(*chunks: bytes, form: bytes = b"WAVE", kind: bytes = b"RIFF") -> io.BytesIO:
    body = form + b"".join(chunks)
    return io.BytesIO(kind + struct.pack("<I", len(body)) + body)


def make_chunk(kind: bytes, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return kind + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def make_webp(**options: object) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGBA", (300, 17), (1, 2, 3, 128)).save(file, "WEBP", **options)
    return file.getvalue()


def test_a_chunk_is_padded_to_an_even_length_which_its_own_leaves_out() -> None:
    assert riff.build_chunk(b"note", b"abc") == b"note\x03\0\0\0abc\0"
    assert riff.build_chunk(b"note", b"ab") == b"note\x02\0\0\0ab"


@pytest.mark.parametrize("kind", [b"RIFF", b"RF64"])
def test_chunks_that_are_kept_come_in_order(kind: bytes) -> None:
    file = make_riff(make_chunk(b"fmt ", b"x"), make_chunk(b"junk", b"yy"), make_chunk(b"LIST", b"zzz"), kind=kind)

    found = list(riff.iterate_chunks(file, b"WAVE", frozenset({b"fmt ", b"LIST"})))

    assert found == [(b"fmt ", b"x"), (b"LIST", b"zzz")]


def test_a_chunk_that_is_cut_off_ends_the_file() -> None:
    file = make_riff(make_chunk(b"fmt ", b"x"), make_chunk(b"LIST", b"zz", length=100))

    assert list(riff.iterate_chunks(file, b"WAVE", frozenset({b"fmt ", b"LIST"}))) == [(b"fmt ", b"x")]


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFX\0\0\0\0WAVE", b"RIFF\0\0\0\0WEBP"])
def test_a_file_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a file of this form"):
        list(riff.iterate_chunks(io.BytesIO(data), b"WAVE", frozenset()))


@pytest.mark.parametrize(
    "options", [{"lossless": False}, {"lossless": True}, {"lossless": False, "exif": b"Exif\0\0"}], ids=str
)
def test_the_size_of_every_webp_of_pillow_is_found(options: dict[str, object]) -> None:
    assert riff.find_webp_size(make_webp(**options)[:30]) == (300, 17)


def test_the_size_of_a_simple_lossy_webp_is_found() -> None:
    file = io.BytesIO()
    PIL.Image.new("RGB", (301, 18)).save(file, "WEBP", lossless=False)

    assert file.getvalue()[12:16] == b"VP8 "
    assert riff.find_webp_size(file.getvalue()[:30]) == (301, 18)


@pytest.mark.parametrize("head", [b"", make_webp()[:29], b"RIFF\0\0\0\0WEBPVP8Z" + bytes(20)])
def test_a_head_that_says_no_size_has_none(head: bytes) -> None:
    assert riff.find_webp_size(head) is None
