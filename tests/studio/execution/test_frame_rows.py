"""`FrameRows`: frames of several videos and entries of lists go together, one by one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Video
from studio.app import Studio
from studio.errors import StudioError
from studio.execution.call import Call, NodeState
from studio.execution.frame_rows import FrameRows
from studio.execution.plan import PlanNode
from studio.graph import parse_graph
from studio.graph.resolved import Bound
from studio.graph.source import Constant


def make_image(level: int) -> Image:
    """Return a small image of one level."""
    return Image(np.full((4, 4, 3), level, np.uint8))


def make_video(*levels: int, rate: int = 2) -> Video:
    """Return a video of such images."""
    return Video.from_images([make_image(level) for level in levels], Fraction(rate))


@pytest.fixture
def make_rows(make_call: Callable[..., Call], memory_studio: Studio) -> Callable[..., FrameRows]:
    """Return the rows of a call of fake.blend, mapped over all that is given."""

    def make(**inputs: Any) -> FrameRows:
        node_type = make_call("fake.blend").node_type
        bound = {n: Bound(Constant(None), node_type.inputs[n].spec, stream=True) for n in inputs}
        state = NodeState(PlanNode("n", node_type, bound, {}, stream=True), make_call("fake.blend").state.runner)
        return FrameRows(Call(state, node_type, {}, 0), inputs, memory_studio.registry.classes)

    return make


def read(rows: FrameRows) -> list[tuple[float, dict[str, int]]]:
    """Return time and levels of each row."""
    return [
        (time, {name: int(image.to_uint8().flat[0]) for name, image in inputs.items()}) for time, inputs in rows.read()
    ]


def test_frames_of_two_videos_go_together_at_the_times_of_the_first(make_rows: Callable[..., FrameRows]) -> None:
    rows = make_rows(second=make_video(5, 15, 25, 35, rate=4), first=make_video(0, 10, rate=2))

    assert read(rows) == [(0.0, {"first": 0, "second": 5}), (0.5, {"first": 10, "second": 25})]
    assert rows.lead.rate == 2


def test_a_list_gives_one_entry_for_each_frame_and_a_list_of_one_stretches(make_rows: Callable[..., FrameRows]) -> None:
    each = make_rows(first=make_video(0, 10), second=[make_image(1), make_image(2)])
    same = make_rows(first=make_video(0, 10), second=[make_image(9)])

    assert [row["second"] for _, row in read(each)] == [1, 2]
    assert [row["second"] for _, row in read(same)] == [9, 9]
    assert (each.names, each.others) == ({"first", "second"}, {})


@pytest.mark.parametrize("count", [2, 4])
def test_a_list_of_another_length_is_refused(make_rows: Callable[..., FrameRows], count: int) -> None:
    rows = make_rows(first=make_video(0, 10, 20), second=[make_image(level) for level in range(count)])

    with pytest.raises(StudioError, match=f"'second' is a list of {count}") as caught:
        read(rows)
    assert caught.value.code == "E308"


def test_an_entry_of_another_type_is_refused(make_rows: Callable[..., FrameRows]) -> None:
    with pytest.raises(StudioError, match="input 'second'") as caught:
        read(make_rows(first=make_video(0), second=["text"]))

    assert caught.value.code == "E303"


def test_a_list_made_of_a_video_zips_with_its_frames() -> None:
    graph = {
        "inputs": {"clip": {"type": "video"}},
        "nodes": {
            "masks": {"type": "image.mask_from_luma", "inputs": {"image": {"from": "inputs.clip"}}},
            "cut": {
                "type": "image.apply_mask",
                "inputs": {"image": {"from": "inputs.clip"}, "mask": {"from": "masks"}},
            },
        },
        "outputs": {"video": {"from": "cut"}},
    }

    with Studio(on_disk=False) as studio:
        result = studio.run(parse_graph({"studio": 1, **graph}), {"clip": make_video(0, 100, 200)})

        alphas = [round(float(frame.image.pixels[0, 0, 3]) * 255) for frame in result["video"].frames()]
    assert alphas == [0, 100, 200]
