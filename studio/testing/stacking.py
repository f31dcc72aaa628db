"""The check of `batch=`: a stacked result equals the single one within the stated tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import Batch, Image, Mask
from studio.testing.purity import find_other_call
from studio.testing.report import Report
from studio.testing.subject import BadOutput, Called, Subject

_DIFFERENT = float("inf")


def check_batch(subject: Subject, report: Report) -> None:
    """Stack the example with a call with other inputs, and compare with the calls one by one."""
    batch = subject.declared.batch
    if batch is None:
        return
    single = subject.call()
    other = find_other_call(subject, keep=batch.same)
    calls = [subject.inputs, other[0] if other else subject.inputs]
    singles = [single, other[1] if other else single]
    report.add("batch", _compare_stack(subject, batch, calls, singles))


def _compare_stack(subject: Subject, batch: Batch, calls: list[dict[str, Any]], singles: list[Called]) -> list[str]:
    context = subject.create_context()
    before = [_digest(subject, call) for call in calls]
    try:
        results = list(batch.function(context, calls))
    except (Exception, SystemExit) as error:  # the author's function
        return [f"batch: it raised {type(error).__name__}: {error}; it is called with (ctx, calls)"]
    finally:
        context.close()
    if len(results) != len(calls):
        return [f"batch: {len(results)} results for {len(calls)} calls; return one for each, in order"]
    problems = []
    if [_digest(subject, call) for call in calls] != before:
        problems.append("batch: it changed its inputs; copy them before writing to them")
    for index, (result, single) in enumerate(zip(results, singles, strict=True)):
        problems += _compare_result(subject, batch, index, result, single)
    return problems


def _compare_result(subject: Subject, batch: Batch, index: int, result: Any, single: Called) -> list[str]:
    try:
        values = subject.read_outputs(result)
    except BadOutput as problem:
        return [f"batch: result {index}: {problem}; return what a single call returns"]
    distances = {name: measure_distance(subject, value, single.values.get(name)) for name, value in values.items()}
    return [
        f"batch: result {index}, output {name!r} is {distance:g} from the single one, more "
        f"than the tolerance of {batch.tolerance:g}; raise it, or let the stack not mix calls"
        for name, distance in distances.items()
        if distance > batch.tolerance
    ]


def _digest(subject: Subject, inputs: Mapping[str, Any]) -> dict[str, str]:
    return {name: subject.digest(value) for name, value in inputs.items()}


def measure_distance(subject: Subject, first: Any, second: Any) -> float:
    """Return the largest absolute difference of two values; infinity if they differ in more than numbers."""
    if type(first) is not type(second):
        return _DIFFERENT
    if isinstance(first, bool | str) or first is None:
        return 0.0 if first == second else _DIFFERENT
    if isinstance(first, int | float):
        return float(abs(first - second))
    if isinstance(first, list):
        return _measure_lists(subject, first, second)
    if isinstance(first, Image | Mask):
        if first.color != second.color:
            return _DIFFERENT
        return _measure_arrays({"": first.pixels}, {"": second.pixels})
    return _measure_packed(subject, first, second)


def _measure_lists(subject: Subject, first: list[Any], second: list[Any]) -> float:
    if len(first) != len(second):
        return _DIFFERENT
    return max((measure_distance(subject, a, b) for a, b in zip(first, second, strict=True)), default=0.0)


def _measure_packed(subject: Subject, first: Any, second: Any) -> float:
    """Return the distance of two values of a registered type, by what their codec packs."""
    if subject.digest(first) == subject.digest(second):
        return 0.0
    value_type = subject.studio.cache.codecs.find_type(first)
    if value_type is None:
        return _DIFFERENT
    packed, other = value_type.pack(first), value_type.pack(second)
    return _measure_arrays(packed.arrays, other.arrays) if packed.header == other.header else _DIFFERENT


def _measure_arrays(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    import numpy as np

    if set(first) != set(second) or any(first[name].shape != second[name].shape for name in first):
        return _DIFFERENT
    return max(
        (
            float(np.max(np.abs(np.subtract(first[name], second[name], dtype=np.float64)), initial=0.0))
            for name in first
        ),
        default=0.0,
    )
