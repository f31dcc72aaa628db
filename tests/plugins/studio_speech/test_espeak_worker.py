"""The program that loads espeak-ng, run as Studio runs it."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_speech import espeak_worker
from studio_speech.espeak import open_installation


def run(request: bytes) -> list[tuple[str, bytes]]:
    """Run the worker and return the frames of its answer."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(espeak_worker.__file__))], input=request, capture_output=True, check=True
    )
    return list(read_frames(done.stdout))


def read_frames(answer: bytes) -> Iterator[tuple[str, bytes]]:
    while answer:
        length = int.from_bytes(answer[4:8], "little")
        yield answer[:4].decode(), answer[8 : 8 + length]
        answer = answer[8 + length :]


@pytest.fixture(scope="module")
def installed() -> dict[str, Any]:
    """What every request names: the library and its data."""
    installation, _ = open_installation()
    return {"library": installation.library, "data": installation.data}


def test_an_answer_has_a_rate_samples_marks_and_an_end(installed: dict[str, Any]) -> None:
    settings = {"rate": 175, "pitch": 50, "range": 50, "volume": 100}

    frames = run(json.dumps({"do": "speak", "voice": "en-us", "text": "One two", **settings, **installed}).encode())

    assert {tag for tag, _ in frames[1:-2]} == {"PCM_"}
    assert [frames[0][0], *(tag for tag, _ in frames[-2:])] == ["RATE", "MARK", "DONE"]
    samples = sum(len(content) for tag, content in frames if tag == "PCM_") // 2
    assert 0.3 < samples / json.loads(frames[0][1]) < 3
    marks = json.loads(dict(frames)["MARK"])
    assert [character for character, _ in marks] == [0, 4]
    assert marks[0][1] < marks[1][1] < samples


def test_voices_come_with_their_languages_by_priority(installed: dict[str, Any]) -> None:
    listed = json.loads(dict(run(json.dumps({"do": "voices", **installed}).encode()))["VOIC"])

    languages = {tag for _, _, tags in listed["voices"] for _, tag in tags}
    assert {"en-gb", "de", "ja"} <= languages
    assert all(isinstance(priority, int) for _, _, tags in listed["voices"] for priority, _ in tags)
    assert "f2" in listed["variants"]


@pytest.mark.parametrize("request_text", [b"", b"[]", b'{"do": "voices", "library": "/nowhere.so", "data": null}'])
def test_what_goes_wrong_is_said_in_words_and_has_no_end(request_text: bytes) -> None:
    frames = run(request_text)

    assert [tag for tag, _ in frames] == ["FAIL"]
    assert frames[0][1]


def test_an_unknown_voice_is_named(installed: dict[str, Any]) -> None:
    frames = run(json.dumps({"do": "speak", "voice": "xx-nobody", "text": "One", **installed}).encode())

    assert frames[-1] == ("FAIL", b"unknown espeak-ng voice 'xx-nobody'")


def test_packed_languages_are_read_up_to_the_double_zero() -> None:
    packed = ctypes.create_string_buffer(b"\x05en-us\0\x02en\0\0trash")

    found = espeak_worker.read_languages(ctypes.cast(packed, ctypes.POINTER(ctypes.c_char)))

    assert found == [[5, "en-us"], [2, "en"]]
