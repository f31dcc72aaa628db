"""Values that the cache had and has no longer: they are made again, in the middle and at the end of a graph."""

from __future__ import annotations

import gc
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, get_error, graph, open_studio

from studio.api.events import Event, NodeFinished, RunFinished
from studio.app import Studio
from studio.execution.call import Call, LostValue, NodeStatus
from studio.execution.pending_work import PendingWork
from studio.execution.remaking import Remaker

SIDE = 128  # 48 KiB a image: more than what lies in the table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The cache's folder."""
    return tmp_path / "cache"


def build_chain(length: int = 6, by: int = 1) -> dict[str, Any]:
    """Return a chain of images and a number at its end."""
    nodes: dict[str, Any] = {"n0": ("fake.image", {"side": SIDE})}
    nodes |= {f"n{i}": ("fake.shift", {"image": f"@n{i - 1}"}) for i in range(1, length)}
    nodes["last"] = ("fake.shift", {"image": f"@n{length - 1}", "by": by})
    return graph(nodes, o="last")


def remove_blobs(folder: Path) -> None:
    """Remove the blobs behind the cache's back; the actions stay."""
    for path in (folder / "blobs").iterdir():
        shutil.rmtree(path)


@pytest.fixture
def made(folder: Path, probe: Probe) -> Any:
    """The output of the chain, which is cached."""
    with open_studio(folder, probe) as studio:
        return studio.run(build_chain())["o"]


@pytest.fixture
def again(folder: Path, made: Any) -> Iterator[tuple[Studio, Probe]]:
    """A fresh Studio whose cache has lost its blobs."""
    remove_blobs(folder)
    probe = Probe()
    with open_studio(folder, probe) as studio:
        yield studio, probe


def test_a_lost_output_is_made_again_from_the_start(made: Any, again: tuple[Studio, Probe]) -> None:
    studio, probe = again
    result = studio.run(build_chain())

    assert (result.status, result["o"]) == ("done", made)
    assert (probe.calls["image"], probe.calls["shift"]) == (1, 6)
    assert result.manifest["outputs"]["o"]["digest"] is not None


def test_what_was_made_again_is_kept(folder: Path, made: Any, again: tuple[Studio, Probe]) -> None:
    studio, _ = again
    studio.run(build_chain())
    studio.close()
    fresh = Probe()
    with open_studio(folder, fresh) as other:
        assert other.run(build_chain())["o"] == made
    assert not fresh.calls


def test_a_value_lost_in_the_middle_is_made_again_for_the_node_that_wants_it(again: tuple[Studio, Probe]) -> None:
    studio, probe = again
    result = studio.run(build_chain(by=2))

    assert result.status == "done"
    assert (probe.calls["image"], probe.calls["shift"]) == (1, 6)


def test_a_lost_value_that_nothing_needs_is_left_alone(folder: Path, probe: Probe) -> None:
    nodes = {"i": ("fake.image", {"side": SIDE}), "m": ("fake.mean", {"image": "@i"})}
    with open_studio(folder) as studio:
        studio.run(graph(nodes, o="m"))
    remove_blobs(folder)
    with open_studio(folder, probe) as studio:
        assert studio.run(graph(nodes, o="m")).status == "done"
    assert not probe.calls


def test_several_consumers_of_one_lost_value_have_it_made_once(folder: Path, probe: Probe) -> None:
    def build(by: int) -> dict[str, Any]:
        nodes: dict[str, Any] = {"i": ("fake.image", {"side": SIDE})}
        nodes |= {f"s{k}": ("fake.shift", {"image": "@i", "by": k + by}) for k in range(8)}
        return graph(nodes, **{f"o{k}": f"s{k}" for k in range(8)})

    with open_studio(folder) as studio:
        studio.run(build(1))
    remove_blobs(folder)
    with open_studio(folder, probe, memory_bytes=0) as studio:
        result = studio.run(build(20))
        assert result.status == "done"
        assert len(result.outputs) == 8
    assert probe.calls["image"] == 1


def test_a_lost_list_of_images_is_made_again(folder: Path, probe: Probe) -> None:
    nodes = {"l": ("fake.images", {"n": 4, "side": SIDE}), "m": ("fake.mean_all", {"images": "@l"})}
    with open_studio(folder) as studio:
        expected = studio.run(graph(nodes, o="l"))["o"]
    remove_blobs(folder)
    with open_studio(folder, probe) as studio:
        result = studio.run(graph(nodes, o="l", m="m"))
        assert (result.status, result["o"]) == ("done", expected)
    assert probe.calls["images"] == 1


def test_entries_lost_under_a_mapped_node_are_made_again(folder: Path, probe: Probe) -> None:
    def build(by: int) -> dict[str, Any]:
        return graph(
            {"l": ("fake.images", {"n": 5, "side": SIDE}), "s": ("fake.shift", {"image": "@l", "by": by})}, o="s"
        )

    with open_studio(folder) as studio:
        expected = studio.run(build(1))["o"]
    remove_blobs(folder)
    with open_studio(folder, probe, memory_bytes=0) as studio:
        same, other = studio.run(build(1)), studio.run(build(2))
        assert same["o"] == expected
        assert len(other["o"]) == 5
    assert (probe.calls["images"], probe.calls["shift"]) == (1, 10)


