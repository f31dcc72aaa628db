"""`Performer`: runs calls, alone, stacked or over a video, and makes results of what they return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.api import TypeSpec, Video, is_out_of_memory
from studio.api.type_spec import ValueProblem
from studio.errors import Cancelled, StudioError, find_text
from studio.execution.call import Call, Result
from studio.execution.color_inputs import convert_inputs
from studio.execution.control import Control
from studio.execution.invoke import check_result, invoke
from studio.execution.lazy_video import LazyVideos, digest_lazy_video, watch_video
from studio.execution.lookup import Lookup
from studio.execution.memory_recovery import MemoryRecovery
from studio.execution.model_outputs import check_models
from studio.execution.services import Services, StackLimits
from studio.execution.stopwatch import Stopwatch
from studio.execution.video_mapping import VideoMapping

Performed = dict[str, Result] | BaseException
_NEVER_RAN = Cancelled()


class Performer:
    """Runs the calls of one run.

    Whatever a node type raises is the error of its node. If it could end a lane, other calls would be lost.

    Args:
        services: Cache, digests, models and classes.
        lookup: Finds and keeps frames of videos.
        limits: How many calls are stacked at most.
        lazy_videos: Decides which videos are lazy.
        control: Says whether the run was cancelled.
        stopwatch: Measures work on lazy videos.
    """

    def __init__(
        self,
        services: Services,
        lookup: Lookup,
        limits: StackLimits,
        lazy_videos: LazyVideos,
        control: Control,
        stopwatch: Stopwatch,
    ) -> None:
        self._stopwatch = stopwatch
        self._services = services
        self._limits = limits
        self._lazy_videos = lazy_videos
        self._control = control
        self._video_mapping = VideoMapping(services, lookup, limits, lazy_videos)

    def perform(self, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]) -> list[Performed]:
        """Run calls of one node type, several as one stack; return for each its results or what it raised.

        Calls that run out of memory run again after each measure against it, in smaller stacks if need be. Calls of
        a stack that fails otherwise run again alone, so that only the one with the error fails. Nothing runs again
        here once a call was cancelled or abandoned: calls of other runs are then given back as never run.
        """
        outcomes: dict[int, Performed] = {}
        recovery: MemoryRecovery | None = None
        stacks = [list(range(len(calls)))]
        while stacks and not self._is_abandoned(calls):
            stack = stacks.pop()
            outcomes |= self._perform_stack(calls, inputs, stack)
            errors = {index: one for index in stack if isinstance(one := outcomes[index], BaseException)}
            if errors and self._is_abandoned(calls):
                _forget_errors(calls, errors, outcomes)
            elif errors:
                recovery = recovery or MemoryRecovery(self._services.models, self._limits)
                stacks += reversed(_find_again(recovery, calls, stack, errors, outcomes))
        return _check_cancelled(calls, outcomes)

    def _is_abandoned(self, calls: Sequence[Call]) -> bool:
        if self._control.cancelled:
            return True
        for call in calls:  # noqa: SIM110  # several times as fast as any() here
            if call.context is not None and call.context.abandoned:
                return True
        return False

    def _perform_stack(
        self, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]], stack: list[int]
    ) -> dict[int, Performed]:
        outcomes: dict[int, Performed] = {}
        try:
            given = [_convert_inputs(calls[index], inputs[index]) for index in stack]
            returned = self._call([calls[index] for index in stack], given)
            for index, value in zip(stack, returned, strict=True):
                try:
                    outcomes[index] = self._make_results(calls[index], value, inputs[index])
                except Exception as error:  # checks and codecs of plugins may raise anything
                    outcomes[index] = error
        except BaseException as error:
            outcomes = dict.fromkeys(stack, error)
        return outcomes

    def _call(self, calls: Sequence[Call], inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
        first = calls[0]
        if first.state.node.stream and len(calls) == 1:
            return [self._video_mapping.map_call(first, inputs[0])]
        if first.context is not None and (len(calls) > 1 or len(first.context.stack) > 1):
            first.context.stack = [call.context for call in calls if call.context is not None]
        return invoke(first.node_type, first.context, inputs, self._services.loop)

    def _make_results(self, call: Call, returned: Any, inputs: Mapping[str, Any]) -> dict[str, Result]:
        """Check, settle and digest what a call returned."""
        specs = _find_specs(call) if call.state.node.stream else None
        results: dict[str, Result] = {}
        values = check_result(call.node_type, returned, self._services.classes, specs)
        self._services.checks.check_outputs(values)
        check_models(values, inputs)
        for name, value in values.items():
            if isinstance(value, Video) and value.source is None and value.origin is None:
                mapped = call.state.node.stream  # of its videos, the mapping left only lazy ones unstored
                lazy = mapped or self._lazy_videos.decide_from_frames(call, name, value)
                value = watch_video(call, value, inputs, self._stopwatch, self._services.describe)
                if lazy:
                    results[name] = Result(digest_lazy_video(call, name), value, call=call, lazy=True)
                    continue
            value = self._services.cache.store_streams(value)
            results[name] = Result(self._services.digests.digest(value), value, call=call)
        return results


def _convert_inputs(call: Call, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return inputs in color spaces that the node type takes; say so in the call's notes if one was converted."""
    converted, warning = convert_inputs(call.node_type, inputs)
    if warning and call.context is not None:
        call.context.note(warning)
    return converted


