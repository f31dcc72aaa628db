"""`NodeType`: what a node type declares, and how it is called."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from studio.api.color import SRGB, ColorEncoding, ColorSpace
from studio.api.content_origin import OriginOption
from studio.api.migration import Migration
from studio.api.model import Model
from studio.api.origin import Origin, Provider
from studio.api.subgraph import Subgraph
from studio.api.type_spec import TypeSpec, ValueProblem, describe_value
from studio.errors import NodeTypeError, StudioError

SUBGRAPH, SUBGRAPH_VALUES = "subgraph", "values of the subgraph"
CachePolicy = Literal["pure", "recompute", "never"]
Lane = Literal["cpu", "device", "io"]
Check = Callable[[Mapping[str, Any], Callable[[Model], Path | None]], Iterable[tuple[str, StudioError]]]
"""Finds mistakes in inputs that are known before a run; see `node`."""


@dataclass(frozen=True)
class Input:
    """One input of a node type.

    Attributes:
        name: Its name, which is that of the function's parameter.
        spec: Its type.
        required: Whether it has no default.
        default: Its default, None where it is required.
        description: Its entry under `Args:` in the docstring.
        lazy: Whether it is evaluated only if the node type's `needs` names it.
        unkeyed: Whether it stays out of the fingerprint.
        added: Whether it stays out of the fingerprint at its default.
    """

    name: str
    spec: TypeSpec
    required: bool
    default: Any = None
    description: str = ""
    lazy: bool = False
    unkeyed: bool = False
    added: bool = False


@dataclass(frozen=True)
class Output:
    """One output of a node type.

    Attributes:
        name: Its name: the field of the NamedTuple, or the name of its type.
        spec: Its type.
        description: Its entry under `Attributes:` in the docstring of the NamedTuple.
    """

    name: str
    spec: TypeSpec
    description: str = ""


@dataclass(frozen=True)
class Batch:
    """How a node type accepts many calls at once.

    Attributes:
        function: `(ctx, calls) -> results`: one mapping of inputs per call, one result per call, in order.
        same: Inputs that must be equal for calls to be stacked.
        limit: Most calls in one stack.
        tolerance: Largest absolute difference between a stacked and a single result, in the unit of the samples.
    """

    function: Callable[[Any, Sequence[Mapping[str, Any]]], Sequence[Any]]
    same: tuple[str, ...] = ()
    limit: int = 8
    tolerance: float = 0.0


@dataclass(frozen=True)
class Resources:
    """What one call of a node type uses at most, for programs that distribute calls over machines.

    The executor does not use these figures yet: a lane "device" runs one call at a time, and models are kept within
    the budgets of the settings, whatever is declared here.

    Attributes:
        device_bytes: Memory on the device besides the models that it opens, in bytes; None if unknown.
        cores: Processor cores that it keeps busy, at least 1.
    """

    device_bytes: int | None = None
    cores: int = 1


@dataclass(frozen=True, eq=False)
class NodeType:
    """A node type: what `@node` reads from a function.

    Attributes:
        id: `plugin.name`, such as `image.draw_text`.
        version: Version of the contract.
        code: Revision of what is computed.
        function: The function itself.
        inputs: Inputs by name, in order.
        outputs: Outputs by name, in order.
        cache: Whether results are kept; see `node`.
        lane: Where it runs; see `node`.
        device_free: Whether results do not depend on device and dtype.
        named: Whether the function returns a NamedTuple of outputs.
        streams: Whether the function is a generator.
        expands: Whether the function returns a `Subgraph` that makes the outputs.
        asynchronous: Whether it is an `async def` function.
        batch: How it accepts many calls at once, or None.
        needs: Which lazy inputs it wants, or None; see `node`.
        check: What finds mistakes before a run, or None; see `node`.
        migrations: How nodes of old major versions become those of the next.
        replaces: The ids that it stands for besides its own. A migration brings nodes of the old id to the present
            version; with None their version counts as one of this node type.
        deprecated: What to use instead; "" if it is not deprecated.
        experimental: Whether its inputs and results may change without notice.
        encodings: Encodings of images, masks and videos that it takes as they are; see `node`.
        resources: What one call uses at most.
        uses_frame: Whether the function reads `ctx.frame`, which then is part of its fingerprints.
        example: The graph that shows it at work, if it is declared with the function; None if it may be a file.
        content_origin: What it does to media; see `origin` of `node`. None if it does not say.
        summary: The first line of the docstring.
        description: The rest of the docstring before its sections.
        where: File and line of the function.
        distribution: The Python distribution that the plugin comes from, or the plugin's own name.
        distribution_version: Its version, which is part of every fingerprint.
        origin: The files that its code and data are in; None where the version says enough.
        value_types: What provides those value types of its inputs and outputs that come from other plugins, by name.
        host_parameters: Parameters that Studio fills in itself, by name: settings of the plugin, or its `PluginHome`.
        settings: The settings that the function reads and that are part of its fingerprints, as JSON by name.
    """

    id: str
    version: str
    code: int
    function: Callable[..., Any]
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    cache: CachePolicy = "pure"
    lane: Lane = "cpu"
    device_free: bool = False
    named: bool = False
    streams: bool = False
    expands: bool = False
    asynchronous: bool = False
    batch: Batch | None = None
    needs: Callable[..., Iterable[str]] | None = None
    check: Check | None = None
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    replaces: Mapping[str, Migration | None] = field(default_factory=dict)
    deprecated: str = ""
    experimental: bool = False
    encodings: frozenset[ColorEncoding] = frozenset()
    resources: Resources = Resources()
    uses_frame: bool = False
    example: Mapping[str, Any] | None = None
    content_origin: OriginOption | None = None
    summary: str = ""
    description: str = ""
    where: str = ""
    distribution: str = ""
    distribution_version: str = ""
    origin: Origin | None = None
    value_types: Mapping[str, Provider] = field(default_factory=dict)
    host_parameters: Mapping[str, type] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def plugin(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    @property
    def needs_kinds(self) -> bool:
        """Whether an input takes models of some kinds only."""
        return any(end.spec.kinds for end in self.inputs.values())

    def takes_color(self, color: ColorSpace) -> bool:
        """Say whether the function takes values in a color space as they are; others are converted to sRGB.

        Args:
            color: The color space of an image, a mask or a video.
        """
        return color == SRGB or color.encoding in self.encodings

    def unpack_result(self, result: Any) -> dict[str, Any]:
        """Return the result of the function by output name, unchecked.

        Args:
            result: What the function returned.

        Raises:
            ValueProblem: The result does not have one value for each output.
        """
        if self.expands:
            return _unpack_subgraph(result)
        if not self.named:
            name = next(iter(self.outputs))
            return {name: list(result) if self.streams else result}
        if isinstance(result, tuple) and len(result) == len(self.outputs):
            return dict(zip(self.outputs, result, strict=True))
        raise ValueProblem(f"a result with {', '.join(self.outputs)}", describe_value(result))


def _unpack_subgraph(result: Any) -> dict[str, Any]:
    if not isinstance(result, Subgraph):
        raise ValueProblem("a Subgraph", describe_value(result))
    return {SUBGRAPH: result.document, SUBGRAPH_VALUES: result.values}


def create_expander(declared: NodeType) -> NodeType:
    """Return a node type whose outputs are a subgraph's document and the values in it, not what the subgraph makes."""
    graph, values = Output(SUBGRAPH, TypeSpec("json")), Output(SUBGRAPH_VALUES, TypeSpec("any", depth=1))
    return replace(declared, outputs={SUBGRAPH: graph, SUBGRAPH_VALUES: values})


