"""`check_node_type`: checks on an example whether a node type behaves as the executor expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studio.api import NodeType, ValueType, get_node_type
from studio.api.content_origin import ORIGINS
from studio.api.type_spec import PLAIN_TYPES, ValueProblem
from studio.errors import StudioError
from studio.testing.caching import (
    check_codecs,
    check_fingerprints,
    check_graph,
    check_input_values,
    check_runs,
    check_unkeyed,
)
from studio.testing.declared_functions import check_check, check_migrations
from studio.testing.example_inspection import examine_example
from studio.testing.failures import describe_error
from studio.testing.naming import find_naming_problems
from studio.testing.purity import (
    call_seeded,
    check_cancellation,
    check_inputs,
    check_order,
    check_repeat,
    digest_inputs,
)
from studio.testing.report import Report
from studio.testing.stacking import check_batch
from studio.testing.subject import BadOutput, Called, Subject, open_subject
from studio.testing.variation import NoVariation, are_equal, derive_value

_MEDIA = frozenset(("image", "mask", "latent", "audio", "video"))


def check_node_type(
    function: Callable[..., Any],
    /,
    *,
    cancels: bool | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    example_graph: bool | None = None,
    plugin: Any = None,
    value_types: Iterable[ValueType[Any]] = (),
    variants: Mapping[str, Any] | None = None,
    **example: Any,
) -> Report:
    """Check a node type on an example, as the executor would use it.

    The function is called about ten times, so choose a small example. It must:

    - be declared and documented, and take and return what it declares;
    - have inputs that people can guess: a unit where there are limits, units such as "seconds" and "dB", names that
      say min_ or max_, None for "automatic", and help that can be read alone;
    - say what it does to media (`origin=`), if it makes some from none;
    - leave its inputs and the global random generators as they are;
    - return equal results for equal inputs, whatever ran before;
    - let `Cancelled` pass;
    - have a fingerprint that changes with every input except the `Unkeyed` ones;
    - have values that their codecs restore exactly and that the methods of their value types accept;
    - with `check=` or `migrations=`, have functions that do not raise, change or lose what they get;
    - work in a graph, and come from the cache in the second run;
    - with `batch=`, return the same stacked as singly;
    - have an example graph, if it has one, that is valid, runs as it is, and needs it for what it makes.

    Args:
        function: The function that `@node` decorates.
        cancels: True: it must call `ctx.step`. False: it need not. None: it must if the example takes more than a
            second.
        device: Where it runs: "cpu", "cuda", "cuda:N" or "mps".
        dtype: What networks compute in: "float32", "float16" or "bfloat16".
        example_graph: True: it must have an example graph. False: its example graph is not checked. None: it is
            checked if there is one. The graph may use installed plugins; one whose models are not on this machine does
            not run.
        plugin: The plugin that provides it (a module or an object with hooks), if it needs more of it than
            `value_types`, such as models and model openers.
        value_types: Value types of its inputs and outputs, in addition to Studio's own.
        variants: For inputs by name: a value that differs from the example's, if none can be derived.
        **example: The inputs of the example. A path names a file to read; text names a model or a file to write.
            Settings of the plugin go to the parameter that takes them, as in a call: `settings=EchoSettings(times=3)`.

    Returns:
        The checks, and why some were skipped.

    Raises:
        AssertionError: Some checks failed; the message lists all of them, each with what to do.
        NodeTypeError: E202 if `@node` does not decorate the function.
        UsageError: E002 if this machine does not have the device.
    """
    __tracebackhide__ = True
    declared = get_node_type(function)
    settings = [example.pop(name) for name in declared.host_parameters if name in example]
    report = examine_node_type(
        declared,
        example,
        settings=settings[0] if settings else None,
        cancels=cancels,
        plugin=plugin,
        value_types=value_types,
        variants=variants,
        device=device,
        dtype=dtype,
    )
    if example_graph is not False:
        examine_example(
            declared,
            report,
            required=example_graph is True,
            plugin=plugin,
            value_types=value_types,
            settings=settings[0] if settings else None,
            device=device,
            dtype=dtype,
        )
    report.require(declared.where)
    return report


def examine_node_type(
    declared: NodeType,
    example: Mapping[str, Any],
    *,
    cancels: bool | None = None,
    variants: Mapping[str, Any] | None = None,
    plugin: Any = None,
    value_types: Iterable[ValueType[Any]] = (),
    **options: Any,
) -> Report:
    """Return the checks of a node type, as `check_node_type` describes them; further options are of `open_subject`."""
    report = Report(declared.id)
    with open_subject(declared, plugin, value_types, **options) as (subject, problems):
        report.add("declaration", _find_declaration_problems(declared))
        report.add("names", find_naming_problems(declared))
        if report.add("registration", problems) and report.add("example", _read_example(subject, example, variants)):
            _examine(subject, report, cancels)
    return report


def _find_declaration_problems(declared: NodeType) -> list[str]:
    problems = [
        f"the docstring does not describe input {end.name!r}; add it under Args:"
        for end in declared.inputs.values()
        if not end.description
    ]
    if declared.named:
        problems += [
            f"the docstring does not describe output {end.name!r}; add it under Attributes: of the NamedTuple"
            for end in declared.outputs.values()
            if not end.description
        ]
    writes = [end.name for end in declared.inputs.values() if end.spec.name == "path"]
    if writes and declared.cache == "pure":
        problems.append(f'it writes the file {writes[0]!r}, and a cached call would not; declare cache="never"')
    if declared.content_origin is None and _makes_media(declared):
        problems.append(f"it makes media from none: declare origin= as one of {', '.join(ORIGINS)}")
    return problems


def _makes_media(declared: NodeType) -> bool:
    """Return whether media come out of a node type and only plain values and models go in."""
    taken = {end.spec.name for end in declared.inputs.values()} - PLAIN_TYPES - {"model", "path"}
    return not taken and any(end.spec.name in _MEDIA for end in declared.outputs.values())


def _read_example(subject: Subject, example: Mapping[str, Any], variants: Mapping[str, Any] | None) -> list[str]:
    """Convert the example and the variants; return what is wrong with them."""
    inputs = subject.declared.inputs
    problems = [
        f"unknown input {name!r}; its inputs: {', '.join(inputs) or 'none'}"
        for name in {**example, **(variants or {})}
        if name not in inputs
    ]
    problems += [
        f"input {end.name!r} is required; give the example a value for it"
        for end in inputs.values()
        if end.required and end.name not in example
    ]
    problems += _convert_values(subject, example, subject.example)
    problems += _convert_values(subject, variants or {}, subject.variants)
    return problems + [
        f"the variant of input {name!r} equals the example's value; give one that differs"
        for name, value in subject.variants.items()
        if name in subject.inputs and are_equal(value, subject.inputs[name])
    ]


def _convert_values(subject: Subject, given: Mapping[str, Any], converted: dict[str, Any]) -> list[str]:
    problems = []
    inputs = subject.declared.inputs
    for name, value in given.items():
        if name in inputs:
            try:
                converted[name] = subject.convert(inputs[name].spec, value)
            except (ValueProblem, StudioError, OSError) as problem:
                problems.append(f"input {name!r} does not fit: {problem}")
    return problems


def _derive_variants(subject: Subject, report: Report) -> None:
    """Give every input that the example uses another value, to see its effect."""
    current = subject.inputs
    for end in subject.declared.inputs.values():
        if end.name in subject.variants or end.name in subject.unwanted:
            continue
        try:
            other = derive_value(end.spec, current[end.name], subject.studio.registry.classes, subject.folder)
            subject.variants[end.name] = subject.studio.cache.store_streams(other)
        except NoVariation as problem:
            report.skip(f"sensitivity to {end.name}", str(problem))


def _examine(subject: Subject, report: Report, cancels: bool | None) -> None:
    unwanted = _find_unwanted_problems(subject)
    if unwanted:
        report.add("lazy inputs", unwanted)
        return
    if not check_input_values(subject, report):
        return
    accepted = check_check(subject, report)
    check_migrations(subject, report)
    before = digest_inputs(subject, subject.inputs)
    first, _ = call_seeded(subject, 1)
    if not report.add("call", _find_call_problems(first)):
        return
    _derive_variants(subject, report)
    second = check_inputs(subject, report, first, before)
    if second is None:
        return
    check_repeat(subject, report, first, second)
    check_order(subject, report, second)
    check_cancellation(subject, report, second, cancels)
    check_unkeyed(subject, report, second)
    check_codecs(subject, report, second)
    if check_graph(subject, report) and accepted:
        check_fingerprints(subject, report)
        check_runs(subject, report, second)
    check_batch(subject, report)


def _find_unwanted_problems(subject: Subject) -> list[str]:
    """Return what is wrong with `needs`."""
    declared = subject.declared
    if declared.needs is None:
        return []
    try:
        eager = {
            name: value
            for name, value in {
                **{end.name: end.default for end in declared.inputs.values() if not end.required},
                **subject.example,
            }.items()
            if not declared.inputs[name].lazy
        }
        wanted = list(declared.needs(**eager))
    except (Exception, SystemExit) as error:  # the author's function
        return [f"needs raised {describe_error(error)}; it is called with the inputs that are not lazy, by name"]
    return [
        f"needs returned {name!r}, which is not a lazy input"
        for name in wanted
        if name not in declared.inputs or not declared.inputs[name].lazy
    ]


def _find_call_problems(called: Called) -> list[str]:
    error = called.error
    if error is None:
        return []
    if isinstance(error, BadOutput):
        return [f"{error}; return what the annotation says, or correct it"]
    if "read-only" in str(error):
        return [f"it writes to an input: {describe_error(error)}; inputs are read-only, so copy what it changes"]
    return [f"it raised {describe_error(error)}; give an example that works, or correct it"]
