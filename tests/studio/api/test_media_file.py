"""Media files opened: regular files within the limits, whatever has the name; and written whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.api.media_file import check_media, encode_text, open_media, refuse_writing, write_bytes
from studio.errors import MediaError
from studio.settings import MediaLimits

LIMITS = MediaLimits(max_file_bytes=10)


def test_a_regular_file_within_the_limit_is_opened_for_reading(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")

    with open_media(tmp_path / "a", LIMITS) as file:
        assert file.read() == b"0123456789"


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "a folder, not a file"),
        (make_fifo, "not a regular file"),
        (Path.touch, "the file is empty"),
        (lambda path: path.write_bytes(bytes(11)), "11 bytes, more than the 10 allowed"),
        (lambda path: path.symlink_to("missing"), "cannot open the file: no such file"),
        (lambda path: None, "cannot open the file: no such file"),
    ],
)
def test_what_is_no_such_file_is_refused_without_waiting(tmp_path: Path, make: object, reason: str) -> None:
    make(tmp_path / "a")  # type: ignore[operator]

    with pytest.raises(MediaError, match=reason) as caught:
        check_media(tmp_path / "a", LIMITS)
    assert (caught.value.code, caught.value.where) == ("E511", str(tmp_path / "a"))
    assert caught.value.hint


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(MediaError, match=r"cannot open the file: (open: )?embedded null"):
        check_media(Path("a\0b"), LIMITS)


def test_parts_are_written_one_after_the_other(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"one", b"", b"two")

    assert (tmp_path / "a").read_bytes() == b"onetwo"


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot write the file: no such file") as caught:
        write_bytes(tmp_path / "missing" / "a", b"one")
    assert (caught.value.code, caught.value.disk_full) == ("E512", False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_recognised_and_leaves_no_part(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/dev/full")

    with pytest.raises(MediaError, match="no space left") as caught:
        write_bytes(tmp_path / "a", b"one")
    assert caught.value.disk_full
    assert not (tmp_path / "a").is_symlink()


def test_a_refusal_to_write_says_where_to_look_unless_it_knows_better(tmp_path: Path) -> None:
    assert "free space" in refuse_writing(tmp_path, "no").hint
    assert refuse_writing(tmp_path, "no", hint="use png").hint == "use png"


def test_lone_surrogates_become_the_json_escapes_that_mean_the_same() -> None:
    assert encode_text('{"a": "Größe \ud83d"}') == '{"a": "Größe \\ud83d"}'.encode()
