"""Records of nodes and what they count; errors of a whole run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.errors import NodeError
from studio.execution.call import Call, NodeStatus
from studio.execution.content import ContentTrace
from studio.execution.outcome import NodeRecord, Outcome, count_cached, create_record


def test_a_record_names_the_node_type_with_version_code_and_plugin(make_call: Callable[..., Call]) -> None:
    record = create_record(make_call("fake.add").state)

    assert (record.node, record.node_type, record.status) == ("n", "fake.add", "waiting")
    assert (record.version, record.code) == ("1.0", 1)


@pytest.mark.parametrize(("status", "cached"), [("done", 2), ("failed", 0), ("running", 0)])
def test_calls_that_did_not_run_were_found_if_the_node_is_done(
    make_call: Callable[..., Call], status: str, cached: int
) -> None:
    state = make_call("fake.add", depth=1).state
    state.calls = [Call(state, state.calls[0].node_type, {}, index) for index in range(3)]
    state.calls[1].ran = True
    state.status = NodeStatus(status)

    assert count_cached(state) == cached


def test_the_errors_of_a_run_are_those_of_its_nodes() -> None:
    error = NodeError("E301", "it broke", node="b")
    records = {"a": NodeRecord("a", "t", "done"), "b": NodeRecord("b", "t", "failed", error=error)}

    assert Outcome("failed", {}, {}, records, [], lambda result: None, ContentTrace(lambda result: None)).errors == [
        error
    ]
