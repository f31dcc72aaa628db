"""Cancelling, pausing and time limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes import PATIENCE_SECONDS, Probe, Recorder, get_error, graph, open_studio

from studio.api.events import NodeProgressed
from studio.app import Studio
from studio.execution.control import Control
from studio.execution.pending_work import PendingWork

MANY = 10**9


@pytest.fixture
def control() -> Control:
    """What cancels and pauses."""
    return Control()


def test_cancelling_takes_effect_within_one_step(studio: Studio, probe: Probe, control: Control) -> None:
    seen: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, NodeProgressed) and event.done == 500:
            control.cancel()
            seen.append(probe.steps)

    result = studio.run(graph({"s": ("fake.steps", {"n": MANY})}, o="s"), control=control, on_event=listen)

    assert (result.status, result.errors) == ("cancelled", [])
    assert probe.steps - seen[0] < 2


def test_cancelling_from_another_thread_ends_the_run(studio: Studio, probe: Probe, control: Control) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, graph({"s": ("fake.steps", {"n": MANY})}, o="s"), control=control)
        probe.wait_for("steps")
        control.cancel()

        assert running.result(PATIENCE_SECONDS).status == "cancelled"


def test_cancelling_in_time_means_that_what_waits_never_starts(studio: Studio, probe: Probe, control: Control) -> None:
    nodes = {"s": ("fake.steps", {"n": MANY}), "a": ("fake.add", {"a": "@s"})}
    nodes |= {f"w{i}": ("fake.steps", {"n": MANY, "a": i + 1}) for i in range(20)}
    with ThreadPoolExecutor(1) as pool:
        outputs = {f"w{i}": f"w{i}" for i in range(20)}
        running = pool.submit(studio.run, graph(nodes, o="a", **outputs), control=control)
        probe.wait_for("steps")
        control.cancel()

        assert running.result(PATIENCE_SECONDS).status == "cancelled"
    assert probe.calls["add"] == 0
    assert probe.calls["steps"] <= 2  # as many as there are threads


def test_a_cancelled_run_leaves_no_claims_behind(studio: Studio, probe: Probe, control: Control) -> None:
    nodes = {f"w{i}": ("fake.wait", {"gate": "g", "a": i, "cautious": True}) for i in range(10)}
    document = graph(nodes, **{f"o{i}": f"w{i}" for i in range(10)})
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, document, control=control)
        probe.wait_for("g")
        control.cancel()
        assert running.result(PATIENCE_SECONDS).status == "cancelled"
    probe.open("g")

    assert studio.run(document).status == "done"


def test_what_was_done_before_is_cached(studio: Studio, probe: Probe, control: Control) -> None:
    nodes = {"a": ("fake.add", {"a": 1}), "s": ("fake.steps", {"n": MANY, "a": "@a"})}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, graph(nodes, a="a", o="s"), control=control)
        probe.wait_for("steps")
        control.cancel()
        assert running.result(PATIENCE_SECONDS).outputs == {"a": 2}
    studio.run(graph(nodes, a="a"))

    assert probe.calls["add"] == 1


def test_a_part_that_a_node_returns_after_cancelling_is_no_result(
    studio: Studio, probe: Probe, control: Control
) -> None:
    document = graph({"s": ("fake.stubborn", {"n": MANY})}, o="s")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, document, control=control)
        probe.wait_for("steps")
        control.cancel()
        assert running.result(PATIENCE_SECONDS).status == "cancelled"

    assert [row.standing for row in studio.explain(studio.load(document))] == ["miss"]


def test_a_cancelled_run_starts_nothing(studio: Studio, probe: Probe, control: Control) -> None:
    control.cancel()

    assert studio.run(graph({"a": ("fake.add", {"a": 1})}, o="a"), control=control).status == "cancelled"
    assert probe.calls["add"] == 0


def test_a_paused_run_waits_at_its_next_step(studio: Studio, probe: Probe, control: Control) -> None:
    paused = threading.Event()

    def listen(event: object) -> None:
        if isinstance(event, NodeProgressed) and event.done == 50:
            control.pause()
            paused.set()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            studio.run, graph({"s": ("fake.steps", {"n": 100})}, o="s"), control=control, on_event=listen
        )
        assert paused.wait(PATIENCE_SECONDS)
        with pytest.raises(TimeoutError):
            running.result(0.1)
        assert probe.steps in (50, 51)
        control.resume()

        assert running.result(PATIENCE_SECONDS).status == "done"
    assert probe.steps == 100


def test_a_paused_run_can_be_cancelled(studio: Studio, probe: Probe, control: Control) -> None:
    control.pause()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, graph({"s": ("fake.steps", {"n": 100})}, o="s"), control=control)
        control.cancel()

        assert running.result(PATIENCE_SECONDS).status == "cancelled"


def test_a_pause_does_not_count_against_the_time_limit(studio: Studio, control: Control) -> None:
    def listen(event: object) -> None:
        if isinstance(event, NodeProgressed) and event.done == 5:
            control.pause()
            threading.Timer(0.8, control.resume).start()

    document = graph({"s": ("fake.steps", {"n": 10})}, o="s")

    assert studio.run(document, control=control, on_event=listen, node_timeout_seconds=0.4).status == "done"


def test_a_node_that_hangs_fails_alone_and_its_lane_continues(studio: Studio, probe: Probe) -> None:
    nodes = {
        "h": ("fake.hang_on_device", {"gate": "never"}),
        "after": ("fake.add", {"a": "@h"}),
        "d": ("fake.on_device", {"a": 1}),
        "c": ("fake.add", {"a": "@d"}),
    }
    recorder = Recorder()
    result = studio.run(graph(nodes, bad="after", good="c"), node_timeout_seconds=0.3, on_event=recorder)

    assert (result.status, result.outputs) == ("partly done", {"good": 3})
    assert get_error(result).code == "E305"
    assert recorder.names("h") == ["NodeStarted", "NodeFailed"]
    assert studio.run(graph({"d": ("fake.on_device", {"a": 5})}, o="d"))["o"] == 6
    probe.open("never")


def test_what_a_given_up_node_returns_later_counts_no_more(studio: Studio, probe: Probe) -> None:
    document = graph({"h": ("fake.hang_on_device", {"gate": "g"})}, o="h")
    assert studio.run(document, node_timeout_seconds=0.2).status == "failed"
    probe.open("g")
    assert studio.run(graph({"d": ("fake.on_device", {"a": 5})}, o="d"))["o"] == 6

    assert [row.standing for row in studio.explain(studio.load(document))] == ["miss"]
    assert studio.run(document).status == "done"


def test_more_hanging_nodes_than_threads_are_all_given_up(tmp_path: Path, probe: Probe) -> None:
    nodes = {f"w{i}": ("fake.wait", {"gate": f"g{i}"}) for i in range(5)} | {"a": ("fake.add", {"a": 1})}
    outputs = {f"w{i}": f"w{i}" for i in range(5)}
    with open_studio(tmp_path, probe, on_disk=False) as studio:
        result = studio.run(graph(nodes, **outputs, a="a"), node_timeout_seconds=0.15)
        for i in range(5):
            probe.open(f"g{i}")

        assert result.outputs == {"a": 2}
        assert {error.code for error in result.errors} == {"E305"}
        assert len(result.errors) == 5
        assert (
            studio.run(graph({"l": ("fake.count", {"n": 50}), "a": ("fake.add", {"a": "@l"})}, o="a")).status == "done"
        )


def test_a_time_limit_lets_quick_nodes_pass(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 300}), "a": ("fake.add", {"a": "@l"})}

    assert studio.run(graph(nodes, o="a"), node_timeout_seconds=5).status == "done"


def test_an_interrupted_run_ends_its_nodes_at_their_next_step(
    studio: Studio, probe: Probe, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: PendingWork, seconds: float) -> bool:
        probe.wait_for("steps")
        raise KeyboardInterrupt

    monkeypatch.setattr(PendingWork, "wait", interrupt)

    with pytest.raises(KeyboardInterrupt):
        studio.run(graph({"s": ("fake.steps", {"n": MANY})}, o="s"), control=control)

    assert control.cancelled
    assert 0 < probe.steps < MANY
