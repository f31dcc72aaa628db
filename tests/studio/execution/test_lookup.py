"""`Lookup`: what is found is not made again, what is kept is found, and equal calls are made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fakes import Probe, graph, open_studio

from studio.app import Studio

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


def test_off_neither_looks_nor_keeps(studio: Studio, probe: Probe) -> None:
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


def test_who_waits_for_a_run_that_is_cancelled_computes_itself(studio: Studio, probe: Probe) -> None:
    from studio.execution.control import Control

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


def test_cancelling_one_who_waits_leaves_the_claim_with_who_computes(studio: Studio, probe: Probe) -> None:
    from studio.execution.control import Control

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
