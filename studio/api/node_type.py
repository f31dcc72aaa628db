"""`@node` and `NodeType`: a typed function becomes a node type; its signature is the whole declaration."""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from studio.api.docstring import Docstring, parse_docstring
from studio.api.model import Model
from studio.api.type_spec import (
    AnnotationProblem,
    TypeSpec,
    ValueProblem,
    check_value,
    describe_value,
    parse_annotation,
)
from studio.errors import NodeTypeError, StudioError

Function = TypeVar("Function", bound=Callable[..., Any])
CachePolicy = Literal["pure", "recompute", "never"]
Lane = Literal["cpu", "device", "io"]
Check = Callable[[Mapping[str, Any], Callable[[Model], Path | None]], Iterable[tuple[str, StudioError]]]
"""Finds what is wrong with inputs that are known before a run; see `node`."""

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_VERSION = re.compile(r"\d+(\.\d+){0,2}")


@dataclass(frozen=True)
class Input:
    """One input of a node type."""

    name: str
    spec: TypeSpec
    required: bool
    default: Any = None
    description: str = ""
    lazy: bool = False
    unkeyed: bool = False


@dataclass(frozen=True)
class Output:
    """One output of a node type."""

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
        tolerance: Largest absolute difference between a stacked and a single result.
    """

    function: Callable[[Any, Sequence[Mapping[str, Any]]], Sequence[Any]]
    same: tuple[str, ...] = ()
    limit: int = 8
    tolerance: float = 0.0


@dataclass(frozen=True, eq=False)
class NodeType:
    """A node type: what `@node` reads from a function. See `node` for the meaning of the fields."""

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
    batch: Batch | None = None
    needs: Callable[..., Iterable[str]] | None = None
    check: Check | None = None
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    summary: str = ""
    description: str = ""
    where: str = ""
    distribution: str = ""
    distribution_version: str = ""

    @property
    def plugin(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    def unpack_result(self, result: Any) -> dict[str, Any]:
        """Return what the function returned, by output name, unchecked.

        Raises:
            ValueProblem: It returned something of another shape.
        """
        if not self.named:
            name = next(iter(self.outputs))
            return {name: list(result) if self.streams else result}
        if isinstance(result, tuple) and len(result) == len(self.outputs):
            return dict(zip(self.outputs, result, strict=True))
        raise ValueProblem(f"a result with {', '.join(self.outputs)}", describe_value(result))


def node(
    id: str,
    *,
    version: str = "1.0",
    code: int = 1,
    cache: CachePolicy = "pure",
    lane: Lane = "cpu",
    device_free: bool = False,
    batch: Batch | None = None,
    needs: Callable[..., Iterable[str]] | None = None,
    check: Check | None = None,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
) -> Callable[[Function], Function]:
    """Declare a function as a node type; the function itself stays as it is.

    The first parameter is `ctx`; the others are the inputs: annotated, those without a default required.
    The return annotation is the output (named after its type) or a NamedTuple of outputs. A generator
    function annotated `Iterator[T]` streams the entries of one output of type `list[T]`.

    Args:
        id: `plugin.verb_noun`, lower case.
        version: Version of the contract (inputs and outputs), semver. Raise the first number when an old
            graph would break, and add a migration.
        code: Revision of what is computed; raise it whenever results change, and old entries of the cache
            no longer match.
        cache: "pure": equal inputs give equal outputs, so results are kept. "recompute": run each time, but
            what hangs on it runs only if the result differs. "never": run each time and keep nothing (side effects).
        lane: Where it runs: "cpu" (threads), "device" (the run's device, one call at a time) or "io" (waiting
            for files).
        device_free: For lane "device": results do not depend on device and dtype.
        batch: How to run many calls at once.
        needs: Called with the inputs that are not `Lazy`, by name; returns the names of lazy inputs to evaluate.
        check: `(inputs, find_path) -> (name, error), ...`: says what is wrong before a run, and in `studio validate`.
            The inputs are those whose values are known by then, with their defaults; `find_path(model)` gives the
            weights of a model reference, or None if they are not on this machine. It looks and loads nothing.
        migrations: For each old major version, a function from its inputs, as a graph wrote them, to those of the next.

    Raises:
        NodeTypeError: E201 with file and line and all mistakes of the declaration.
    """

    def register(function: Function) -> Function:
        problems: list[str] = []
        if not isinstance(id, str) or not _ID.fullmatch(id):
            problems.append(f"id {id!r} is not of the form plugin.verb_noun")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            problems.append(f"version {version!r} is not of the form 1.0")
        if isinstance(code, bool) or not isinstance(code, int) or code < 1:
            problems.append(f"code {code!r} is not a whole number from 1")
        for name, value, allowed in (("cache", cache, CachePolicy), ("lane", lane, Lane)):
            if value not in typing.get_args(allowed):
                problems.append(f"{name} {value!r} is none of {', '.join(typing.get_args(allowed))}")
        docs = parse_docstring(function.__doc__)
        if not docs.summary:
            problems.append("it has no docstring: its first line is what `studio nodes` shows")
        hints = _read_hints(function, problems)
        inputs = _read_inputs(function, hints, docs, problems)
        outputs, named, streams = _read_outputs(function, hints, problems)
        problems += _check_lazy(inputs, needs) + _check_batch(inputs, batch) + _check_migrations(version, migrations)
        if problems:
            raise NodeTypeError(
                "E201",
                f"node type {id!r}: {'; '.join(problems)}",
                where=_locate(function),
                hint="see docs/write_a_plugin.md",
            )
        declared = NodeType(
            id=id,
            version=version,
            code=code,
            function=function,
            inputs=inputs,
            outputs=outputs,
            cache=cache,
            lane=lane,
            device_free=device_free or lane != "device",
            named=named,
            streams=streams,
            batch=batch,
            needs=needs,
            check=check,
            migrations=dict(migrations or {}),
            summary=docs.summary,
            description=docs.description,
            where=_locate(function),
        )
        function.__studio_node_type__ = declared  # type: ignore[attr-defined]  # the mark that find_node_types reads
        return function

    return register


def get_node_type(function: object) -> NodeType:
    """Return the node type that `@node` declared on a function."""
    declared = getattr(function, "__studio_node_type__", None)
    if not isinstance(declared, NodeType):
        raise NodeTypeError(
            "E202",
            f"{function!r} is not a node type",
            where=_locate(function),
            hint="decorate the function with @node(...)",
        )
    return declared


def find_node_types(module: types.ModuleType) -> list[Callable[..., Any]]:
    """Return the functions of a module that `@node` declared there, in order."""
    return [f for f in vars(module).values() if hasattr(f, "__studio_node_type__") and f.__module__ == module.__name__]


def _locate(function: object) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _read_hints(function: Callable[..., Any], problems: list[str]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation is any expression of the author's
        problems.append(
            f"its annotations cannot be read: {error} (types of inputs must be imported at run time, "
            "not under TYPE_CHECKING)"
        )
        return {}


def _read_inputs(
    function: Callable[..., Any], hints: Mapping[str, Any], docs: Docstring, problems: list[str]
) -> dict[str, Input]:
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name != "ctx":
        problems.append("its first parameter must be ctx")
    inputs: dict[str, Input] = {}
    for parameter in parameters[1:] if parameters and parameters[0].name == "ctx" else parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            problems.append(f"parameter {parameter} is not allowed: every input has a name")
        elif parameter.name not in hints:
            if parameter.annotation is parameter.empty:
                problems.append(f"input {parameter.name!r} has no annotation")
        else:
            read = _read_input(parameter, hints[parameter.name], docs, problems)
            if read is not None:
                inputs[read.name] = read
    names = {parameter.name for parameter in parameters}
    problems += [f"the docstring describes {name!r}, which is no input" for name in docs.args if name not in names]
    return inputs


def _read_input(parameter: inspect.Parameter, annotation: Any, docs: Docstring, problems: list[str]) -> Input | None:
    name = parameter.name
    try:
        spec, marks = parse_annotation(annotation)
    except AnnotationProblem as problem:
        problems.append(f"input {name!r}: {problem}")
        return None
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    if not required and default is not None:
        try:
            default = check_value(spec, default, {})
        except ValueProblem as problem:
            problems.append(f"input {name!r}: its default does not fit: {problem}")
    elif not required and not spec.optional and spec.name not in ("any", "json"):
        problems.append(f"input {name!r}: its default is None but its type is not optional")
    return Input(name, spec, required, default, docs.args.get(name, ""), "lazy" in marks, "unkeyed" in marks)


def _read_outputs(
    function: Callable[..., Any], hints: Mapping[str, Any], problems: list[str]
) -> tuple[dict[str, Output], bool, bool]:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        problems.append("it is async; write a plain function, the executor runs it on a thread")
    if "return" not in hints:
        if "return" not in getattr(function, "__annotations__", {}):
            problems.append("it has no return annotation")
        return {}, False, False
    annotation = hints["return"]
    if inspect.isgeneratorfunction(function):
        streams = (collections.abc.Iterator, collections.abc.Iterable)
        if typing.get_origin(annotation) not in streams or not typing.get_args(annotation):
            problems.append("a generator function is annotated Iterator[T]")
            return {}, False, True
        annotation = list[typing.get_args(annotation)[0]]  # type: ignore[misc]  # a type made at run time
        return _read_single(annotation, problems), False, True
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        return _read_named(annotation, problems), True, False
    return _read_single(annotation, problems), False, False


def _read_single(annotation: Any, problems: list[str]) -> dict[str, Output]:
    try:
        spec, _ = parse_annotation(annotation)
    except AnnotationProblem as problem:
        problems.append(f"the output: {problem}")
        return {}
    name = "value" if spec.name == "any" else spec.name
    name += "s" * bool(spec.depth)
    return {name: Output(name, spec)}


def _read_named(annotation: Any, problems: list[str]) -> dict[str, Output]:
    docs = parse_docstring(annotation.__doc__)
    outputs = {}
    try:
        hints = typing.get_type_hints(annotation, include_extras=True)
    except Exception as error:  # an annotation is any expression of the author's
        problems.append(f"the annotations of {annotation.__name__} cannot be read: {error}")
        return {}
    for name in annotation._fields:
        try:
            spec, _ = parse_annotation(hints[name])
        except AnnotationProblem as problem:
            problems.append(f"output {name!r}: {problem}")
            continue
        outputs[name] = Output(name, spec, docs.args.get(name, ""))
    if not outputs and not problems:
        problems.append(f"{annotation.__name__} has no fields")
    return outputs


def _check_lazy(inputs: Mapping[str, Input], needs: object) -> list[str]:
    lazy = [i for i in inputs.values() if i.lazy]
    if bool(lazy) != (needs is not None):
        return ["lazy inputs and needs= go together"]
    return [
        f"lazy input {i.name!r} must be optional with default None, for when it is not evaluated"
        for i in lazy
        if i.required or i.default is not None
    ]


def _check_batch(inputs: Mapping[str, Input], batch: Batch | None) -> list[str]:
    if batch is None:
        return []
    if not isinstance(batch, Batch):
        return [f"batch {describe_value(batch)} is no Batch(...)"]
    return [f"batch: {name!r} is no input" for name in batch.same if name not in inputs]


def _check_migrations(version: object, migrations: Mapping[int, Any] | None) -> list[str]:
    if not migrations or not isinstance(version, str) or not _VERSION.fullmatch(version):
        return []
    major = int(version.partition(".")[0])
    problems = [
        f"migration {old!r} is not from an old major version, a whole number below {major}"
        for old in migrations
        if type(old) is not int or not 0 <= old < major
    ]
    return problems + [f"migration {old!r} is no function" for old, step in migrations.items() if not callable(step)]


def call_node_type(declared: NodeType, ctx: Any, inputs: Mapping[str, Any]) -> Any:
    """Call a node type's function; a generator is run to its end, with a step between entries."""
    result = declared.function(ctx, **inputs)
    if not declared.streams:
        return result
    return list(_step_through(ctx, result))


def _step_through(ctx: Any, entries: Iterator[Any]) -> Iterator[Any]:
    for done, entry in enumerate(entries, 1):
        ctx.step(done, 0)
        yield entry


__all__ = [
    "Batch",
    "CachePolicy",
    "Input",
    "Lane",
    "NodeType",
    "Output",
    "call_node_type",
    "find_node_types",
    "get_node_type",
    "node",
]