def test_one_entry_lost_of_a_mapped_node_is_made_alone(folder: Path, probe: Probe) -> None:
    document = graph({"i": ("fake.image", {"side": SIDE, "seed": [1, 2, 3, 4]})}, o="i")
    with open_studio(folder) as studio:
        expected = studio.run(document)["o"]
        victim = studio.cache.digest(expected[2])
    next((folder / "blobs").glob(f"*/{victim}.*")).unlink()
    with open_studio(folder, probe) as studio:
        assert studio.run(document)["o"] == expected
    assert probe.calls["image"] == 1


def test_a_lost_value_in_a_mapped_graph_is_made_again(folder: Path, probe: Probe, tmp_path: Path) -> None:
    import json

    inner = graph(
        {"i": ("fake.image", {"side": SIDE, "seed": "@inputs.seed"}), "s": ("fake.shift", {"image": "@i"})}, o="s"
    )
    (tmp_path / "inner.json").write_text(json.dumps(inner | {"inputs": {"seed": {"type": "int"}}}), encoding="utf-8")
    outer = graph({"l": ("fake.count", {"n": 3}), "g": ("graph:inner.json", {"seed": "@l"})}, o="g")
    (tmp_path / "outer.json").write_text(json.dumps(outer), encoding="utf-8")
    with open_studio(folder) as studio:
        expected = studio.run(tmp_path / "outer.json")["o"]
    remove_blobs(folder)
    with open_studio(folder, probe) as studio:
        result = studio.run(tmp_path / "outer.json")
        assert (result.status, result["o"]) == ("done", expected)
    assert (probe.calls["image"], probe.calls["shift"]) == (3, 3)


def test_a_choice_on_a_lost_value_has_it_made_again(folder: Path, probe: Probe) -> None:
    import sqlite3

    nodes = {
        "e": ("fake.is_even", {"a": 2}),
        "a": {"type": "fake.add", "inputs": {"a": 1}, "when": {"from": "e"}},
        "i": ("fake.add", {"a": 0}),
        "p": ("fake.pick", {"index": "@i", "case_1": "@a"}),
    }
    with open_studio(folder) as studio:
        studio.run(graph(nodes, o="p"))
    with sqlite3.connect(folder / "index.sqlite") as connection:
        connection.execute("delete from blobs")
    connection.close()
    with open_studio(folder, probe) as studio:
        result = studio.run(graph(nodes, o="p"))
        assert (result.status, result.outputs) == ("done", {"o": 2})
    assert probe.calls["is_even"] == 1


def test_a_lost_value_that_can_no_longer_be_made_fails_what_wants_it(folder: Path, probe: Probe) -> None:
    def build(path: str, by: int) -> dict[str, Any]:
        nodes = {
            "i": ("fake.image", {"side": SIDE}),
            "v": ("fake.invert", {"image": "@i"}),
            "s": ("fake.shift", {"image": "@v", "by": by}),
            "m": ("fake.maybe", {"a": 3}),
        }
        return graph(nodes, o="s", m="m")

    with open_studio(folder) as studio:
        studio.run(build("", 1))
    remove_blobs(folder)
    probe.open("stop at 1")
    with open_studio(folder, probe) as studio:
        result = studio.run(build("", 2))
        assert (result.status, list(result.outputs)) == ("partly done", ["m"])
        assert "'v'" in get_error(result).message
        assert studio.run(build("", 2)).status == "done"  # the second time it does not stop


def test_a_node_that_comes_out_different_drags_along_what_is_made_from_it(folder: Path, probe: Probe) -> None:
    nodes = {
        "c": ("fake.chance", {}),
        "s": ("fake.shift", {"image": "@c", "by": 0}),
        "l": ("fake.mean_all", {"images": ["@c", "@s"]}),
    }
    with open_studio(folder) as studio:
        studio.run(graph(nodes, o="l"))
    remove_blobs(folder)
    probe.add_call("chance")  # what comes next differs from what was made then
    with open_studio(folder, probe, memory_bytes=0) as studio:
        other = {**nodes, "l": ("fake.mean_all", {"images": ["@c", "@s", "@c"]})}
        result = studio.run(graph(other, o="l", s="s"))
        assert result.status == "done"
        fingerprint = result.manifest["nodes"]["s"]["fingerprints"][0]
        made = studio.cache.load(studio.cache.find(fingerprint).outputs["image"])  # type: ignore[union-attr]
        first = studio.cache.load(result.manifest["nodes"]["c"]["outputs"]["image"])
        assert made == first == result["s"]  # whatever the fingerprint says is so