def _find_specs(call: Call) -> dict[str, TypeSpec]:
    """Return the types of what one call over a video returns: without the lists around it."""
    node = call.state.node
    return {name: replace(spec, depth=max(0, spec.depth - node.depth)) for name, spec in node.outputs.items()}


def _check_cancelled(calls: Sequence[Call], outcomes: Mapping[int, Performed]) -> list[Performed]:
    """Return the outcomes in order: of cancelled calls none counts, and no node type may raise Cancelled on its own."""
    for call in calls:
        if call.context is not None and call.context.interrupted:
            return [Cancelled() for _ in calls]  # also where the node swallowed it: a part of a result does not count
    for outcome in outcomes.values():
        if isinstance(outcome, Cancelled):
            return [StudioError("E301", "it raised Cancelled, but the run was not cancelled") for _ in calls]
    return [outcomes.get(index, _NEVER_RAN) for index in range(len(calls))]


def _forget_errors(calls: Sequence[Call], errors: Iterable[int], outcomes: dict[int, Performed]) -> None:
    """Forget errors of calls whose runs go on, while others of their stack were cancelled: they count as never run."""
    for index in errors:
        context = calls[index].context
        if context is not None and not context.is_over and not isinstance(outcomes[index], Cancelled):
            del outcomes[index]


def _find_again(
    recovery: MemoryRecovery,
    calls: Sequence[Call],
    stack: list[int],
    errors: Mapping[int, BaseException],
    outcomes: dict[int, Performed],
) -> list[list[int]]:
    """Return the stacks in which failed calls of a stack run again."""
    exhausted = [index for index, error in errors.items() if is_out_of_memory(error)]
    if exhausted:
        return _recover(recovery, calls, exhausted, errors, outcomes)
    if len(stack) > 1 and len(errors) == len(stack) and _may_be_of_one_call(errors[stack[0]]):
        first = calls[stack[0]].context
        if first is not None:
            first.report(f"a stack of {len(stack)} failed, so each ran alone: {find_text(errors[stack[0]])}")
        return [[index] for index in stack]
    return []


def _recover(
    recovery: MemoryRecovery,
    calls: Sequence[Call],
    exhausted: list[int],
    errors: Mapping[int, BaseException],
    outcomes: dict[int, Performed],
) -> list[list[int]]:
    """Take a measure against a lack of memory; return the stacks in which calls run again, or explain their errors."""
    sizes = recovery.take_measure([calls[index] for index in exhausted], errors[exhausted[0]])
    if sizes is None:
        outcomes |= {index: recovery.explain(errors[index]) for index in exhausted}
        return []
    begins = [sum(sizes[:number]) for number in range(len(sizes))]
    return [exhausted[begin : begin + size] for begin, size in zip(begins, sizes, strict=True)]


def _may_be_of_one_call(error: BaseException) -> bool:
    """Return whether an error of a stack may be that of one call; a wrong number of results is not."""
    return isinstance(error, Exception | SystemExit) and not isinstance(error, ValueProblem)
