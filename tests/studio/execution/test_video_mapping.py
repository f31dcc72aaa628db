"""Videos through node types for images: frame by frame, in order, in constant memory, resumed where they stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakePlugin, Probe, create_settings, get_error, graph, open_studio

from studio.api import Batch, Context, Image, Video, hookimpl, node
from studio.app import InputFile, RunResult, Studio
from studio.provenance.output_folder import OutputFolder


def build_graph(frames: int, **film: Any) -> dict[str, Any]:
    """Return a graph that inverts a video."""
    return graph({"f": ("fake.film", {"n": frames, **film}), "v": ("fake.invert", {"image": "@f"})}, film="f", o="v")


def list_frames(video: Video) -> list[tuple[float, int]]:
    """Return time and first sample of each frame."""
    return [(frame.time, int(frame.image.to_uint8().flat[0])) for frame in video.frames()]


def test_every_frame_goes_through_in_order_with_its_time(studio: Studio, probe: Probe) -> None:
    result = studio.run(build_graph(10))

    assert result.status == "done", result.errors
    assert list_frames(result["o"]) == [(time, 255 - level) for time, level in list_frames(result["film"])]
    assert [level for _, level in list_frames(result["o"])] == [255 - i for i in range(10)]
    assert probe.calls["invert"] == 10


def test_the_audio_is_kept(studio: Studio) -> None:
    result = studio.run(build_graph(10, seconds=1.0))

    assert np.array_equal(result["o"].audio.samples, result["film"].audio.samples)
    assert result["o"].rate == result["film"].rate


def test_a_second_run_runs_nothing_also_in_another_studio(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path, probe) as studio:
        expected = list_frames(studio.run(build_graph(6))["o"])
    before = dict(probe.calls)
    with open_studio(tmp_path, probe) as studio:
        result = studio.run(build_graph(6))
        assert list_frames(result["o"]) == expected
    assert dict(probe.calls) == before


def test_what_is_no_image_becomes_a_list(studio: Studio) -> None:
    nodes = {"f": ("fake.film", {"n": 5}), "m": ("fake.mean", {"image": "@f"})}
    result = studio.run(graph(nodes, o="m"))

    assert result["o"] == pytest.approx([i / 255 for i in range(5)])


def test_a_list_of_videos_maps_twice(studio: Studio) -> None:
    nodes = {
        "f": ("fake.film", {"n": [3, 4]}),
        "v": ("fake.invert", {"image": "@f"}),
        "m": ("fake.mean", {"image": "@v"}),
    }
    result = studio.run(graph(nodes, o="v", m="m"))

    assert result.status == "done", result.errors
    assert [len(list_frames(video)) for video in result["o"]] == [3, 4]
    assert [len(means) for means in result["m"]] == [3, 4]


@pytest.mark.parametrize("mode", ["use", "refresh", "off"])
def test_memory_does_not_grow_with_the_video(tmp_path: Path, probe: Probe, mode: Any) -> None:
    with open_studio(tmp_path, probe, memory_bytes=0) as studio:
        assert studio.run(build_graph(120, side=64), cache=mode).status == "done"

    assert probe.largest <= 12


def test_a_video_that_stopped_half_way_resumes_where_it_stopped(tmp_path: Path, probe: Probe) -> None:
    probe.open("stop at 8")
    with open_studio(tmp_path, probe) as studio:
        studio.executor.services.fast_frame_seconds = 0
        assert get_error(studio.run(build_graph(12))).code == "E301"
    with open_studio(tmp_path, probe) as studio:
        result = studio.run(build_graph(12))
        assert len(list_frames(result["o"])) == 12
    assert probe.calls["invert"] == 8 + 5  # the eighth once more


def test_frames_leave_nothing_in_the_cache_once_the_video_is_there(tmp_path: Path, probe: Probe) -> None:
    probe.open("stop at 8")
    with open_studio(tmp_path, probe) as studio:
        studio.executor.services.fast_frame_seconds = 0
        studio.run(build_graph(12, side=128))
        studio.run(build_graph(12, side=128))
        assert studio.cache.disk is not None
        assert studio.cache.disk.table.measure()[:2] == (2, 2)
        assert len(list((tmp_path / "blobs").rglob("*.*"))) == 2


def test_an_image_that_a_frame_equals_stays_in_the_cache(tmp_path: Path, probe: Probe) -> None:
    still = {
        "f": ("fake.film", {"n": 1, "side": 128}),
        "p": ("fake.first_frame", {"video": "@f"}),
        "v": ("fake.invert", {"image": "@p"}),
    }
    with open_studio(tmp_path, probe) as studio:
        studio.executor.services.fast_frame_seconds = 0
        studio.run(graph(still, o="v"))
        studio.run(build_graph(4, side=128))
        made = studio.run(graph(still, o="v"))
        assert made.manifest["cache"]["hits"] == 3
    with open_studio(tmp_path, probe) as studio:
        assert studio.run(graph(still, o="v"))["o"] == made["o"]
    assert probe.calls["invert"] == 4  # the still is the first frame of the film


def test_a_frame_that_the_cache_has_logs_again_what_it_logged(tmp_path: Path) -> None:
    @node("loud.measure")
    def measure(ctx: Context, image: Image) -> int:
        """Return the first sample, and log it."""
        ctx.log("measured")
        return int(image.to_uint8().flat[0])

    class Plugin:
        """The node type."""

        @hookimpl
        def studio_node_types(self) -> list[Any]:
            """Return it."""
            return [measure]

    plugins = [("fake", FakePlugin(Probe())), ("loud", Plugin())]
    film = {"f": ("fake.film", {"n": 1}), "v": ("loud.measure", {"image": "@f"})}
    still = {**film, "p": ("fake.first_frame", {"video": "@f"}), "v": ("loud.measure", {"image": "@p"})}
    with Studio(create_settings(tmp_path), plugins=plugins, discover=False) as studio:
        studio.run(graph(still, o="v"))

        result = studio.run(graph(film, o="v"))

    assert result.manifest["nodes"]["v"]["warnings"] == ["measured"]


def test_refresh_runs_every_frame_again(studio: Studio, probe: Probe) -> None:
    studio.run(build_graph(5))
    studio.run(build_graph(5), cache="refresh")

    assert probe.calls["invert"] == 10


def test_videos_of_unequal_length_are_an_error(studio: Studio) -> None:
    nodes = {
        "a": ("fake.film", {"n": 3}),
        "b": ("fake.film", {"n": 4}),
        "x": ("fake.blend", {"first": "@a", "second": "@b"}),
    }

    assert get_error(studio.run(graph(nodes, o="x"))).code == "E308"


def test_two_videos_and_an_image_go_through_together(studio: Studio) -> None:
    nodes = {
        "a": ("fake.film", {"n": 4}),
        "b": ("fake.invert", {"image": "@a"}),
        "x": ("fake.blend", {"first": "@a", "second": "@b"}),
    }

    assert [level for _, level in list_frames(studio.run(graph(nodes, o="x"))["o"])] == [127] * 4


def test_a_failing_frame_fails_the_node(studio: Studio, probe: Probe) -> None:
    probe.open("stop at 3")

    assert "'v' (fake.invert)" in get_error(studio.run(build_graph(5))).message


def test_a_video_can_be_cancelled_between_frames(studio: Studio, probe: Probe) -> None:
    from studio.api.events import NodeProgressed
    from studio.execution.control import Control

    control = Control()

    def listen(event: object) -> None:
        if isinstance(event, NodeProgressed) and event.node == "v" and event.done == 5:
            control.cancel()

    assert studio.run(build_graph(100), control=control, on_event=listen).status == "cancelled"
    assert probe.calls["invert"] <= 6


def test_a_lost_video_is_made_again(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path) as studio:
        expected = list_frames(studio.run(build_graph(4))["o"])
    for path in (tmp_path / "blobs").rglob("*.nut"):
        path.write_bytes(path.read_bytes()[:-7] + b"nothing")
    with open_studio(tmp_path, probe) as studio:
        result = studio.run(build_graph(4))
        assert list_frames(result["o"]) == expected
    assert (probe.calls["film"], probe.calls["invert"]) == (1, 4)


def test_what_a_file_cannot_keep_of_a_video_is_warned_of(tmp_path: Path) -> None:
    document = graph({"f": ("fake.film", {"n": 3, "side": 33, "seconds": 0.3})}, o="f")
    with open_studio(tmp_path) as studio:
        coded = studio.run(document, output=tmp_path / "a")
        moving = studio.run(document, output=OutputFolder(tmp_path / "b", "{output}.gif"))

    assert coded.warnings == ["o.mp4: yuv420p has even sides: 33 x 33 became 34 x 34 by repeating the edge"]
    assert moving.warnings == ["o.gif: .gif does not support audio, which is left out"] == moving.manifest["warnings"]


def test_a_video_that_is_cut_off_is_warned_of_when_it_is_given(tmp_path: Path) -> None:
    made = graph({"f": ("fake.film", {"n": 60, "side": 64})}, o="f")
    shown = {
        "studio": 1,
        "inputs": {"clip": {"type": "video"}},
        "nodes": {"v": {"type": "fake.invert", "inputs": {"image": {"from": "inputs.clip"}}}},
        "outputs": {"o": {"from": "v"}},
    }
    with open_studio(tmp_path) as studio:
        studio.run(made, output=tmp_path / "a")
        whole = (tmp_path / "a/o.mp4").read_bytes()
        (tmp_path / "cut.mp4").write_bytes(whole[:-400])
        result = studio.run(shown, {"clip": InputFile(tmp_path / "cut.mp4")})
        again = studio.run(shown, {"clip": InputFile(tmp_path / "cut.mp4")})

    assert 0 < len(list_frames(result["o"])) < 60
    for each in (result, again):
        (warning,) = each.manifest["nodes"]["file:cut.mp4:video"]["warnings"]
        assert warning.startswith("the file is truncated or damaged")


# -- stacks of frames ----------------------------------------------------------------------------------


def run_stacked(
    folder: Path, run_stack: Callable[[Any, Sequence[Mapping[str, Any]]], list[Any]], frames: int = 8
) -> RunResult:
    """Run a video through a node type that takes four frames at once."""

    @node("stack.invert", batch=Batch(run_stack, limit=4))
    def invert(ctx: Context, image: Image) -> Image:
        """Turn light to dark."""
        return Image(255 - image.to_uint8())

    class Plugin:
        """The node type."""

        @hookimpl
        def studio_node_types(self) -> list[Any]:
            """Return it."""
            return [invert]

    plugins = [("fake", FakePlugin(Probe())), ("stack", Plugin())]
    document = graph({"f": ("fake.film", {"n": frames}), "v": ("stack.invert", {"image": "@f"})}, o="v")
    with Studio(create_settings(folder), plugins=plugins, discover=False) as studio:
        result = studio.run(document)
        if result.status == "done":
            assert [level for _, level in list_frames(result["o"])] == [255 - index for index in range(frames)]
    return result


@pytest.mark.parametrize("more", [1, -1])
def test_a_stack_of_frames_that_returns_too_many_or_too_few_is_a_mistake_of_the_node_type(
    tmp_path: Path, more: int
) -> None:
    calls: list[int] = []

    def run_stack(ctx: Any, stack: Sequence[Mapping[str, Any]]) -> list[Any]:
        calls.append(len(stack))
        return [stack[0]["image"]] * (len(stack) + more)

    error = get_error(run_stacked(tmp_path, run_stack))

    assert error.code == "E302"
    assert str(4 + more) in error.message
    assert calls == [4]  # no frame of it ran again


def test_a_stack_of_frames_that_fails_is_halved_so_that_the_other_frames_are_made(tmp_path: Path) -> None:
    sizes: list[int] = []

    def run_stack(ctx: Any, stack: Sequence[Mapping[str, Any]]) -> list[Any]:
        sizes.append(len(stack))
        if any(one["image"].to_uint8().flat[0] == 2 for one in stack):
            raise RuntimeError("the third frame")
        return [Image(255 - one["image"].to_uint8()) for one in stack]

    assert run_stacked(tmp_path, run_stack, frames=9).status == "done"
    assert sizes[:3] == [4, 2, 2]  # frames 1 to 4 with the third in it, then 1 and 2; 2 alone runs the function


def test_a_stack_of_frames_that_runs_out_of_memory_stays_smaller(tmp_path: Path) -> None:
    sizes: list[int] = []

    def run_stack(ctx: Any, stack: Sequence[Mapping[str, Any]]) -> list[Any]:
        sizes.append(len(stack))
        if len(stack) > 2:
            raise MemoryError("too much")
        return [Image(255 - one["image"].to_uint8()) for one in stack]

    assert run_stacked(tmp_path, run_stack, frames=9).status == "done"
    assert sizes.count(4) == 1
