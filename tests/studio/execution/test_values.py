"""`Values`: lists are taken apart, zipped and put together; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fakes import Probe, get_error, graph

from studio.api import Image
from studio.app import Studio
from studio.cache import MISSING, Action
from studio.errors import StudioError
from studio.execution.call import Call, Result
from studio.execution.values import Values
from studio.graph.source import Collected, Constant


def test_a_list_at_a_single_input_maps_the_node(studio: Studio, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 5}),
        "a": ("fake.add", {"a": "@l", "b": 10}),
        "t": ("fake.total", {"numbers": "@a"}),
    }
    result = studio.run(graph(nodes, each="a", all="t"))

    assert result.outputs == {"each": [10, 11, 12, 13, 14], "all": 60}
    assert probe.calls["add"] == 5


def test_two_lists_zip_and_a_list_of_one_stretches(studio: Studio) -> None:
    nodes = {
        "l": ("fake.count", {"n": 3}),
        "m": ("fake.count", {"n": 3, "start": 10}),
        "one": ("fake.count", {"n": 1, "start": 100}),
        "zip": ("fake.add", {"a": "@l", "b": "@m"}),
        "stretch": ("fake.add", {"a": "@l", "b": "@one"}),
    }
    result = studio.run(graph(nodes, zip="zip", stretch="stretch"))

    assert result.outputs == {"zip": [10, 12, 14], "stretch": [100, 101, 102]}


def test_lists_of_unequal_length_are_an_error(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 3}), "m": ("fake.count", {"n": 2}), "z": ("fake.add", {"a": "@l", "b": "@m"})}
    result = studio.run(graph(nodes, o="z"))

    assert get_error(result).code == "E308"
    assert "a: 3" in get_error(result).message


def test_a_table_maps_twice(studio: Studio) -> None:
    nodes = {
        "g": ("fake.grid", {"rows": 2, "columns": 3}),
        "a": ("fake.add", {"a": "@g", "b": 1}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    result = studio.run(graph(nodes, cells="a", rows="t"))

    assert result.outputs == {"cells": [[1, 2, 3], [4, 5, 6]], "rows": [3, 12]}


def test_a_list_written_in_the_graph_maps(studio: Studio) -> None:
    nodes = {"a": ("fake.add", {"a": [1, 2, 3]}), "n": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": ["@n", 5]})}

    assert studio.run(graph(nodes, a="a", b="b")).outputs == {"a": [2, 3, 4], "b": [3, 6]}


def test_an_empty_list_maps_to_an_empty_list(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 0}), "a": ("fake.add", {"a": "@l"}), "t": ("fake.total", {"numbers": "@a"})}

    assert studio.run(graph(nodes, a="a", t="t")).outputs == {"a": [], "t": 0}


def test_a_failing_entry_fails_the_node_and_names_itself(studio: Studio) -> None:
    nodes = {
        "l": ("fake.count", {"n": 5}),
        "f": ("fake.fail_at", {"a": "@l", "bad": 3}),
        "k": ("fake.total", {"numbers": "@l"}),
    }
    result = studio.run(graph(nodes, o="f", k="k"))

    assert (result.status, result.outputs) == ("partly done", {"k": 10})
    assert "'f[3]'" in get_error(result).message
    assert "a=3" in get_error(result).inputs  # type: ignore[attr-defined]  # a NodeError


def test_entries_that_never_ran_since_another_failed_can_run_later(studio: Studio, probe: Probe) -> None:
    count = 200
    nodes = {"l": ("fake.count", {"n": count}), "f": ("fake.fail_at", {"a": "@l", "bad": 0})}
    studio.run(graph(nodes, o="f"))
    assert probe.calls["fail_at"] < count

    result = studio.run(graph({"f": ("fake.fail_at", {"a": count - 1, "bad": 0})}, o="f"))

    assert result.outputs == {"o": count - 1}


def test_entries_that_were_made_before_are_not_made_again(studio: Studio, probe: Probe) -> None:
    studio.run(graph({"l": ("fake.count", {"n": 3}), "a": ("fake.add", {"a": "@l"})}, o="a"))
    result = studio.run(graph({"l": ("fake.count", {"n": 5}), "a": ("fake.add", {"a": "@l"})}, o="a"))

    assert result["o"] == [1, 2, 3, 4, 5]
    assert probe.calls["add"] == 5


def test_a_type_variable_carries_its_type_through(studio: Studio) -> None:
    nodes = {
        "i": ("fake.image", {}),
        "s": ("fake.same", {"value": "@i"}),
        "l": ("fake.images", {"n": 2}),
        "f": ("fake.first", {"values": "@l"}),
        "m": ("fake.mean", {"image": "@s"}),
        "n": ("fake.mean", {"image": "@f"}),
    }
    result = studio.run(graph(nodes, m="m", n="n"))

    assert result.status == "done"
    assert 0 < result["m"] < 1
    assert 0 < result["n"] < 1


def test_lists_at_inputs_of_any_type_zip_with_the_list_that_maps_the_node(studio: Studio) -> None:
    nodes = {
        "a": ("fake.count", {"n": 3, "start": 10}),
        "b": ("fake.count", {"n": 3, "start": 20}),
        "l": ("fake.count", {"n": 3, "start": 1}),
        "s": ("fake.pick", {"index": [2, 1, 1], "case_1": "@a", "case_2": "@b"}),
        "f": ("fake.first", {"values": [[5, 6], [7]]}),
        "w": ("fake.pick", {"index": 1, "case_1": "@a", "case_2": "@b"}),
    }
    result = studio.run(graph(nodes, s="s", f="f", w="w"))

    assert result.outputs == {"s": [20, 11, 12], "f": [5, 6], "w": [10, 11, 12]}


def test_a_generator_function_streams_a_list(studio: Studio) -> None:
    nodes = {"s": ("fake.stream", {"n": 4}), "a": ("fake.add", {"a": "@s"})}

    assert studio.run(graph(nodes, s="s", a="a")).outputs == {"s": [0, 1, 2, 3], "a": [1, 2, 3, 4]}


def test_changing_a_result_changes_no_later_one(studio: Studio) -> None:
    document = graph({"l": ("fake.count", {"n": 3})}, o="l")
    studio.run(document)["o"].append(99)

    assert studio.run(document)["o"] == [0, 1, 2]


# -- by hand -------------------------------------------------------------------------------------------


def test_a_call_gets_a_list_of_its_own_that_it_may_change(
    memory_studio: Studio, make_call: Callable[..., Call]
) -> None:
    services = memory_studio.executor.services
    values, result = Values(services, None), Result(memory_studio.cache.digest([1, 2]), [1, 2])
    call = make_call("fake.total", numbers=result)
    values.load_inputs(call.state.node, call.args)["numbers"].append(3)

    assert values.load_inputs(call.state.node, call.args) == {"numbers": [1, 2]}


def test_an_entry_follows_its_list_when_that_is_made_again_differently(
    memory_studio: Studio, make_call: Callable[..., Call]
) -> None:
    digest = memory_studio.cache.digest
    values = Values(memory_studio.executor.services, None)
    whole = Result(digest([1, 2]), [1, 2], call=make_call("fake.count"))
    first, second = values.split(whole)
    for entry in (first, second):
        entry.forget_value()
    whole.take_over(Result(digest([1, 7]), [1, 7]))

    assert (values.load(second), second.digest, second.drifted) == (7, digest(7), True)
    assert values.drifted
    assert (values.load(first), first.digest) == (1, digest(1))


def test_an_entry_that_a_list_made_again_no_longer_has_is_an_error(
    memory_studio: Studio, make_call: Callable[..., Call]
) -> None:
    digest = memory_studio.cache.digest
    values = Values(memory_studio.executor.services, None)
    whole = Result(digest([1, 2]), [1, 2], call=make_call("fake.count"))
    _, second = values.split(whole)
    second.forget_value()
    whole.take_over(Result(digest([1]), [1]))

    with pytest.raises(StudioError, match="has 1 entries") as caught:
        values.load(second)
    assert caught.value.code == "E308"


def test_a_constant_is_digested_once_until_it_is_forgotten(memory_studio: Studio) -> None:
    values, source = Values(memory_studio.executor.services, None), Constant([1, 2])
    found = values.find_constant(source)
    assert values.find_constant(source) is found
    values.forget_constants([Collected((source,))])

    assert values.find_constant(source) is not found


def test_a_list_is_taken_apart_without_its_entries_where_the_cache_knows_their_digests(disk_studio: Studio) -> None:
    cache = disk_studio.cache
    images = [Image(np.full((4, 4, 3), level, np.uint8)) for level in (1, 2)]
    digest = cache.digest(images)
    cache.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: images})
    cache.flush()
    cache.memory.clear()
    values = Values(disk_studio.executor.services, None)

    known = values.split(Result(digest))
    held = values.split(Result(digest, images))

    assert [entry.digest for entry in known] == [entry.digest for entry in held] == [cache.digest(i) for i in images]
    assert [entry.value for entry in known] == [MISSING, MISSING]
    assert [entry.value for entry in held] == images
