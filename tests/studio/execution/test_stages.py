"""`Stages`: conditions skip nodes, choices evaluate the branch taken, optional inputs stay empty."""

from __future__ import annotations

import pytest
from fakes import Probe, Recorder, get_error, graph, name_node

from studio.app import Studio


def test_when_false_skips_a_node_and_what_needs_it(studio: Studio, probe: Probe) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "a": name_node("fake.add", {"a": 1}, "even"),
        "b": ("fake.add", {"a": "@a"}),
        "c": ("fake.add", {"a": 10}),
    }
    recorder = Recorder()
    result = studio.run(graph(nodes, skipped="b", kept="c"), on_event=recorder)

    assert (result.status, result.outputs) == ("done", {"kept": 11})
    assert recorder.names("a") == recorder.names("b") == ["NodeSkipped"]


def test_when_true_runs_it(studio: Studio) -> None:
    nodes = {"even": ("fake.is_even", {"a": 2}), "a": name_node("fake.add", {"a": 1}, "even")}

    assert studio.run(graph(nodes, o="a")).outputs == {"o": 2}


def test_what_a_skipped_node_needs_does_not_run(studio: Studio, probe: Probe) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "slow": ("fake.pair", {"a": 1}),
        "a": name_node("fake.add", {"a": "@slow.low"}, "even"),
        "m": ("fake.maybe", {"a": "@a"}),
    }
    result = studio.run(graph(nodes, o="m"))

    assert result["o"] == "got None"
    assert probe.calls["pair"] == 0


def test_an_optional_input_without_default_gets_none_from_a_skipped_node(studio: Studio) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "a": name_node("fake.add", {"a": 1}, "even"),
        "m": ("fake.nullable", {"a": "@a"}),
    }

    assert studio.run(graph(nodes, o="m"))["o"] == "got None"


def test_a_failed_node_does_not_count_as_skipped_however_far_behind(studio: Studio, probe: Probe) -> None:
    nodes = {
        "f": ("fake.fail", {}),
        "a": ("fake.add", {"a": "@f"}),
        "b": ("fake.add", {"a": "@a"}),
        "m": ("fake.maybe", {"a": "@b"}),
    }
    result = studio.run(graph(nodes, o="m"))

    assert (result.status, result.outputs) == ("failed", {})
    assert probe.calls["maybe"] == 0


@pytest.mark.parametrize("other", ["fake.fail", "fake.wait"])
def test_a_choice_evaluates_only_the_branch_taken(studio: Studio, probe: Probe, other: str) -> None:
    nodes = {
        "bad": (other, {"gate": "never"} if other == "fake.wait" else {}),
        "good": ("fake.add", {"a": 1}),
        "index": ("fake.add", {"a": 0}),
        "p": ("fake.pick", {"index": "@index", "case_1": "@good", "case_2": "@bad"}),
    }
    result = studio.run(graph(nodes, o="p"))

    assert (result.status, result["o"]) == ("done", 2)
    assert probe.calls["fail"] == probe.calls["wait never"] == 0


def test_a_choice_reads_the_default_of_what_it_depends_on(studio: Studio) -> None:
    assert studio.run(graph({"a": ("fake.add", {"a": 1}), "p": ("fake.pick", {"case_1": "@a"})}, o="p"))["o"] == 2


def test_a_mapped_choice_evaluates_every_branch_that_some_entry_takes(studio: Studio) -> None:
    nodes = {
        "i": ("fake.count", {"n": 2, "start": 1}),
        "x": ("fake.add", {"a": 1}),
        "y": ("fake.add", {"a": 10}),
        "p": ("fake.pick", {"index": "@i", "case_1": "@x", "case_2": "@y"}),
    }

    assert studio.run(graph(nodes, o="p"))["o"] == [2, 11]


def test_a_choice_with_a_broken_rule_is_its_own_error(studio: Studio) -> None:
    result = studio.run(graph({"p": ("fake.broken_choice", {"a": 1}), "b": ("fake.add", {"a": 1})}, o="p", k="b"))

    assert (result.status, result.outputs) == ("partly done", {"k": 2})
    assert "no_such_thing" in get_error(result).message


def test_when_takes_nothing_but_a_bool(studio: Studio) -> None:
    nodes = {"j": ("fake.json", {"value": 1}), "a": name_node("fake.add", {"a": 1}, "j")}

    assert get_error(studio.run(graph(nodes, o="a"))).code == "E303"
