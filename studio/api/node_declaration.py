"""`@node`: a typed function becomes a node type; its signature is the whole declaration."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.color import ColorEncoding
from studio.api.content_origin import OriginOption, find_origin_problems
from studio.api.docstring import Docstring, parse_docstring
from studio.api.migration import (
    ChangeInputs,
    Migration,
    check_migration_targets,
    check_migrations,
    check_replaced,
    create_migration,
    list_replaced,
)
from studio.api.node_outputs import read_outputs
from studio.api.node_type import Batch, CachePolicy, Check, Input, Lane, NodeType, Resources, locate_function
from studio.api.plugin_settings import PluginHome, PluginSettings
from studio.api.type_spec import ValueProblem, check_value, describe_value
from studio.errors import NodeTypeError

Function = TypeVar("Function", bound=Callable[..., Any])

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_VERSION = re.compile(r"\d+(\.\d+){0,2}")
Migrations = Mapping[int, Migration | ChangeInputs]
Replaced = str | Collection[str] | Mapping[str, Migration | ChangeInputs]


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
    migrations: Migrations | None = None,
    replaces: Replaced = (),
    deprecated: str | bool = False,
    experimental: bool = False,
    encodings: Collection[ColorEncoding] = (),
    resources: Resources | None = None,
    uses_frame: bool = False,
    example: Mapping[str, Any] | None = None,
    origin: OriginOption | None = None,
    isolate: object = None,
) -> Callable[[Function], Function]:
    """Declare a function as a node type; the function itself stays as it is.

    The first parameter is `ctx`; the others are the inputs: annotated, those without a default required.
    The return annotation is the output (named after its type) or a NamedTuple of outputs. A generator
    function annotated `Iterator[T]` streams the entries of one output of type `list[T]`.

    A function annotated `Subgraph[T]` returns a graph, whose outputs become those of the node.

    An `async def` function, for waiting on other services, runs on the executor's event loop, where many calls wait at
    once. It may also be an async generator, annotated `AsyncIterator[T]`.

    Args:
        id: `plugin.name` in lower case: a verb and a noun, such as `image.draw_text`, or a noun for what is made.
        version: Version of the contract (inputs and outputs), semver. Raise the first number when an old
            graph would break, and add a migration.
        code: Revision of what is computed; raise it whenever results change, and old entries of the cache
            no longer match.
        cache: "pure": equal inputs give equal outputs, so results are kept. "recompute": run each time, but
            what depends on it runs only if the result differs. "never": run each time and keep nothing (side effects).
        lane: Where it runs: "cpu" (threads), "device" (the run's device, one call at a time) or "io" (waiting
            for files).
        device_free: For lane "device": results do not depend on device and dtype.
        batch: How to run many calls at once.
        needs: Called with the inputs that are not `Lazy`, by name; returns the names of lazy inputs to evaluate.
        check: `(inputs, find_path) -> (name, error), ...`: finds mistakes before a run, and in `studio validate`.
            The inputs are those whose values are known by then, with their defaults; `find_path(model)` returns the
            weights of a model reference, or None if they are not on this machine. It loads nothing. An error whose
            code begins with W is a warning: `studio validate` shows it, and the run goes on. It depends on its
            arguments and on files among them alone: that plain values passed is kept, and they are not checked again
            until the code of an installed plugin changes.
        migrations: For each old major version, a `Migration` to the next, or a function from its inputs, as a graph
            wrote them, to those of the next.
        replaces: Ids that the node type had before, or that it stands for now. Graphs that use one go on working, with
            a warning. Versions go on counting: a node of an old id is read by `migrations` like one of this id. A
            mapping of ids gives each a migration to the present inputs and outputs instead, whatever its version.
        deprecated: What to use instead, such as "use image.resize"; the node type goes on working, with a warning.
        experimental: Whether its inputs and results may change without notice.
        encodings: Encodings of images, masks and videos that the function takes as they are, such as
            `("srgb", "linear")`: it reads `color` and handles every primaries and range. Values in plain sRGB (BT.709
            primaries, full range) always come as they are; all others are converted to plain sRGB first, clipped to
            [0, 1], with one warning per node.
        resources: What one call uses at most.
        uses_frame: Whether the function reads `ctx.frame`: number and time of a frame, or the number of an entry. They
            are then part of its fingerprints, so equal frames at two times are two calls. Not with `batch`.
        example: A graph that shows the node type at work, as the object that its JSON would give. Without it the
            example is the file `examples/ID.json` in the outermost package of the function, or beside its module.
        origin: What it does to media, from which the labels of files follow: "generated" (a trained model makes it),
            "altered" (a trained model changes it), "enhanced" (corrected, nothing added), "algorithmic" (computed from
            numbers or text), "edited" (changed as a person asked), "captured" (read from a file) or "unchanged". It
            holds for every output; of a video, for the images, while the audio is handed on. A mapping names outputs,
            "video.audio" the audio of the output `video`, and may say "from NAME" to hand on one input. A function of
            the inputs that are plain values, by name, returns either. Without it a node type with a model counts as
            "generated" or "altered", any other as "edited".
        isolate: Reserved; refused today.

    Raises:
        NodeTypeError: E201 with file and line and all mistakes of the declaration; E207 for `isolate`.
    """

    declaration = _Declaration(
        id=id,
        version=version,
        code=code,
        cache=cache,
        lane=lane,
        device_free=device_free,
        batch=batch,
        needs=needs,
        check=check,
        migrations=migrations,
        replaces=replaces,
        deprecated=deprecated,
        experimental=experimental,
        encodings=encodings,
        resources=Resources() if resources is None else resources,
        uses_frame=uses_frame,
        example=example,
        origin=origin,
        isolate=isolate,
    )

    def register(function: Function) -> Function:
        function.__studio_node_type__ = declaration.apply(function)  # type: ignore[attr-defined]  # find_node_types
        return function

    return register


@dataclass(frozen=True)
class _Declaration:
    """The arguments of `@node`, as an author wrote them."""

    id: str
    version: str
    code: int
    cache: CachePolicy
    lane: Lane
    device_free: bool
    batch: Batch | None
    needs: Callable[..., Iterable[str]] | None
    check: Check | None
    migrations: Migrations | None
    replaces: Replaced
    deprecated: str | bool
    experimental: bool
    encodings: Collection[ColorEncoding]
    resources: Resources
    uses_frame: bool
    example: Mapping[str, Any] | None
    origin: OriginOption | None
    isolate: object

    def apply(self, function: Callable[..., Any]) -> NodeType:
        """Return the node type that a function becomes; NodeTypeError with all mistakes."""
        where = locate_function(function)
        if self.isolate is not None:
            raise NodeTypeError(
                "E207",
                f"node type {self.id!r}: isolate is reserved",
                where=where,
                hint="remove it: node types run in threads of Studio's process",
            )
        problems = self.find_problems()
        docs = parse_docstring(function.__doc__)
        if not docs.summary:
            problems.append("it has no docstring: its first line is what `studio nodes` shows")
        hints = _read_hints(function, problems)
        own = find_host_parameters(hints)
        inputs = _read_inputs(function, {name: hint for name, hint in hints.items() if name not in own}, docs, problems)
        returned = read_outputs(function, hints, problems)
        problems += _check_lazy(inputs, self.needs) + _check_batch(inputs, self.batch)
        asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        problems += self.find_async_problems() if asynchronous else []
        problems += find_origin_problems(self.origin, inputs, returned.outputs)
        if not problems:
            problems += check_migration_targets(self.version, self.migrations, self.replaces, inputs, returned.outputs)
        if problems:
            message = f"node type {self.id!r}: {'; '.join(problems)}"
            raise NodeTypeError("E201", message, where=where, hint="see docs/write_a_plugin.md")
        return NodeType(
            id=self.id,
            version=self.version,
            code=self.code,
            function=function,
            inputs=inputs,
            outputs=returned.outputs,
            cache=self.cache,
            lane=self.lane,
            device_free=self.device_free or self.lane != "device",
            named=returned.named,
            streams=returned.streams,
            expands=returned.expands,
            asynchronous=asynchronous,
            batch=self.batch,
            needs=self.needs,
            check=self.check,
            migrations={old: create_migration(step) for old, step in (self.migrations or {}).items()},
            replaces=list_replaced(self.replaces),
            deprecated="it is replaced or no longer needed" if self.deprecated is True else self.deprecated or "",
            experimental=self.experimental,
            encodings=frozenset(self.encodings),
            resources=self.resources,
            uses_frame=self.uses_frame,
            example=self.example,
            content_origin=self.origin,
            summary=docs.summary,
            description=docs.description,
            where=where,
            host_parameters=own,
        )

    def find_async_problems(self) -> list[str]:
        """Return what does not go with an `async def` function, whose calls all share the thread of the event loop."""
        problems = []
        if self.lane == "device":
            problems.append('lane "device" takes a plain function: an async one would keep others from waiting')
        if self.batch is not None:
            problems.append("batch takes a plain function: async calls wait together as they are")
        return problems

    def find_problems(self) -> list[str]:
        """Return the mistakes in the arguments, without those that depend on the function."""
        problems = []
        if self.uses_frame and self.batch is not None:
            problems.append("batch and uses_frame do not go together: a stack has many positions")
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            problems.append(f"id {self.id!r} is not of the form plugin.name in lower case")
        if not isinstance(self.version, str) or not _VERSION.fullmatch(self.version):
            problems.append(f"version {self.version!r} is not of the form 1.0")
        if not _is_count(self.code, 1):
            problems.append(f"code {self.code!r} is not a whole number from 1")
        for name, value, allowed in (("cache", self.cache, CachePolicy), ("lane", self.lane, Lane)):
            if value not in typing.get_args(allowed):
                problems.append(f"unknown {name} {value!r} (expected one of {', '.join(typing.get_args(allowed))})")
        if isinstance(self.version, str) and _VERSION.fullmatch(self.version):
            problems += check_migrations(int(self.version.partition(".")[0]), self.migrations)
        problems += check_replaced(self.id, self.replaces, _ID) + self.find_status_problems()
        return problems + _check_encodings(self.encodings) + _check_resources(self.resources)

    def find_status_problems(self) -> list[str]:
        """Return the mistakes in what is said of the node type's future."""
        problems: list[str] = []
        if not isinstance(self.deprecated, str | bool):
            problems.append(f"deprecated {describe_value(self.deprecated)} is not a text that says what to use instead")
        if not isinstance(self.experimental, bool):
            problems.append(f"experimental {describe_value(self.experimental)} is not True or False")
        if self.example is not None and not _is_json_object(self.example):
            problems.append(f"example {describe_value(self.example)} is not a dict that JSON can hold")
        return problems