_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")
"""What a bound function takes over. Annotations are not among them: to read those of a function that is found when it
is called, its plugin is imported."""


def bind_parameters(declared: NodeType, values: Mapping[str, Any], settings: Mapping[str, str]) -> NodeType:
    """Return a node type whose function gets these values for the parameters that Studio fills in.

    Args:
        declared: The node type.
        values: Values of its `host_parameters`.
        settings: What of them is part of fingerprints.
    """
    function, batch = declared.function, declared.batch

    @functools.wraps(function, assigned=_NAMES)
    def bound(ctx: Any, *args: Any, **inputs: Any) -> Any:
        return function(ctx, *args, **{**values, **inputs})

    if batch is not None:
        stacked = batch.function

        @functools.wraps(stacked, assigned=_NAMES)
        def bound_batch(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
            return stacked(ctx, [{**values, **call} for call in calls])

        batch = replace(batch, function=bound_batch)
    return replace(declared, function=bound, batch=batch, settings=dict(settings))


def get_node_type(function: object) -> NodeType:
    """Return the node type that `@node` declared on a function.

    Raises:
        NodeTypeError: E202 if the function has none.
    """
    declared = getattr(function, "__studio_node_type__", None)
    if not isinstance(declared, NodeType):
        raise NodeTypeError(
            "E202",
            f"{function!r} is not a node type",
            where=locate_function(function),
            hint="decorate the function with @node(...)",
        )
    return declared


def find_node_types(module: types.ModuleType) -> list[Callable[..., Any]]:
    """Return the functions of a module that `@node` declared there, in order.

    Args:
        module: The module; functions that it imports from others are left out.
    """
    return [f for f in vars(module).values() if hasattr(f, "__studio_node_type__") and f.__module__ == module.__name__]


def locate_function(function: object) -> str:
    """Return file and line of a function, or "" if it has none."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def call_node_type(
    declared: NodeType,
    ctx: Any,
    inputs: Mapping[str, Any],
    run_coroutine: Callable[[Coroutine[Any, Any, Any]], Any] | None = None,
) -> Any:
    """Call a node type's function; a generator is run to its end, with a step between entries.

    Args:
        declared: The node type.
        ctx: The context of the call.
        inputs: The inputs by name.
        run_coroutine: Runs the coroutine of an `async def` function to its end; without it, a new event loop does.
    """
    result = declared.function(ctx, **inputs)
    if declared.asynchronous:
        coroutine = _collect(ctx, result) if declared.streams else result
        return (run_coroutine or _run_coroutine)(coroutine)
    return list(_step_through(ctx, result)) if declared.streams else result


def _step_through(ctx: Any, entries: Iterator[Any]) -> Iterator[Any]:
    for done, entry in enumerate(entries, 1):
        ctx.step(done, 0)
        yield entry


async def _collect(ctx: Any, entries: AsyncIterator[Any]) -> list[Any]:
    collected: list[Any] = []
    async for entry in entries:
        collected.append(entry)
        ctx.step(len(collected), 0)
    return collected


def _run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    return asyncio.run(coroutine)
