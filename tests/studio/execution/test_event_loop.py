"""`async def` node types: many calls wait at once, and end, fail and are cancelled like all others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import PATIENCE_SECONDS, FakePlugin, Probe, Recorder, create_settings, get_error, graph

from studio.api import Cancelled, Context, Image, hookimpl, node
from studio.api.node_type import call_node_type, get_node_type
from studio.app import Studio
from studio.execution.control import Control
from studio.testing import TestContext, check_node_type

CROWD = 40


class Crowd:
    """Calls that wait until all have come."""

    def __init__(self) -> None:
        self.come = 0
        self.ended: list[str] = []
        self.threads: set[str] = set()
        self.full = threading.Event()

    async def join(self, size: int) -> None:
        """Come, and wait for the others."""
        self.come += 1
        self.threads.add(threading.current_thread().name)
        if self.come == size:
            self.full.set()
        while not self.full.is_set():
            await asyncio.sleep(0.001)


def create_node_types(crowd: Crowd) -> list[Callable[..., Any]]:
    """Return async node types that report to a crowd."""

    @node("async.meet")
    async def meet(ctx: Context, a: int, size: int = 1) -> int:
        """Wait for others.

        Args:
            a: A number to add.
            size: How many to wait for.
        """
        await crowd.join(size)
        ctx.log(f"met {a}")
        return a + 1

    @node("async.hold")
    async def hold(ctx: Context, a: int = 0) -> int:
        """Wait until the call is cancelled."""
        crowd.come += 1
        crowd.full.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            crowd.ended.append("cancelled")
            raise
        return a

    @node("async.steps")
    async def steps(ctx: Context, n: int) -> int:
        """Report steps."""
        for index in range(n):
            ctx.step(index + 1, n)
            await asyncio.sleep(0)
            if index == 2:
                crowd.full.set()
        return n

    @node("async.fail")
    async def fail(ctx: Context, kind: str) -> int:
        """Fail."""
        await asyncio.sleep(0)
        raise {"value": ValueError("no such thing"), "exit": SystemExit(3), "time": TimeoutError("too late")}[kind]

    @node("async.block")
    async def block(ctx: Context) -> int:
        """Block the loop, as no async function should."""
        threading.Event().wait(PATIENCE_SECONDS)
        return 1

    @node("async.stream")
    async def stream(ctx: Context, n: int) -> AsyncIterator[int]:
        """Count.

        Args:
            n: How far the numbers go.
        """
        for index in range(n):
            await asyncio.sleep(0)
            yield index

    @node("async.invert")
    async def invert(ctx: Context, image: Image) -> Image:
        """Invert an image."""
        await asyncio.sleep(0)
        return Image(1 - image.pixels)

    return [meet, hold, steps, fail, block, stream, invert]


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


@pytest.fixture
def waiting_studio(tmp_path: Path, crowd: Crowd) -> Iterator[Studio]:
    """A Studio with these node types and the fakes."""
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: create_node_types(crowd)))
    plugins = [("async", plugin), ("fake", FakePlugin(Probe()))]
    with Studio(create_settings(tmp_path / "cache"), plugins=plugins, discover=False) as studio:
        yield studio


def test_many_calls_wait_at_once_on_one_thread(waiting_studio: Studio, crowd: Crowd) -> None:
    document = graph({"m": ("async.meet", {"a": list(range(CROWD)), "size": CROWD})}, o="m")

    result = waiting_studio.run(document, node_timeout_seconds=PATIENCE_SECONDS)

    assert result.status == "done", result.errors
    assert result["o"] == [index + 1 for index in range(CROWD)]
    assert crowd.threads == {"studio-loop"}
    assert "met 3" in result.manifest["nodes"]["m"]["warnings"]


def test_results_are_kept_like_all_others(waiting_studio: Studio, crowd: Crowd) -> None:
    document = graph({"m": ("async.meet", {"a": 1})}, o="m")
    waiting_studio.run(document)

    assert waiting_studio.run(document).manifest["cache"] == {"hits": 1, "calls": 1}
    assert crowd.come == 1


def test_steps_are_reported(waiting_studio: Studio) -> None:
    recorder = Recorder()

    waiting_studio.run(graph({"s": ("async.steps", {"n": 3})}, o="s"), on_event=recorder)

    assert recorder.names("s") == ["NodeStarted", *["NodeProgressed"] * 3, "NodeFinished"]


@pytest.mark.parametrize(
    ("kind", "text"), [("value", "ValueError: no such thing"), ("exit", "end the program"), ("time", "TimeoutError")]
)
def test_an_exception_is_the_error_of_its_node_and_others_go_on(waiting_studio: Studio, kind: str, text: str) -> None:
    nodes = {"f": ("async.fail", {"kind": kind}), "m": ("async.meet", {"a": 1})}

    result = waiting_studio.run(graph(nodes, f="f", m="m"))

    assert (result.status, result.outputs) == ("partly done", {"m": 2})
    assert get_error(result).code == "E301"
    assert text in get_error(result).message


def test_a_cancelled_run_cancels_what_waits(waiting_studio: Studio, crowd: Crowd) -> None:
    control = Control()
    threading.Thread(target=lambda: (crowd.full.wait(PATIENCE_SECONDS), control.cancel())).start()

    result = waiting_studio.run(graph({"h": ("async.hold", {"a": [1, 2]})}, o="h"), control=control)

    assert result.status == "cancelled"
    assert set(crowd.ended) == {"cancelled"}


def test_a_call_over_the_time_limit_fails_alone(waiting_studio: Studio, crowd: Crowd) -> None:
    nodes = {"h": ("async.hold", {}), "m": ("async.meet", {"a": 1})}

    result = waiting_studio.run(graph(nodes, h="h", m="m"), node_timeout_seconds=0.5)

    assert get_error(result).code == "E305"
    assert result["m"] == 2


def test_a_coroutine_that_blocks_the_loop_costs_its_own_run_only(
    waiting_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.execution.event_loop._GRACE_SECONDS", 0.2)
    blocked = waiting_studio.run(graph({"b": ("async.block", {})}, o="b"), node_timeout_seconds=0.2)

    result = waiting_studio.run(graph({"m": ("async.meet", {"a": 1})}, o="m"), node_timeout_seconds=10.0)

    assert get_error(blocked).code == "E305"
    assert result.outputs == {"o": 2}


def test_a_pause_holds_the_call_and_not_the_loop(waiting_studio: Studio, crowd: Crowd) -> None:
    control, other = Control(), {"m": ("async.meet", {"a": 1})}
    found: list[Any] = []
    paused = threading.Thread(
        target=lambda: found.append(
            waiting_studio.run(graph({"s": ("async.steps", {"n": 5})}, o="s"), control=control)["o"]
        )
    )
    control.pause()
    paused.start()
    assert crowd.full.wait(PATIENCE_SECONDS)

    assert waiting_studio.run(graph(other, o="m"), node_timeout_seconds=PATIENCE_SECONDS)["o"] == 2
    assert found == []
    control.resume()
    paused.join(PATIENCE_SECONDS)
    assert found == [5]


def test_an_async_generator_streams_and_an_async_function_maps_over_a_video(waiting_studio: Studio) -> None:
    nodes = {
        "s": ("async.stream", {"n": 3}),
        "f": ("fake.film", {"n": 3}),
        "v": ("async.invert", {"image": "@f"}),
    }

    result = waiting_studio.run(graph(nodes, s="s", v="v"))

    assert result.status == "done", result.errors
    assert result["s"] == [0, 1, 2]
    assert [int(frame.image.to_uint8().flat[0]) for frame in result["v"].frames()] == [255, 254, 253]


def test_a_test_calls_it_with_a_test_context(crowd: Crowd) -> None:
    functions = {get_node_type(one).id: one for one in create_node_types(crowd)}
    ctx = TestContext()

    assert asyncio.run(functions["async.steps"](ctx, n=2)) == 2
    assert ctx.steps == [(1, 2), (2, 2)]
    with pytest.raises(Cancelled):
        asyncio.run(functions["async.steps"](TestContext(cancel_at_step=2), n=5))
    assert call_node_type(get_node_type(functions["async.stream"]), TestContext(), {"n": 2}) == [0, 1]


def test_the_kit_checks_it_like_all_others(crowd: Crowd) -> None:
    functions = {get_node_type(one).id: one for one in create_node_types(crowd)}

    check_node_type(functions["async.meet"], a=1)
    check_node_type(functions["async.stream"], n=3)