def _is_json_object(value: object) -> bool:
    try:
        return isinstance(value, dict) and json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError, RecursionError):
        return False


def _read_hints(function: Callable[..., Any], problems: list[str]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation is any expression of the author's
        problems.append(
            f"its annotations cannot be read: {error} (types of inputs must be imported at run time, "
            "not under TYPE_CHECKING)"
        )
        return {}


def find_host_parameters(hints: Mapping[str, Any]) -> dict[str, type]:
    """Return the parameters that Studio fills in: settings of the plugin, and its `PluginHome`."""
    return {
        name: hint
        for name, hint in hints.items()
        if name != "return" and isinstance(hint, type) and issubclass(hint, PluginSettings | PluginHome)
    }


def _read_inputs(
    function: Callable[..., Any], hints: Mapping[str, Any], docs: Docstring, problems: list[str]
) -> dict[str, Input]:
    names = list(inspect.signature(function).parameters)
    inputs = []
    for parameter in _find_parameters(function, problems):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            problems.append(f"parameter {parameter} is not allowed: every input has a name")
        elif parameter.name in hints:
            inputs.append(_read_input(parameter, hints[parameter.name], docs, problems))
        elif parameter.annotation is parameter.empty:
            problems.append(f"input {parameter.name!r} has no annotation")
    problems += [f"the docstring describes {name!r}, which is not an input" for name in docs.args if name not in names]
    return {read.name: read for read in inputs if read is not None}


def _find_parameters(function: Callable[..., Any], problems: list[str]) -> list[inspect.Parameter]:
    """Return the parameters that are inputs: all but the first, which is the context."""
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name == "ctx":
        return parameters[1:]
    problems.append("its first parameter must be ctx")
    return parameters


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
    if required and "added" in marks:
        problems.append(f"input {name!r}: Added needs a default, under which the results are what they were without it")
    flags = ("lazy" in marks, "unkeyed" in marks, "added" in marks)
    return Input(name, spec, required, default, docs.args.get(name, ""), *flags)


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
        return [f"batch {describe_value(batch)} is not Batch(...)"]
    return [f"batch: {name!r} is not an input" for name in batch.same if name not in inputs]


def _check_encodings(encodings: object) -> list[str]:
    known = typing.get_args(ColorEncoding)
    if isinstance(encodings, str) or not isinstance(encodings, Collection):
        return [f"encodings {encodings!r} is not a collection of encodings, such as ('srgb', 'linear')"]
    return [
        f"unknown encoding {found!r} (expected one of {', '.join(known)})" for found in encodings if found not in known
    ]


def _check_resources(resources: object) -> list[str]:
    if not isinstance(resources, Resources):
        return [f"resources must be Resources(...), not {describe_value(resources)}"]
    problems = []
    if resources.device_bytes is not None and not _is_count(resources.device_bytes, 0):
        problems.append(f"device_bytes {resources.device_bytes!r} is not a whole number from 0")
    if not _is_count(resources.cores, 1):
        problems.append(f"cores {resources.cores!r} is not a whole number from 1")
    return problems


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
