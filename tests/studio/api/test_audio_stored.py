"""Long audio in the cache: exact, and refused when the file is damaged."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.api.audio import Audio
from studio.errors import MediaError
from tests.studio.api.audios import AUDIO, RNG, make_stream


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", ["int16", "float", "late float"])
def test_stored_audio_comes_back_exactly_whatever_its_blocks(tmp_path: Path, kind: str) -> None:
    samples = (RNG.integers(-32768, 32768, (200_000, 2)) / 32768.0).astype(np.float32)
    if kind == "float":
        samples *= np.float32(0.3)
    if kind == "late float":
        samples[150_000, 1] = 0.1
    audio = make_stream(samples, 777, 200_000, 44_100)

    AUDIO.encode(audio, tmp_path / "a.au")
    AUDIO.encode(make_stream(samples, 70_000, rate=44_100), tmp_path / "b.au")

    back = AUDIO.decode(tmp_path / "a.au")
    assert (back.rate, back.channels, back.frames, back.source) == (44_100, 2, 200_000, tmp_path / "a.au")
    assert AUDIO.find_source(back) == tmp_path / "a.au"
    np.testing.assert_array_equal(np.concatenate(list(back.blocks(999, 1, 199_999))), samples[1:-1])
    assert (tmp_path / "a.au").read_bytes() == (tmp_path / "b.au").read_bytes()
    assert (tmp_path / "a.au").stat().st_size == 24 + 400_000 * (2 if kind == "int16" else 4)
    assert soundfile.info(tmp_path / "a.au").frames == 200_000


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize(
    ("kept", "told"), [(24 + 8 * 100_000 + 3, "truncated"), (24 + 8 * 100_000, "frames"), (None, "open")]
)
def test_stored_audio_that_is_truncated_or_removed_while_it_is_read_is_refused(
    tmp_path: Path, kept: int | None, told: str
) -> None:
    AUDIO.encode(make_stream(RNG.normal(size=(200_000, 2)).astype(np.float32), 777), tmp_path / "a.au")
    audio = AUDIO.decode(tmp_path / "a.au")
    if kept is None:
        (tmp_path / "a.au").unlink()
    else:
        os.truncate(tmp_path / "a.au", kept)

    with pytest.raises(MediaError, match=told):
        _ = audio.samples


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF" * 9, b".snd" + bytes(40), struct.pack(">4sIIIII", b".snd", 24, 0, 3, 48_000, 0)],
)
def test_a_file_that_holds_no_stored_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.au").write_bytes(content)

    with pytest.raises(MediaError, match="invalid stored audio"):
        AUDIO.decode(tmp_path / "a.au")


def test_audio_that_is_kept_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 100)
    runs = []

    def create_blocks() -> list[np.ndarray]:
        runs.append(1)
        return [np.full((300, 1), 0.1)]

    kept = Audio.from_blocks(create_blocks, rate=8000, channels=1, frames=300).keep(tmp_path)

    assert [kept.frames for _ in kept.blocks(100)] == [300] * 3
    assert len(list(kept.blocks(50))) == 6
    assert len(runs) == 1
    assert kept.source is None
