"""Progress: frames are counted with a thumbnail now and then; a mapped node counts its calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_models import ModelPlugin, open_model_studio, write_weights
from fakes import Recorder

from studio.api import Image, Model
from studio.api.events import NodeProgressed
from studio.app import Studio
from studio.execution import progress
from studio.execution.call import Call, NodeState
from studio.execution.progress import CallProgress, FrameProgress
from studio.execution.reporter import Reporter

IMAGE = Image(np.zeros((300, 600, 3), np.uint8))
Steps = list[tuple[int, int, Image | None]]


@pytest.mark.parametrize(("total", "expected"), [(0, [0, 0, 0]), (5, [5, 5, 5]), (2, [2, 2, 3])])
def test_frames_are_counted_and_more_than_were_declared_raise_the_total(total: int, expected: list[int]) -> None:
    steps: Steps = []
    counted = FrameProgress(lambda *step: steps.append(step), total)
    for _ in range(3):
        counted.add(None)

    assert [(done, whole) for done, whole, _ in steps] == list(zip([1, 2, 3], expected, strict=True))


def test_a_thumbnail_comes_with_the_first_frame_and_every_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 12.9, 13.0, 15.9, 16.1])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    steps: Steps = []
    counted = FrameProgress(lambda *step: steps.append(step), 0)
    for _ in range(5):
        counted.add(IMAGE)

    assert [preview is not None for _, _, preview in steps] == [True, False, True, False, True]
    assert steps[0][2] is not None
    assert (steps[0][2].width, steps[0][2].height) == (200, 100)  # every third sample, at most 256 a side


@pytest.fixture
def recorder() -> Recorder:
    """What is reported."""
    return Recorder()


def listen(studio: Studio, recorder: Recorder, state: NodeState) -> tuple[CallProgress, Reporter]:
    """Return what receives the reports of a call."""
    reporter = Reporter("run", recorder, threading.Condition())
    return CallProgress(state, reporter, studio.models, studio.executor.services.cpu), reporter


def test_steps_of_a_single_call_are_reported_as_they_are(
    memory_studio: Studio, recorder: Recorder, make_call: Callable[..., Call]
) -> None:
    heard, _ = listen(memory_studio, recorder, make_call("fake.steps").state)
    heard.on_step(3, 7, IMAGE)

    assert recorder.events == [NodeProgressed("run", "n", "fake.steps", 3, 7, IMAGE)]


@pytest.mark.parametrize(("announced", "preview", "reported"), [(True, IMAGE, 1), (False, IMAGE, 0), (True, None, 0)])
def test_a_mapped_node_reports_thumbnails_with_the_count_of_its_calls(
    memory_studio: Studio,
    recorder: Recorder,
    make_call: Callable[..., Call],
    announced: bool,
    preview: Image | None,
    reported: int,
) -> None:
    state = make_call("fake.steps", depth=1).state
    state.announced, state.done_calls, state.calls = announced, 2, state.calls * 5
    heard, _ = listen(memory_studio, recorder, state)
    heard.on_step(3, 7, preview)

    assert recorder.events == [NodeProgressed("run", "n", "fake.steps", 2, 5, preview)] * reported


def test_a_model_that_evicts_others_says_so_and_is_counted(
    tmp_path: Path, recorder: Recorder, make_call: Callable[..., Call]
) -> None:
    plugin = ModelPlugin(
        {name: write_weights(tmp_path / f"{name}.safetensors", ord(name[0])) for name in ("net", "big")}
    )
    with open_model_studio(tmp_path / "cache", plugin) as studio:
        heard, reporter = listen(studio, recorder, make_call("fake.add").state)
        with heard.on_open(Model("builtin:net")), heard.on_open(Model("builtin:net")):
            pass

    assert reporter.loads == 1
    assert recorder.events == []
