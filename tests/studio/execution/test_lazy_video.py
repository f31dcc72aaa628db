"""Videos that are fast to make and read once: made while they are read, never stored; slow ones are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import Probe, create_settings, get_error, graph, open_studio
from processes import create_environment

from studio.api import (
    ColorSpace,
    Context,
    Frame,
    Image,
    MediaLimits,
    Model,
    Video,
    VideoType,
    hookimpl,
    node,
)
from studio.api.events import NodeProgressed
from studio.app import Studio
from studio.execution.call import Call, Result
from studio.execution.context import RunContext
from studio.execution.control import Control
from studio.execution.lazy_video import LazyVideos, digest_lazy_video
from studio.runtime.devices import Device
from studio.runtime.models import Lease


def build_chain(frames: int, steps: int = 3) -> dict[str, Any]:
    """Return a graph that inverts a video several times and gives nothing but the last."""
    nodes: dict[str, Any] = {"f": ("fake.film", {"n": frames, "side": 32, "seconds": 1.0})}
    for step in range(steps):
        nodes[f"v{step}"] = ("fake.invert", {"image": f"@v{step - 1}" if step else "@f"})
    return graph(nodes, o=f"v{steps - 1}")


def find_stored(folder: Path) -> list[Path]:
    """Return the videos that the cache holds."""
    return list((folder / "blobs").rglob("*.nut"))


def patient(studio: Studio) -> Studio:
    """A Studio on a machine where every frame of a test is fast, however busy it is."""
    studio.executor.services.fast_frame_seconds = 60.0
    return studio


def test_a_chain_of_fast_maps_writes_nothing_but_its_file(tmp_path: Path) -> None:
    with patient(open_studio(tmp_path)) as studio:
        result = studio.run(build_chain(20), output=tmp_path / "out")
        stored = find_stored(tmp_path)

    assert result.status == "done", result.errors
    assert stored == []
    film = VideoType().read_file(tmp_path / "out" / "o.mp4", MediaLimits())
    levels = [float(frame.image.pixels.mean()) * 255 for frame in film.frames()]
    assert levels == pytest.approx([255 - index for index in range(20)], abs=2)
    assert film.audio is not None


def test_whether_a_mapped_video_is_lazy_is_decided_once(tmp_path: Path, probe: Probe) -> None:
    with patient(open_studio(tmp_path, probe)) as studio:
        assert studio.run(build_chain(20, 1), output=tmp_path / "out").status == "done"

    assert probe.calls["invert"] == 20 + 2  # of the three frames that it is decided by, the first is not made again


def test_what_is_read_twice_or_returned_is_stored(tmp_path: Path) -> None:
    twice = {
        "f": ("fake.film", {"n": 4, "side": 32}),
        "v": ("fake.invert", {"image": "@f"}),
        "a": ("fake.mean", {"image": "@v"}),
        "b": ("fake.first_frame", {"video": "@v"}),
    }
    with patient(open_studio(tmp_path)) as studio:
        assert studio.run(graph(twice, a="a", b="b")).status == "done"
        assert len(find_stored(tmp_path)) == 1  # of the two films the one with two readers
        assert studio.run(build_chain(4, 1)).status == "done"
        assert len(find_stored(tmp_path)) == 2


def test_slow_frames_are_stored(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        studio.executor.services.fast_frame_seconds = 0
        studio.run(build_chain(6), output=tmp_path / "out")

    assert len(find_stored(tmp_path)) == 2  # of four films each two are equal


def test_what_depends_on_a_lazy_video_is_found_again(tmp_path: Path, probe: Probe) -> None:
    nodes = {
        "f": ("fake.film", {"n": 5, "side": 32}),
        "v": ("fake.invert", {"image": "@f"}),
        "m": ("fake.mean", {"image": "@v"}),
    }
    with patient(open_studio(tmp_path, probe)) as studio:
        first = studio.run(graph(nodes, o="m"))
    before = dict(probe.calls)
    with patient(open_studio(tmp_path, probe)) as studio:
        second = studio.run(graph(nodes, o="m"))

    assert first["o"] == second["o"]
    assert dict(probe.calls) == before


def test_a_lazy_video_is_made_again_for_a_new_reader(tmp_path: Path) -> None:
    nodes = {
        "f": ("fake.film", {"n": 5, "side": 32}),
        "v": ("fake.invert", {"image": "@f"}),
        "m": ("fake.mean", {"image": "@v"}),
        "p": ("fake.first_frame", {"video": "@v"}),
    }
    with patient(open_studio(tmp_path)) as studio:
        studio.run(graph(nodes, o="m"))
    with patient(open_studio(tmp_path)) as studio:
        result = studio.run(graph(nodes, o="m", p="p"))

    assert result.status == "done", result.errors
    assert result["p"] == Image(np.full((32, 32, 3), 255, np.uint8))


def test_an_error_in_a_lazy_video_names_its_node(tmp_path: Path, probe: Probe) -> None:
    probe.open("stop at 30")
    with patient(open_studio(tmp_path, probe)) as studio:
        result = studio.run(build_chain(40, 1), output=tmp_path / "out")

    assert result.status == "failed"
    assert "'v0' (fake.invert)" in get_error(result).message
    assert not list((tmp_path / "out").glob("*.mp4"))
    assert not list((tmp_path / "out").glob(".*partial*"))


def test_a_lazy_video_reports_progress_and_can_be_cancelled(tmp_path: Path, probe: Probe) -> None:
    control, seen = Control(), []

    def listen(event: object) -> None:
        if isinstance(event, NodeProgressed) and event.node == "f":
            seen.append((event.done, event.total))
            if event.done == 30:
                control.cancel()

    with patient(open_studio(tmp_path, probe)) as studio:
        result = studio.run(build_chain(200, 1), output=tmp_path / "out", control=control, on_event=listen)

    assert result.status == "cancelled"
    assert (30, 200) in seen
    assert not list((tmp_path / "out").glob("*.mp4"))


def test_frames_are_stacked_where_the_node_type_takes_several(tmp_path: Path, probe: Probe) -> None:
    nodes = {"f": ("fake.film", {"n": 11, "side": 16}), "s": ("fake.stacked_invert", {"image": "@f"})}
    with open_studio(tmp_path, probe) as studio:
        result = studio.run(graph(nodes, o="s"))

    assert [int(f.image.to_uint8().flat[0]) for f in result["o"].frames()] == [255 - i for i in range(11)]
    assert max(probe.stacks) > 1


PROGRAM = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from fakes import Probe, open_studio, graph
folder, stop = Path(sys.argv[1]), int(sys.argv[2])
probe = Probe()
nodes = {"f": ("fake.film", {"n": 1000}), "v": ("fake.invert", {"image": "@f"})}
with open_studio(folder, probe) as studio:
    studio.executor.services.fast_frame_seconds = 0
    def listen(event):
        if getattr(event, "done", None) == stop and event.node == "v":
            studio.cache.flush()
            print("there", flush=True)
            sys.stdin.readline()
    result = studio.run(graph(nodes, o="v"), on_event=listen)
    print(result.status, probe.calls["invert"], sum(1 for _ in result["o"].frames()), flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_killed_at_frame_900_of_1000_resumes_at_900(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    env = create_environment()
    first = subprocess.Popen([*command, "900"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "there\n"
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()

    again = subprocess.run([*command, "-1"], capture_output=True, env=env, text=True, check=True)

    status, calls, frames = again.stdout.split()
    assert (status, frames) == ("done", "1000")
    assert 90 <= int(calls) <= 110


def test_many_frames_cost_no_more_memory_than_few(tmp_path: Path, probe: Probe) -> None:
    with patient(open_studio(tmp_path, probe, memory_bytes=0)) as studio:
        assert studio.run(build_chain(300), output=tmp_path / "out").status == "done"

    assert probe.largest <= 24


# -- seconds -------------------------------------------------------------------------------------------


_FRAME_SECONDS = 0.004


def work() -> None:
    """Be busy for as long as a frame takes."""
    end = time.perf_counter() + _FRAME_SECONDS
    while time.perf_counter() < end:
        pass


@node("busy.film")
def make_busy_film(ctx: Context, n: int) -> Video:
    """Make a video whose frames take a while."""

    def frames() -> Iterator[Frame]:
        for index in range(n):
            work()
            yield Frame(Image(np.full((16, 16, 3), index, np.uint8)), index / 25)

    return Video(frames, width=16, height=16, rate=Fraction(25), count=n)


@node("busy.image")
def pass_busily(ctx: Context, image: Image) -> Image:
    """Return an image after a while."""
    work()
    return image


@node("busy.count")
def count_frames(ctx: Context, video: Video) -> int:
    """Count the frames of a video, which makes them."""
    return sum(1 for _ in video.frames())


@pytest.fixture
def busy_studio(tmp_path: Path) -> Iterator[Studio]:
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [make_busy_film, pass_busily, count_frames]))
    with Studio(create_settings(tmp_path / "cache"), plugins=[("busy", plugin)], discover=False) as studio:
        yield patient(studio)


def test_videos_made_while_they_are_written_count_in_the_seconds(busy_studio: Studio, tmp_path: Path) -> None:
    nodes = {"f": ("busy.film", {"n": 50}), "v": ("busy.image", {"image": "@f"})}

    manifest = busy_studio.run(graph(nodes, o="v"), output=tmp_path / "out").manifest

    seconds = {name: made["seconds"] for name, made in manifest["nodes"].items()}
    assert seconds["f"] >= 50 * _FRAME_SECONDS
    assert seconds["v"] >= 50 * _FRAME_SECONDS
    assert sum(seconds.values()) <= manifest["seconds"]


def test_a_reader_does_not_count_the_work_on_the_video_that_it_reads(busy_studio: Studio) -> None:
    nodes = {"f": ("busy.film", {"n": 50}), "c": ("busy.count", {"video": "@f"})}

    manifest = busy_studio.run(graph(nodes, o="c")).manifest

    assert manifest["nodes"]["f"]["seconds"] >= 50 * _FRAME_SECONDS
    assert manifest["nodes"]["f"]["seconds"] + manifest["nodes"]["c"]["seconds"] <= manifest["seconds"]
    assert manifest["nodes"]["c"]["seconds"] < 25 * _FRAME_SECONDS


# -- which videos are lazy -----------------------------------------------------------------------------


class Quiet:
    """Ignores what a call reports."""

    def on_open(self, model: Model) -> Lease:
        """Lease nothing."""
        raise AssertionError(model)

    def on_step(self, done: int, total: int, preview: Image | None) -> None:
        """Ignore it."""

    def on_log(self, message: str) -> None:
        """Ignore it."""


@pytest.fixture
def named(make_call: Callable[..., Call]) -> Call:
    """A call that made a video and has a fingerprint."""
    call = make_call("fake.film")
    call.fingerprint = "f" * 64
    call.context = RunContext(Device("cpu", "float32"), Control(), Quiet())
    return call


def is_lazy(studio: Studio, call: Call, *, read_once: bool = True) -> bool:
    """Return whether a small video of a call is lazy, on a machine where every frame is fast."""
    video = Video.from_images([Image(np.zeros((4, 4, 3), np.uint8))] * 5, Fraction(5))
    return make_lazy_videos(studio, read_once=read_once).decide_from_frames(call, "video", video)


def make_lazy_videos(studio: Studio, *, read_once: bool = True) -> LazyVideos:
    """Return what decides, on a machine where every frame is fast."""
    return LazyVideos(patient(studio).executor.services, lambda made, name: read_once)


def test_a_fast_video_with_a_name_that_is_read_once_is_lazy(memory_studio: Studio, named: Call) -> None:
    assert is_lazy(memory_studio, named)
    assert not is_lazy(memory_studio, named, read_once=False)


def test_a_video_that_may_read_files_of_its_scratch_folder_is_stored(memory_studio: Studio, named: Call) -> None:
    assert named.context is not None
    (named.context.scratch / "frames.bin").write_bytes(b"")
    lazy = is_lazy(memory_studio, named)
    named.context.close()

    assert not lazy


@pytest.mark.parametrize(("before", "lazy"), [("1" * 64, False), (None, True)])
def test_a_video_that_is_made_again_stays_what_it_was(
    memory_studio: Studio, named: Call, before: str | None, lazy: bool
) -> None:
    named.remaking = True
    named.results = {"video": Result(before or digest_lazy_video(named, "video"), call=named)}

    assert is_lazy(memory_studio, named) is lazy


def test_a_video_without_a_fingerprint_or_of_a_mapped_node_is_stored(memory_studio: Studio, named: Call) -> None:
    named.state.mapped = True
    assert not is_lazy(memory_studio, named)
    named.state.mapped, named.fingerprint = False, None
    assert not is_lazy(memory_studio, named)


def test_a_video_that_the_device_makes_is_stored(memory_studio: Studio, named: Call) -> None:
    named.lane = "device"

    assert not is_lazy(memory_studio, named)


def test_larger_frames_may_take_longer_for_storing_them_takes_longer_too(memory_studio: Studio) -> None:
    services = memory_studio.executor.services
    services.fast_frame_seconds = 0.02
    lazy_videos = LazyVideos(services, lambda call, name: True)

    assert lazy_videos.find_limit(0, 0) == pytest.approx(0.02)
    assert lazy_videos.find_limit(1000, 1000) == pytest.approx(0.12)


# -- color spaces whose samples are rounded where they are stored ------------------------------------------


class LinearPlugin:
    """Node types that make and read linear videos; no half float equals their level."""

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return the node types."""

        @node("linear.make", encodings=("linear",))
        def make(ctx: Context, *, level: float = 0.1) -> Video:
            """Make a linear video of one level."""

            def create_frames() -> Iterator[Frame]:
                for index in range(4):
                    samples = np.full((8, 8, 3), level, np.float32)
                    yield Frame(Image(samples, color=ColorSpace("linear")), index / 4)

            return Video(create_frames, width=8, height=8, rate=Fraction(4), count=4, color=ColorSpace("linear"))

        @node("linear.double", encodings=("linear",))
        def double(ctx: Context, image: Image) -> Image:
            """Double the samples."""
            return Image(image.pixels * 2, color=image.color)

        @node("linear.largest", encodings=("linear",))
        def find_largest(ctx: Context, video: Video) -> float:
            """Return the largest sample."""
            return max(float(frame.image.pixels.max()) for frame in video.frames())

        @node("linear.count", encodings=("linear",))
        def count(ctx: Context, video: Video) -> int:
            """Count the frames."""
            return sum(1 for _ in video.frames())

        return [make, double, find_largest, count]


