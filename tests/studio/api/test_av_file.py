"""Files through FFmpeg: limits while decoding, and nothing reached but the file itself."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from studio.api.audio import Audio
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.audios import AUDIO, LIMITS, RNG, check_refused, make_tone


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("extension", ["flac", "mp3"])
def test_long_file_that_changes_after_it_was_opened_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), path, None)
    audio = AUDIO.read_file(path, LIMITS)
    assert audio.frames == 60_000
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), path, None)

    with pytest.raises(MediaError, match="has changed since it was opened") as caught:
        list(audio.blocks())
    assert (caught.value.code, caught.value.where) == ("E511", str(path))
    path.unlink()
    with pytest.raises(MediaError, match="was removed since it was opened"):
        list(audio.blocks())


@pytest.mark.parametrize(("codec", "kind", "rate"), [("aac", "mp4", 44_100), ("libopus", "ogg", 48_000)])
def test_aac_and_opus_are_read_at_their_length(tmp_path: Path, codec: str, kind: str, rate: int) -> None:
    audio = make_tone(1.0, rate)
    with av.open(str(tmp_path / "a.bin"), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(audio.samples.reshape(1, -1), format="flt", layout="stereo")
        frame.rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    seen = AUDIO.read_file(tmp_path / "a.bin", LIMITS)

    assert (seen.rate, seen.channels) == (rate, 2)
    assert seen.frames == rate
    assert np.abs(seen.samples[2000:-2000] - audio.samples[2000:-2000]).mean() < 0.02


@pytest.mark.parametrize("extension", ["ogg", "mp3"])
def test_lossy_file_that_ends_early_gives_what_is_there(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    AUDIO.write_file(Audio(RNG.normal(size=(88_200, 2)) / 9, 44_100), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "b").write_bytes(data[: len(data) // 2])
    (tmp_path / "c").write_bytes(data[: len(data) // 100])

    assert 0.4 < AUDIO.read_file(tmp_path / "b", LIMITS).duration < 1.6
    check_refused(tmp_path / "c")
    assert capfd.readouterr() == ("", "")


def test_length_limit_holds_while_decoding_where_the_header_is_silent(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(3.0, 8000), tmp_path / "a.flac", None)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0  # total samples: 36 bits, of which 0 means that they are not known
    data[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(data)

    assert "over the limit" in check_refused(tmp_path / "b.flac", MediaLimits(max_audio_seconds=2))


def test_rate_beyond_reason_is_refused(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(0.1), tmp_path / "a.wav", None)
    data = (tmp_path / "a.wav").read_bytes().replace(struct.pack("<I", 44_100), struct.pack("<I", 2_000_000), 1)
    (tmp_path / "b.wav").write_bytes(data)

    check_refused(tmp_path / "b.wav")


def test_playlist_reaches_no_other_file(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(0.5), tmp_path / "secret.mp3", None)
    (tmp_path / "a.mp3").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/secret.mp3\n#EXT-X-ENDLIST\n", encoding="utf-8")
    (tmp_path / "b.mp3").write_text(f"ffconcat version 1.0\nfile {tmp_path}/secret.mp3\n", encoding="utf-8")

    check_refused(tmp_path / "a.mp3")
    check_refused(tmp_path / "b.mp3")


def test_name_that_looks_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    AUDIO.write_file(make_tone(0.5), tmp_path / "a.mp3", None)
    (tmp_path / "a.mp3").rename(tmp_path / "concat:x|y")

    assert AUDIO.read_file(Path("concat:x|y"), LIMITS).frames == 22_050
