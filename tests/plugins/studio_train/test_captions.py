"""Captions: one each, one for all, from a file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import File, StudioError
from studio_train.captions import check_captions, read_captions


def make_file(folder: Path, content: bytes) -> File:
    """Write a file of captions."""
    path = folder / "captions.txt"
    path.write_bytes(content)
    return File(path, "0" * 64, len(content))


def test_one_caption_is_for_all_images() -> None:
    assert read_captions(["a hat"], None, 3) == ["a hat"] * 3
    assert read_captions(["a hat", "a cap"], None, 2) == ["a hat", "a cap"]


@pytest.mark.parametrize("content", [b"a hat\na cap\n", b"\xef\xbb\xbfa hat\r\na cap\r\n\r\n"])
def test_a_file_has_a_caption_in_each_line(tmp_path: Path, content: bytes) -> None:
    assert read_captions(None, make_file(tmp_path, content), 2) == ["a hat", "a cap"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a hat\n\na cap\n", "caption 2 is empty"),
        (b"a hat\na cap\n", "2 captions for 3"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "0 captions"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(StudioError, match=words) as raised:
        read_captions(None, make_file(tmp_path, content), 3)

    assert raised.value.code == "E696"


@pytest.mark.parametrize(
    ("captions", "words"),
    [
        (None, "no captions"),
        ([], "no captions"),
        (["a hat", "a cap"], "2 captions for 3"),
        (["a hat", " ", "a cap"], "caption 2 is empty"),
    ],
)
def test_captions_that_do_not_fit_are_refused(captions: list[str] | None, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        check_captions(captions, [None] * 3)  # type: ignore[list-item]  # only how many matters


def test_captions_are_given_once(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="both given"):
        check_captions(["a hat"], [], make_file(tmp_path, b"a hat"))