@pytest.mark.parametrize("doubled", [False, True])
def test_a_second_reader_of_a_linear_video_changes_no_result(tmp_path: Path, doubled: bool) -> None:
    nodes: dict[str, Any] = {
        "f": ("linear.make", {}),
        "d": ("linear.double", {"image": "@f"}),
        "m": ("linear.largest", {"video": "@d" if doubled else "@f"}),
        "c": ("linear.count", {"video": "@d" if doubled else "@f"}),
    }
    found = []
    for name, outputs in (("alone", {"m": "m"}), ("both", {"m": "m", "c": "c"})):
        settings = create_settings(tmp_path / name)
        with Studio(settings, plugins=[("linear", LinearPlugin())], discover=False) as studio:
            result = patient(studio).run(graph(nodes, **outputs))
            assert result.status == "done", result.errors
            found.append(result["m"])

    alone, both = found
    assert alone == both == float(np.float16(0.1)) * (2 if doubled else 1)


@pytest.mark.parametrize(
    ("color", "lazy"),
    [
        (ColorSpace(), True),
        (ColorSpace("srgb", "display-p3"), True),
        (ColorSpace("linear"), False),
        (ColorSpace("log"), False),
    ],
)
def test_a_video_whose_samples_may_pass_1_is_stored(
    memory_studio: Studio, named: Call, color: ColorSpace, lazy: bool
) -> None:
    video = Video.from_images([Image(np.zeros((4, 4, 3), np.uint8), color=color)] * 5, Fraction(5))

    assert make_lazy_videos(memory_studio).decide_from_frames(named, "video", video) is lazy
