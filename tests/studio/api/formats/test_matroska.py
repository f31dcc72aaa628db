"""Whether Matroska files end before their header says."""

from __future__ import annotations

import io

import pytest

from studio.api.formats.matroska import is_cut_off

HEADER = bytes.fromhex("1A45DFA3 84 42868101")
SEGMENT = bytes.fromhex("18538067")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (HEADER + SEGMENT + b"\x84" + b"data", False),
        (HEADER + SEGMENT + b"\x84" + b"dat", True),
        (HEADER + SEGMENT + b"\x01\0\0\0\0\0\0\x04" + b"data", False),
        (HEADER + SEGMENT + b"\x01\0\0\0\0\0\0\x04", True),
        (HEADER + SEGMENT + b"\x01\xff\xff\xff\xff\xff\xff\xff" + b"dat", False),
        (HEADER + SEGMENT + b"\xff" + b"dat", False),
        (HEADER + SEGMENT + b"\x01\0", False),
        (HEADER + b"\xec\x83abc" + SEGMENT + b"\x84dat", True),
        (HEADER, False),
        (b"", False),
        (b"\0junk", False),
    ],
)
def test_a_segment_that_is_longer_than_the_file_is_cut_off(data: bytes, expected: bool) -> None:
    assert is_cut_off(io.BytesIO(data)) is expected