def test_a_long_chain_of_lost_values_needs_no_recursion_and_little_memory(folder: Path, probe: Probe) -> None:
    with open_studio(folder, on_disk=True) as studio:
        studio.run(build_chain(200))
    remove_blobs(folder)
    alive: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            gc.collect()
            alive.append(probe.alive)

    with open_studio(folder, probe, memory_bytes=0) as studio:
        assert studio.run(build_chain(200), on_event=listen).status == "done"
    assert probe.calls["shift"] == 200
    assert alive == [1]  # the output


def test_an_eviction_between_two_runs_costs_only_time(folder: Path, probe: Probe) -> None:
    with open_studio(folder, probe, cache_bytes=100_000, memory_bytes=0) as studio:  # two images
        for _ in range(3):
            assert studio.run(build_chain()).status == "done"


def test_two_runs_that_want_one_lost_value_make_it_once(folder: Path, probe: Probe) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with open_studio(folder) as studio:
        expected = studio.run(build_chain())["o"]
    remove_blobs(folder)
    with open_studio(folder, probe) as studio, ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: studio.run(build_chain()), range(3)))
        assert all(result["o"] == expected for result in results)
    assert (probe.calls["image"], probe.calls["shift"]) == (1, 6)


def test_a_call_that_is_queued_while_its_input_comes_out_different_is_kept_under_the_new_name(
    folder: Path, probe: Probe
) -> None:
    nodes = {
        "c": ("fake.chance", {}),
        "s": ("fake.shift", {"image": "@c"}),
        "m": ("fake.mean_on_device", {"image": "@c"}),
    }
    with open_studio(folder, probe) as studio:
        studio.run(graph({"c": nodes["c"]}, c="c"))
    remove_blobs(folder)
    shifted = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, NodeFinished) and event.node == "s":
            shifted.set()

    with open_studio(folder, probe) as studio, ThreadPoolExecutor(2) as pool:
        pool.submit(studio.run, graph({"h": ("fake.hang_on_device", {"gate": "g"})}, h="h"))
        probe.wait_for("g")
        running = pool.submit(studio.run, graph(nodes, m="m", s="s"), on_event=listen)
        assert shifted.wait(30)  # the image was made again for it, and differs; the device is still busy
        probe.open("g")
        first = running.result(30)
        again = studio.run(graph(nodes, m="m", s="s"))

    assert first.outputs["m"] == again.outputs["m"] == 2.0
    assert again.manifest["cache"] == {"hits": 3, "calls": 3}
    assert probe.calls["mean_on_device"] == 1


# -- who waits -----------------------------------------------------------------------------------------


class Restarts:
    """Keeps the calls that are started again."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.work = PendingWork(self.lock)
        self.calls: list[Call] = []
        self.remaker = Remaker(self.lock, self.work, self.calls.append)

    def end(self, call: Call, made: bool) -> None:
        """Let a call end."""
        waiting, call.waiting, call.remaking = call.waiting, [], False
        for resume in waiting:
            resume(made)
        self.work.finish()


def make_done(make_call: Callable[..., Call]) -> Call:
    """Return a call of a node that is done."""
    call = make_call("fake.add")
    call.state.status = NodeStatus.DONE
    return call


def test_whatever_waits_resumes_once_after_the_last_value(make_call: Callable[..., Call]) -> None:
    restarts, answers = Restarts(), []
    first, second = make_done(make_call), make_done(make_call)
    restarts.remaker.remake(LostValue([first, second]), answers.append)
    assert restarts.calls == [first, second]
    restarts.end(second, True)
    assert answers == []
    assert not restarts.work.wait(0)
    restarts.end(first, True)

    assert answers == [True]
    assert restarts.work.wait(0)


def test_a_value_that_two_wait_for_is_made_once_and_both_resume(make_call: Callable[..., Call]) -> None:
    restarts, answers = Restarts(), []
    call = make_done(make_call)
    for name in ("one", "two"):
        restarts.remaker.remake(LostValue([call]), lambda made, name=name: answers.append((name, made)))
    assert restarts.calls == [call]
    restarts.end(call, True)

    assert answers == [("one", True), ("two", True)]
    assert restarts.work.wait(0)


def test_one_value_that_cannot_be_made_again_is_enough_to_give_up(make_call: Callable[..., Call]) -> None:
    restarts, answers = Restarts(), []
    done, failed = make_done(make_call), make_call("fake.add")
    failed.state.status = NodeStatus.FAILED
    restarts.remaker.remake(LostValue([done, failed]), answers.append)
    assert restarts.calls == [done]
    restarts.end(done, True)

    assert answers == [False]
    assert restarts.work.wait(0)


def test_a_resume_that_raises_leaves_nothing_pending(make_call: Callable[..., Call]) -> None:
    restarts, call = Restarts(), make_done(make_call)

    def fail(made: bool) -> None:
        raise RuntimeError("resume")

    restarts.remaker.remake(LostValue([call]), fail)
    with pytest.raises(RuntimeError, match="resume"):
        restarts.end(call, True)
    restarts.work.finish()  # the call itself, which `finish_calls` did not come to

    assert restarts.work.wait(0)
