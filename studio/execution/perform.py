"""Performing calls: running node types, alone, stacked or over a film, and checking what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studio.api import TypeSpec
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value
from studio.errors import Cancelled, StudioError
from studio.execution.call import Call, Result
from studio.execution.film import map_film

if TYPE_CHECKING:
    from studio.execution.run import Run


def perform_calls(
    run: Run, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Result] | BaseException]:
    """Run calls of one node type, several as one stack; return for each its results or what it raised.

    Whatever a node raises is its own error: a lane that it could end would take the others' work with it.
    """
    context = calls[0].context
    assert context is not None
    outcomes: list[dict[str, Result] | BaseException] = []
    try:
        returned = _call(run, calls, inputs)
        for call, value in zip(calls, returned, strict=True):
            try:
                outcomes.append(_make_results(run, call, value))
            except Exception as error:  # checks and codecs of plugins may raise anything
                outcomes.append(error)
    except BaseException as error:
        outcomes = [error for _ in calls]
    if context.interrupted:  # also where the node swallowed it: a part of a result is no result
        return [Cancelled() for _ in calls]
    if any(isinstance(outcome, Cancelled) for outcome in outcomes):
        return [StudioError("E301", "it raised Cancelled, and nobody cancelled the run") for _ in calls]
    return outcomes


def _call(run: Run, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
    first = calls[0]
    if len(calls) > 1:
        batch = first.node_type.batch
        assert batch is not None
        results = list(batch.function(first.context, inputs))
        if len(results) != len(calls):
            raise ValueProblem(f"{len(calls)} results", f"{len(results)}")
        return results
    if first.state.node.stream:
        return [map_film(run, first, inputs[0])]
    return [call_node_type(first.node_type, first.context, inputs[0])]


def _make_results(run: Run, call: Call, returned: Any) -> dict[str, Result]:
    """Check, settle and digest what a call returned."""
    results: dict[str, Result] = {}
    for name, value in call.node_type.unpack_result(returned).items():
        try:
            value = check_value(find_output_spec(call, name), value, run.services.classes)
        except ValueProblem as problem:
            raise StudioError(
                "E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type"
            ) from None
        value = run.cache.settle(value)
        results[name] = Result(run.executor.digest(value), value, call=call)
    return results


def find_output_spec(call: Call, name: str) -> TypeSpec:
    """Return the type of what one call gives: of a film's outputs the film or the list, not the lists around it."""
    node = call.state.node
    if not node.stream:
        return call.node_type.outputs[name].spec
    spec = node.outputs[name]
    return replace(spec, depth=max(0, spec.depth - node.depth))
