"""Calling a node type, once or for a whole stack, and checking what it returns: for calls and for frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from studio.api import NodeType, TypeSpec
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value
from studio.errors import StudioError
from studio.execution.event_loop import EventLoop


class WrongCount(ValueProblem):
    """A stack returned another number of results than it has calls."""


def invoke(
    node_type: NodeType, context: Any, inputs: Sequence[Mapping[str, Any]], loop: EventLoop | None = None
) -> list[Any]:
    """Call a node type for each of these inputs, as one stack if possible; return what it returns.

    Args:
        node_type: The node type.
        context: The context of the calls.
        inputs: The inputs of each call.
        loop: Where `async def` functions run; without it each gets an event loop of its own.

    Raises:
        WrongCount: It returned another number of results.
        BaseException: Whatever the node type raises.
    """
    if node_type.asynchronous and loop is not None:
        return [call_node_type(node_type, context, one, partial(loop.run, context)) for one in inputs]
    if len(inputs) == 1 or node_type.batch is None:
        return [call_node_type(node_type, context, one) for one in inputs]
    results = list(node_type.batch.function(context, inputs))
    if len(results) != len(inputs):
        raise WrongCount(f"{len(inputs)} results", f"{len(results)}")
    return results


def check_result(
    node_type: NodeType, returned: Any, classes: Mapping[str, type], specs: Mapping[str, TypeSpec] | None = None
) -> dict[str, Any]:
    """Return what a node type returned, by output, checked.

    Args:
        node_type: The node type.
        returned: What it returned.
        classes: Classes of value types, by name.
        specs: Types of the outputs, where they are not those of the node type.

    Raises:
        StudioError: E302 if an output is of another type.
        ValueProblem: The outputs are not those of the node type.
    """
    values = node_type.unpack_result(returned)
    for name, value in values.items():
        spec = node_type.outputs[name].spec if specs is None else specs[name]
        try:
            values[name] = check_value(spec, value, classes)
        except ValueProblem as problem:
            raise StudioError(
                "E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type"
            ) from None
    return values
