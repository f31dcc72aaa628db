"""Videos that meet in a node meet in time: compared with FFmpeg's `ts_sync_mode=nearest`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fakes import Probe, graph, open_studio

from studio.api import Frame, Image, Video
from studio.app import InputFile
from studio.errors import StudioError
from studio.execution.nearest_frames import NearestFrames

MICROSECONDS = Fraction(1, 1_000_000)
EVEN = {name: [index / rate for index in range(count)] for name, rate, count in (("25", 25, 50), ("50", 50, 100))}
UNEVEN = [0.0, 0.05, 0.3, 0.31, 0.7, 1.1, 1.4, 1.92]
TIMES = {**EVEN, "12": [index / 12 for index in range(24)], "uneven": UNEVEN}
RATES = {"25": 25, "50": 50, "12": 12, "uneven": 12}


def make_video(times: Sequence[float], rate: int, duration: float | None = None) -> Video:
    """Return a video whose frames have the levels 0, 1, 2, ... at these times."""

    def frames() -> list[Frame]:
        return [Frame(Image(np.full((8, 8, 3), index, np.uint8)), time) for index, time in enumerate(times)]

    return Video(lambda: iter(frames()), width=8, height=8, rate=Fraction(rate), count=len(times), duration=duration)


def write_clip(path: Path, times: Sequence[float], rate: int) -> None:
    """Write such a clip with FFmpeg, without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 8, 8, "bgr0"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((8, 8, 3), index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame.reformat(format="bgr0")))
        container.mux(stream.encode(None))


def pair_with_ffmpeg(lead: Sequence[float], other: Sequence[float]) -> list[int]:
    """Return the level of the other's frame that FFmpeg puts over each frame of the lead."""
    graph = av.filter.Graph()
    options = f"video_size=8x8:pix_fmt=rgb24:time_base={MICROSECONDS.numerator}/{MICROSECONDS.denominator}"
    ends = [graph.add("buffer", options) for _ in range(2)]
    overlay = graph.add("overlay", "format=rgb:ts_sync_mode=nearest:eof_action=repeat")
    sink = graph.add("buffersink")
    for index, end in enumerate(ends):
        end.link_to(overlay, 0, index)
    overlay.link_to(sink)
    graph.configure()
    for end, times in zip(ends, (lead, other), strict=True):
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((8, 8, 3), index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time * 1_000_000), MICROSECONDS
            end.push(frame)
        end.push(None)
    found = []
    while True:
        try:
            found.append(int(sink.pull().to_ndarray(format="rgb24")[0, 0, 0]))
        except (av.error.EOFError, av.error.BlockingIOError):
            return found[: len(lead)]  # FFmpeg goes on with the last frame of the lead until the other ends


def pair(lead: Video, other: Video) -> list[int]:
    """Return the level of the other's frame that goes with each frame of the lead."""
    reader, found, last = NearestFrames("second", other, "first", lead), [], None
    for last in lead.frames():
        found.append(int(reader.find(last.time).image.to_uint8()[0, 0, 0]))
    assert last is not None
    reader.check_end(last)
    return found


@pytest.mark.parametrize("other", TIMES)
@pytest.mark.parametrize("lead", TIMES)
def test_each_frame_goes_with_the_nearest_in_time_as_in_ffmpeg(lead: str, other: str) -> None:
    found = pair(make_video(TIMES[lead], RATES[lead]), make_video(TIMES[other], RATES[other]))

    assert found == pair_with_ffmpeg(TIMES[lead], TIMES[other])
    assert len(found) == len(TIMES[lead])


@pytest.mark.parametrize("other", ["50", "12", "uneven"])
def test_clips_of_any_rate_meet_in_time_in_a_graph(tmp_path: Path, other: str) -> None:
    write_clip(tmp_path / "a.mkv", TIMES["25"], 25)
    write_clip(tmp_path / "b.mkv", TIMES[other], RATES[other])
    nodes: dict[str, Any] = {"x": ("fake.blend", {"second": "@inputs.b", "first": "@inputs.a"})}
    document = {**graph(nodes, o="x"), "inputs": {name: {"type": "video"} for name in "ab"}}

    with open_studio(tmp_path / "cache", Probe()) as studio:
        made = studio.run(document, {name: InputFile(tmp_path / f"{name}.mkv") for name in "ab"})
        assert made.status == "done", made.errors
        frames = [(frame.time, frame.image.pixels[0, 0, 0] * 255) for frame in made["o"].frames()]

    expected = [(index + level) / 2 for index, level in enumerate(pair_with_ffmpeg(TIMES["25"], TIMES[other]))]
    assert [level for _, level in frames] == pytest.approx(expected, abs=1.01)
    assert [time for time, _ in frames] == pytest.approx(TIMES["25"], abs=1e-3)


@pytest.mark.parametrize(("lead", "other"), [((50, 25), (50, 50)), ((50, 50), (50, 25)), ((3, 2), (4, 2))])
def test_videos_of_unequal_length_are_refused(lead: tuple[int, int], other: tuple[int, int]) -> None:
    videos = [make_video([index / rate for index in range(count)], rate) for count, rate in (lead, other)]

    with pytest.raises(StudioError, match=r"videos of unequal length: first lasts .* s, second lasts") as caught:
        pair(*videos)

    assert caught.value.code == "E308"
    assert "video.trim" in caught.value.hint


def test_less_than_a_frame_of_the_slower_video_is_no_difference() -> None:
    pair(make_video([index / 25 for index in range(49)], 25), make_video(TIMES["12"], 12))
    pair(make_video([index * 1001 / 30_000 for index in range(60)], 30), make_video(TIMES["25"], 25))


def test_a_last_frame_that_is_held_counts_as_long_as_it_shows() -> None:
    slides, film = make_video([0.0, 1.0], 25, duration=2.0), make_video(TIMES["25"], 25)

    assert pair(slides, film) == [0, 25]
    assert pair(film, slides) == [int(time > 0.5) for time in TIMES["25"]]


def test_a_video_without_frames_is_refused() -> None:
    with pytest.raises(StudioError, match="no frames"):
        pair(make_video([0.0], 25), make_video([], 25))
