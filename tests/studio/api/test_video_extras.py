"""What a video file has beside frames and audio is named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio.api.video import Video
from studio.api.video_extras import find_extras
from tests.studio.api.videos import GRAPH, LIMITS, VIDEO, make_ramp


def write_film(path: Path, tags: dict[str, str], *, subtitles: bool = False, chapters: int = 0) -> None:
    with av.open(str(path), "w") as container:
        container.metadata.update(tags)
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if "timecode" in tags:
            stream.metadata["timecode"] = tags["timecode"]
        if subtitles:
            path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:00,200\nhello\n", encoding="utf-8")
            source = av.open(str(path.with_suffix(".srt")))
            words: Any = container.add_stream_from_template(source.streams.subtitles[0])
            words.metadata["language"] = "ger"
        if chapters:
            made = [
                {"id": n, "start": n * 100, "end": n * 100 + 100, "time_base": Fraction(1, 1000), "metadata": {}}
                for n in range(chapters)
            ]
            container.set_chapters(made)
        for index in range(3):
            frame: Any = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if subtitles:
            for packet in source.demux(subtitles=0):
                if packet.size:
                    packet.stream = words
                    container.mux(packet)
            source.close()


@pytest.mark.parametrize("extension", ["mp4", "mkv", "mov"])
def test_the_title_is_named(tmp_path: Path, extension: str) -> None:
    write_film(tmp_path / f"a.{extension}", {"title": "A day"})

    assert find_extras(tmp_path / f"a.{extension}", LIMITS) == [
        "left out of the video: title 'A day'; copy them with another program"
    ]


def test_chapters_and_subtitles_are_counted_with_their_languages(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mkv", {}, subtitles=True, chapters=2)

    (said,) = find_extras(tmp_path / "a.mkv", LIMITS)

    assert said.startswith("left out of the video: 2 chapters, 1 subtitle track (ger);")


def test_the_timecode_is_named(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mov", {"timecode": "01:00:00:00"})

    assert "timecode 01:00:00" in find_extras(tmp_path / "a.mov", LIMITS)[0]


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "gif", "webp", "apng", "mov"])
@pytest.mark.parametrize("provenance", [GRAPH, None])
def test_nothing_is_said_of_what_studio_writes(tmp_path: Path, extension: str, provenance: str | None) -> None:
    VIDEO.write_file(Video.from_images(make_ramp(2), 10), tmp_path / f"a.{extension}", provenance)

    assert find_extras(tmp_path / f"a.{extension}", LIMITS) == []


def test_a_run_says_it(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mkv", {"title": "A day"})

    assert any("title 'A day'" in said for said in VIDEO.find_doubts(tmp_path / "a.mkv", LIMITS))
