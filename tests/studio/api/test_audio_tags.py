"""Tags and covers of audio, read back with FFmpeg and libsndfile."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest
import soundfile
from av.stream import Disposition

from studio.api import Image
from studio.api.audio_tags import AudioTags
from studio.api.audio_writing import write_tagged
from tests.studio.api.audios import AUDIO, GRAPH, LIMITS, make_tone

TEXTS = {"title": "Ölöb – intro", "artist": "Ana", "album": "At the Lake", "copyright": "© 2026 Ana"}
COVER = Image(np.full((40, 60, 3), (200, 30, 60), np.uint8))


def read_tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        found = dict(container.metadata)
        for stream in container.streams.audio:
            found.update(stream.metadata)
    return {name.lower(): text for name, text in found.items()}


@pytest.mark.parametrize("extension", ["flac", "wav", "ogg", "mp3", "m4a", "opus"])
def test_every_format_carries_tags_beside_the_provenance_and_the_same_audio(tmp_path: Path, extension: str) -> None:
    plain, tagged = tmp_path / f"a.{extension}", tmp_path / f"b.{extension}"
    cover = COVER if extension in ("flac", "mp3", "m4a") else None
    AUDIO.write_file(make_tone(0.5, 48_000), plain, GRAPH)

    write_tagged(make_tone(0.5, 48_000), tagged, GRAPH, AudioTags(**TEXTS, cover=cover))

    assert read_tags(tagged).items() >= TEXTS.items()
    assert AUDIO.read_provenance(tagged) == AUDIO.read_provenance(plain) == GRAPH
    assert AUDIO.read_file(tagged, LIMITS) == AUDIO.read_file(plain, LIMITS)
    if extension in ("ogg", "flac"):
        assert soundfile.SoundFile(tagged).title == TEXTS["title"]


@pytest.mark.parametrize("extension", ["flac", "mp3", "m4a"])
def test_a_cover_is_an_attached_jpeg(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"

    write_tagged(make_tone(0.2, 48_000), path, None, AudioTags(cover=COVER))

    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        assert stream.disposition & Disposition.attached_pic
        data = next(bytes(packet) for packet in container.demux(stream) if packet.size)
    shown = np.asarray(PIL.Image.open(io.BytesIO(data)))
    assert shown.shape == (40, 60, 3)
    assert np.abs(shown.astype(int) - (200, 30, 60)).max() < 8


def test_m4a_has_the_tags_of_itunes_and_its_brand(tmp_path: Path) -> None:
    write_tagged(make_tone(0.2, 48_000), tmp_path / "a.m4a", None, AudioTags(**TEXTS, cover=COVER))

    data = (tmp_path / "a.m4a").read_bytes()
    assert data[4:12] == b"ftypM4A "
    assert all(name in data for name in (b"\xa9nam", b"\xa9ART", b"\xa9alb", b"cprt", b"covr"))


def test_control_characters_become_spaces_and_what_is_empty_is_left_out() -> None:
    assert AudioTags(title=" a\0b\nc ", artist="\n").texts == {"title": "a b c"}
    assert not AudioTags(artist="\n")


def test_a_cover_that_is_transparent_lies_on_white(tmp_path: Path) -> None:
    clear = Image(np.zeros((8, 8, 4), np.float32))

    write_tagged(make_tone(0.2, 48_000), tmp_path / "a.flac", None, AudioTags(cover=clear))

    with av.open(str(tmp_path / "a.flac")) as container:
        data = next(bytes(packet) for packet in container.demux(video=0) if packet.size)
    assert np.asarray(PIL.Image.open(io.BytesIO(data))).min() > 250


def test_a_format_without_covers_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ogg does not support a cover: mp3, m4a, flac do"):
        write_tagged(make_tone(0.2, 48_000), tmp_path / "a.ogg", None, AudioTags(cover=COVER))
