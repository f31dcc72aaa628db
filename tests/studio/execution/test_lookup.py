"""`Lookup`: what is found is not made again, what is kept is found, and equal calls are made once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import PATIENCE_SECONDS, Probe, graph, open_studio

from studio.api.events import Event, NodeCached
from studio.app import Studio
from studio.cache import Action
from studio.execution.call import Call, Result
from studio.execution.control import Control
from studio.execution.digests import name_undigested
from studio.execution.lookup import Claim, Lookup
from studio.execution.options import CacheMode, RunOptions
from studio.execution.values import Values

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


def build_chain(length: int) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, length)}
    return graph(nodes, end=f"n{length - 1}")


def test_a_second_run_runs_nothing(studio: Studio, probe: Probe) -> None:
    studio.run(graph(CHAIN, o="c"))
    result = studio.run(graph(CHAIN, o="c"))

    assert result["o"] == 4
    assert probe.calls["add"] == 3
    assert result.manifest["cache"] == {"hits": 3, "calls": 3}


def test_a_second_studio_on_the_folder_runs_nothing(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path, probe) as studio:
        studio.run(graph(CHAIN, o="c"))
    with open_studio(tmp_path, probe) as studio:
        assert studio.run(graph(CHAIN, o="c"))["o"] == 4
    assert probe.calls["add"] == 3


def test_what_follows_a_new_value_is_looked_up_once(
    tmp_path: Path, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    with open_studio(tmp_path, probe) as studio:
        assert studio.cache.disk is not None
        find = studio.cache.disk.find
        monkeypatch.setattr(studio.cache.disk, "find", lambda key: looked_up.append(key) or find(key))
        studio.run(graph(CHAIN, o="c"))

    assert len(set(looked_up)) == 3
    assert len(looked_up) == 4  # the first node: before and after it is claimed


def test_an_equal_value_cuts_off_what_follows(studio: Studio, probe: Probe) -> None:
    def build(sign: int) -> dict[str, Any]:
        return graph({"a": ("fake.square", {"a": sign * 3.0}), "b": ("fake.square", {"a": "@a"})}, o="b")

    studio.run(build(1))
    studio.run(build(-1))

    assert probe.calls["square"] == 3  # the second run's first node, and nothing behind it


def test_renaming_and_reordering_runs_nothing_again(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.add", {"a": 1, "b": 2}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.pair", {"a": "@b"})}
    studio.run(graph(nodes, o="c.low"))
    before = dict(probe.calls)
    renamed = {"z": ("fake.pair", {"a": "@y"}), "y": ("fake.add", {"a": "@x"}), "x": ("fake.add", {"b": 2, "a": 1})}
    studio.run(graph(renamed, other="z.low"))

    assert dict(probe.calls) == before


def test_a_default_and_the_same_value_given_are_one(studio: Studio, probe: Probe) -> None:
    studio.run(graph({"a": ("fake.add", {"a": 1})}, o="a"))
    studio.run(graph({"a": ("fake.add", {"a": 1, "b": 1})}, o="a"))

    assert probe.calls["add"] == 1


def test_recompute_runs_each_time_and_what_follows_only_if_it_differs(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.again", {"a": 1}), "b": ("fake.add", {"a": "@a"})}
    studio.run(graph(nodes, o="b"))
    studio.run(graph(nodes, o="b"))

    assert (probe.calls["again"], probe.calls["add"]) == (2, 1)


def test_never_runs_each_time(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.effect", {"a": 1}), "b": ("fake.add", {"a": "@a"})}
    for _ in range(2):
        assert studio.run(graph(nodes, o="b"))["o"] == 3

    assert (probe.calls["effect"], probe.calls["add"]) == (2, 1)


def test_refresh_runs_everything_and_keeps_it(studio: Studio, probe: Probe) -> None:
    studio.run(graph(CHAIN, o="c"))
    studio.run(graph(CHAIN, o="c"), cache="refresh")
    studio.run(graph(CHAIN, o="c"))

    assert probe.calls["add"] == 6


def test_a_hit_asks_the_cache_once_and_repeats_what_the_node_logged(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = graph({"t": ("fake.talk", {"message": "rounded"})}, o="t")
    studio.run(document)
    asked, find = [], studio.cache.find

    def count(fingerprint: str, **more: Any) -> Action | None:
        asked.append(fingerprint)
        return find(fingerprint, **more)

    monkeypatch.setattr(studio.cache, "find", count)

    result = studio.run(document)

    assert result.manifest["nodes"]["t"]["warnings"] == ["rounded"]
    assert len(asked) == 1


def test_off_neither_looks_up_nor_keeps(studio: Studio, probe: Probe) -> None:
    for _ in range(2):
        assert studio.run(graph(CHAIN, o="c"), cache="off")["o"] == 4
    studio.run(graph(CHAIN, o="c"))

    assert probe.calls["add"] == 9


def test_a_value_without_digest_makes_what_follows_run_each_time(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.opaque", {}), "b": ("fake.look", {"value": "@a"}), "c": ("fake.same", {"value": "@b"})}
    for _ in range(2):
        assert studio.run(graph(nodes, o="c"))["o"] == "Blob"

    assert (probe.calls["opaque"], probe.calls["look"], probe.calls["same"]) == (2, 2, 1)


def test_two_threads_with_one_graph_compute_each_node_once(studio: Studio, probe: Probe) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: studio.run(build_chain(200)), range(4)))

    assert [result["end"] for result in results] == [200] * 4
    assert probe.calls["add"] == 200


def test_a_run_that_waits_for_a_run_that_is_cancelled_computes_itself(studio: Studio, probe: Probe) -> None:
    control = Control()
    document = graph({"w": ("fake.wait", {"gate": "g", "cautious": True}), "b": ("fake.add", {"a": "@w"})}, o="b")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(studio.run, document, control=control)
        probe.wait_for("g")
        second = pool.submit(studio.run, document)
        control.cancel()
        assert first.result(30).status == "cancelled"
        probe.open("g")

        assert second.result(30).outputs == {"o": 1}


def test_cancelling_a_run_that_waits_leaves_the_claim_with_the_run_that_computes(studio: Studio, probe: Probe) -> None:
    control = Control()
    document = graph({"w": ("fake.wait", {"gate": "g"}), "b": ("fake.add", {"a": "@w"})}, o="b")
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(studio.run, document)
        probe.wait_for("g")
        second = pool.submit(studio.run, document, control=control)
        control.cancel()
        assert second.result(30).status == "cancelled"
        third = pool.submit(studio.run, document)
        probe.open("g")

        assert first.result(30)["o"] == third.result(30)["o"] == 1
    assert probe.calls["wait g"] == 1


# -- two runs in forced order --------------------------------------------------------------------------

ONE = {"a": ("fake.add", {"a": 1})}


def between(studio: Studio, name: str, act: Callable[[], Any]) -> None:
    """Have something happen just before the cache is first asked by that method, on another thread."""
    real = getattr(studio.cache, name)

    def ask(*args: Any, **options: Any) -> Any:
        setattr(studio.cache, name, real)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(act).result(PATIENCE_SECONDS)
        return real(*args, **options)

    setattr(studio.cache, name, ask)


def test_what_another_run_makes_between_lookup_and_claim_is_found(studio: Studio, probe: Probe) -> None:
    between(studio, "claim", lambda: studio.run(graph(ONE, o="a")))
    result = studio.run(graph(ONE, o="a"))

    assert result["o"] == 2
    assert probe.calls["add"] == 1
    assert result.manifest["cache"] == {"hits": 1, "calls": 1}


def test_what_another_run_makes_between_claim_and_lock_is_found(disk_studio: Studio, probe: Probe) -> None:
    """The other run is a process of its own: it does not share the claims of this one."""
    with open_studio(disk_studio.settings.cache_dir, probe) as other:
        between(disk_studio, "try_lock", lambda: other.run(graph(ONE, o="a")))

        assert disk_studio.run(graph(ONE, o="a"))["o"] == 2
    assert probe.calls["add"] == 1


def test_a_process_that_computes_is_waited_for_and_not_overtaken(disk_studio: Studio, probe: Probe) -> None:
    document = graph({"w": ("fake.wait", {"gate": "g", "a": 4})}, o="w")
    with open_studio(disk_studio.settings.cache_dir, probe) as other, ThreadPoolExecutor(2) as pool:
        first = pool.submit(other.run, document)
        probe.wait_for("g")
        asked = watch_calls(disk_studio, "try_lock", 2)  # refused once, and tried again
        second = pool.submit(disk_studio.run, document)
        assert asked.wait(PATIENCE_SECONDS)
        probe.open("g")

        assert first.result(PATIENCE_SECONDS)["o"] == second.result(PATIENCE_SECONDS)["o"] == 4
    assert probe.calls["wait g"] == 1


def test_a_run_that_waits_computes_itself_when_the_other_fails(studio: Studio, probe: Probe) -> None:
    document = graph({"f": ("fake.fail_once", {"gate": "g"})}, o="f")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(studio.run, document)
        probe.wait_for("g")
        claimed = watch_calls(studio, "claim", 1)
        second = pool.submit(studio.run, document)
        assert claimed.wait(PATIENCE_SECONDS)
        probe.open("g")

        assert first.result(PATIENCE_SECONDS).status == "failed"
        assert second.result(PATIENCE_SECONDS).outputs == {"o": 1}
    assert probe.calls["fail_once"] == 2


def test_a_listener_of_a_run_that_waits_does_not_disturb_the_one_that_computes(studio: Studio, probe: Probe) -> None:
    nodes = {"w": ("fake.wait", {"gate": "g"}), "b": ("fake.add", {"a": "@w"})}

    def raise_on_cached(event: Event) -> None:
        if isinstance(event, NodeCached):
            raise ValueError("not now")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(studio.run, graph(nodes, o="b"))
        probe.wait_for("g")
        claimed = watch_calls(studio, "claim", 1)
        second = pool.submit(studio.run, graph(nodes, o="b"), on_event=raise_on_cached)
        assert claimed.wait(PATIENCE_SECONDS)
        probe.open("g")
        one, two = first.result(PATIENCE_SECONDS), second.result(PATIENCE_SECONDS)

    assert (one.outputs, one.warnings, two.outputs) == ({"o": 1}, [], {"o": 1})
    assert any("not now" in warning for warning in two.warnings)


def test_calls_of_two_runs_are_not_run_in_one_stack(studio: Studio, probe: Probe) -> None:
    def build(first: int) -> dict[str, Any]:
        return graph({"s": ("fake.stacked", {"a": [first, first + 1]})}, o="s")

    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(studio.run, graph({"h": ("fake.hang_on_device", {"gate": "g"})}, o="h"))
        probe.wait_for("g")
        queued = watch_calls(studio, "push", 2, studio.executor.lanes)
        runs = [pool.submit(studio.run, build(first)) for first in (1, 5)]
        assert queued.wait(PATIENCE_SECONDS)  # the device is busy, and both runs have queued all they have
        probe.open("g")
        results = [run.result(PATIENCE_SECONDS)["o"] for run in runs]
        assert busy.result(PATIENCE_SECONDS).status == "done"

    assert results == [[10, 20], [50, 60]]
    assert probe.stacks == [2, 2]


def watch_calls(studio: Studio, name: str, count: int, owner: Any = None) -> threading.Event:
    """Return what is set once a method of the cache has answered so many times."""
    owner = owner or studio.cache
    real, seen, left = getattr(owner, name), threading.Event(), iter(range(count - 1))

    def ask(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        if next(left, None) is None:
            seen.set()
        return answer

    setattr(owner, name, ask)
    return seen


# -- one call ------------------------------------------------------------------------------------------


@pytest.fixture
def lookup(studio: Studio) -> Lookup:
    """The lookup of a run."""
    services = studio.executor.services
    return Lookup(services, Values(services, None), RunOptions())


def name_call(call: Call, lookup: Lookup) -> str:
    """Give a call its fingerprint."""
    call.fingerprint = lookup.find_fingerprint(call)
    assert call.fingerprint is not None
    return call.fingerprint


def make_add(studio: Studio, make_call: Callable[..., Call]) -> Call:
    """Return a call of fake.add."""
    return make_call("fake.add", a=Result(studio.cache.digest(1), 1))


def test_one_call_claims_and_the_next_waits_for_its_release(
    studio: Studio, lookup: Lookup, make_call: Callable[..., Call]
) -> None:
    first, second, landed = make_add(studio, make_call), make_add(studio, make_call), []
    name = name_call(first, lookup)
    assert name_call(second, lookup) == name

    assert lookup.claim(first, name, lambda: landed.append("first")) is Claim.OURS
    assert lookup.claim(second, name, lambda: landed.append("second")) is Claim.IN_THIS_PROCESS
    lookup.release(second)  # it has no claim, and releases none
    assert landed == []
    lookup.release(first)
    assert landed == ["second"]
    assert lookup.claim(second, name, lambda: None) is Claim.OURS


def test_what_is_kept_is_found_with_its_notes_and_releases_the_claim(
    studio: Studio, lookup: Lookup, make_call: Callable[..., Call]
) -> None:
    call = make_add(studio, make_call)
    name, landed = name_call(call, lookup), []
    lookup.claim(call, name, lambda: None)
    lookup.claim(make_add(studio, make_call), name, lambda: landed.append(True))
    (output,) = call.node_type.outputs
    lookup.keep(call, {output: Result(studio.cache.digest(2), 2, call=call)})
    found = lookup.find_results(make_add(studio, make_call), name)

    assert landed == [True]
    assert found is not None
    results, notes = found
    assert studio.cache.load(results[output].digest) == 2
    assert notes == ()


def test_a_result_without_digest_is_not_kept_and_releases_the_claim(
    studio: Studio, lookup: Lookup, make_call: Callable[..., Call]
) -> None:
    call = make_add(studio, make_call)
    name, landed = name_call(call, lookup), []
    lookup.claim(call, name, lambda: None)
    lookup.claim(make_add(studio, make_call), name, lambda: landed.append(True))
    (output,) = call.node_type.outputs
    lookup.keep(call, {output: Result(name_undigested(), object(), call=call)})

    assert landed == [True]
    assert lookup.find_results(call, name) is None


def test_an_action_with_other_outputs_is_not_found(
    studio: Studio, lookup: Lookup, make_call: Callable[..., Call]
) -> None:
    call = make_add(studio, make_call)
    name = name_call(call, lookup)
    studio.cache.record(Action(name, "fake.add", {"another": studio.cache.digest(2)}, {}), {})

    assert lookup.find_results(call, name) is None


@pytest.mark.parametrize(
    ("mode", "node_type", "looked_up", "kept"),
    [
        ("use", "fake.add", True, True),
        ("refresh", "fake.add", False, True),
        ("off", "fake.add", False, False),
        ("use", "fake.again", False, True),
        ("use", "fake.effect", False, False),
    ],
)
def test_the_run_and_the_node_type_say_whether_to_look_and_to_keep(
    studio: Studio, make_call: Callable[..., Call], mode: str, node_type: str, looked_up: bool, kept: bool
) -> None:
    services = studio.executor.services
    lookup = Lookup(services, Values(services, None), RunOptions(cache=CacheMode(mode)))
    found = make_call(node_type).node_type

    assert (lookup.is_looked_up(found), lookup.is_kept(found)) == (looked_up, kept)
