"""Performing calls: running node types, alone, stacked or over a film, and checking what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studio.api import TypeSpec, Video, is_out_of_memory
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value
from studio.errors import Cancelled, StudioError
from studio.execution.call import Call, Result
from studio.execution.film import map_film
from studio.execution.promise import find_digest, is_promising, watch_film
from studio.execution.relief import Relief

if TYPE_CHECKING:
    from studio.execution.run import Run

Performed = dict[str, Result] | BaseException
_NEVER_RAN = Cancelled()


def perform_calls(run: Run, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]) -> list[Performed]:
    """Run calls of one node type, several as one stack; return for each its results or what it raised.

    Calls that run out of memory run again after each measure against it, in smaller stacks if need be. Calls of a
    stack that fails otherwise run again alone, so that only the guilty one fails.

    Whatever a node raises is its own error: a lane that it could end would take the others' work with it.
    """
    outcomes: dict[int, Performed] = {}
    relief = Relief(run)
    stacks = [list(range(len(calls)))]
    while stacks and not _is_given_up(run, calls):
        stack = stacks.pop()
        outcomes |= _perform_stack(run, calls, inputs, stack)
        if not _is_given_up(run, calls):
            stacks += reversed(_find_again(relief, calls, stack, outcomes))
    if any(call.context is not None and call.context.interrupted for call in calls):
        return [Cancelled() for _ in calls]  # also where the node swallowed it: a part of a result is no result
    if any(isinstance(outcome, Cancelled) for outcome in outcomes.values()):
        return [StudioError("E301", "it raised Cancelled, and nobody cancelled the run") for _ in calls]
    return [outcomes.get(index, _NEVER_RAN) for index in range(len(calls))]


def _is_given_up(run: Run, calls: Sequence[Call]) -> bool:
    return run.control.cancelled or any(call.context is not None and call.context.abandoned for call in calls)


def _find_again(
    relief: Relief, calls: Sequence[Call], stack: list[int], outcomes: dict[int, Performed]
) -> list[list[int]]:
    """Return the stacks in which calls of a stack are to run again."""
    errors = {index: outcome for index in stack if isinstance(outcome := outcomes[index], BaseException)}
    exhausted = [index for index, error in errors.items() if is_out_of_memory(error)]
    if exhausted:
        sizes = relief.find([calls[index] for index in exhausted], errors[exhausted[0]])
        if sizes is None:
            outcomes |= {index: relief.explain(errors[index]) for index in exhausted}
            return []
        begins = [sum(sizes[:number]) for number in range(len(sizes))]
        return [exhausted[begin : begin + size] for begin, size in zip(begins, sizes, strict=True)]
    if len(stack) > 1 and len(errors) == len(stack) and _is_blameless(errors[stack[0]]):
        first = calls[stack[0]].context
        if first is not None:
            first.tell(f"a stack of {len(stack)} failed, so each ran alone: {errors[stack[0]]}")
        return [[index] for index in stack]
    return []


def _is_blameless(error: BaseException) -> bool:
    """Say whether an error of a stack may be that of one call alone; a wrong number of results is not."""
    return isinstance(error, Exception | SystemExit) and not isinstance(error, ValueProblem)


def _perform_stack(
    run: Run, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]], stack: list[int]
) -> dict[int, Performed]:
    outcomes: dict[int, Performed] = {}
    try:
        returned = _call(run, [calls[index] for index in stack], [inputs[index] for index in stack])
        for index, value in zip(stack, returned, strict=True):
            try:
                outcomes[index] = _make_results(run, calls[index], value, inputs[index])
            except Exception as error:  # checks and codecs of plugins may raise anything
                outcomes[index] = error
    except BaseException as error:
        outcomes = dict.fromkeys(stack, error)
    return outcomes


def _call(run: Run, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
    first = calls[0]
    if len(calls) > 1:
        batch = first.node_type.batch
        assert batch is not None
        if first.context is not None:
            first.context.stack = [call.context for call in calls if call.context is not None]
        results = list(batch.function(first.context, inputs))
        if len(results) != len(calls):
            raise ValueProblem(f"{len(calls)} results", f"{len(results)}")
        return results
    if first.state.node.stream:
        return [map_film(run, first, inputs[0])]
    return [call_node_type(first.node_type, first.context, inputs[0])]


def _make_results(run: Run, call: Call, returned: Any, inputs: Mapping[str, Any]) -> dict[str, Result]:
    """Check, settle and digest what a call returned."""
    results: dict[str, Result] = {}
    for name, value in call.node_type.unpack_result(returned).items():
        try:
            value = check_value(find_output_spec(call, name), value, run.services.classes)
        except ValueProblem as problem:
            raise StudioError(
                "E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type"
            ) from None
        if isinstance(value, Video) and value.source is None and value.origin is None:
            promising = is_promising(run, call, name, value)
            value = watch_film(run, call, value, inputs)
            if promising:
                results[name] = Result(find_digest(call, name), value, call=call, promised=True)
                continue
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
