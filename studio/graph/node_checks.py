"""What node types themselves refuse in the inputs that are known before a run: by a grammar, or by their `check=`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from studio.api import File, Model, NodeType, TypeSpec
from studio.api.node_type import Check
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES, describe_value, find_written_faults
from studio.errors import Finding, StudioError, describe_raised
from studio.graph.json_pointer import escape
from studio.graph.resolved import Bound
from studio.graph.source import Collected, Constant, FileSource, NamedPath, Source
from studio.plugin_code import mark_plugin_call

FAILED_CHECK = "W107"
"""Code of a check that raises."""
UNKNOWN = object()
"""The value of an input that only the run knows."""
_MOST_ROWS = 1000
_LISTS = (Collected, Constant)
FindPath = Callable[[Model], Path | None]
FindValue = Callable[[Source], Any]
_Row = tuple[int | None, Mapping[str, Any]]


@dataclass(frozen=True)
class InputFault:
    """What a node type refuses in an input.

    Attributes:
        name: The input.
        place: Where in the input, as a JSON pointer: "" or "/2".
        value: What is there.
        expected: What should be there, in words.
        error: What the node would raise.
    """

    name: str
    place: str
    value: Any
    expected: str
    error: StudioError

    @property
    def is_warning(self) -> bool:
        """Whether the node may run all the same."""
        return self.error.code.startswith("W")

    @property
    def message(self) -> str:
        """What is wrong, as the run would say it."""
        return f"{self.error.where}: {self.error.message}" if self.error.where else self.error.message

    def create_finding(self, where: str) -> Finding:
        """Return the finding at a JSON pointer."""
        found = "" if self.error.code == FAILED_CHECK else describe_value(self.value)
        severity: Literal["error", "warning"] = "warning" if self.is_warning else "error"
        return Finding(self.error.code, where, self.message, self.expected, found, self.error.hint, severity)


def find_literal(source: Source) -> Any:
    """Return what is written at an input, or UNKNOWN; a file to read is its path, a file to write its name."""
    match source:
        case Constant(value):
            return value.path if isinstance(value, File) else value
        case NamedPath(name):
            return name
        case FileSource(path=path, type_name="file"):
            return path
    return UNKNOWN


def has_checks(node_type: NodeType) -> bool:
    """Say whether a node type checks inputs before a run."""
    return node_type.check is not None or any(end.spec.grammar for end in node_type.inputs.values())


def find_grammar_faults(name: str, value: Any, spec: TypeSpec) -> list[InputFault]:
    """Return each part of a value that its type's grammar refuses.

    Args:
        name: The input.
        value: A value of the type.
        spec: The type.
    """
    grammar = spec.grammar
    if grammar is None:
        return []
    found = _guard(lambda: find_written_faults(spec, value))
    return [InputFault(name, place, _follow(value, place), grammar.name, error) for place, error in found]


def find_input_faults(
    node_type: NodeType,
    inputs: Mapping[str, Bound],
    find_path: FindPath,
    *,
    find_value: FindValue = find_literal,
    unknown: Collection[str] = (),
) -> list[InputFault]:
    """Return what a node type refuses in the inputs of a node that are known.

    Args:
        node_type: The node type.
        inputs: What is bound at the node.
        find_path: Returns the weights of a model reference, or None.
        find_value: Returns the value of a source other than a list, or UNKNOWN.
        unknown: Inputs that the node gives, and that have a finding already.
    """
    if not has_checks(node_type):
        return []
    faults: dict[tuple[str, str, str], InputFault] = {}
    for index, values in _list_rows(node_type, inputs, find_value, unknown):
        for fault in _find_faults(node_type, values, find_path):
            if fault.name in inputs and inputs[fault.name].depth and isinstance(inputs[fault.name].source, _LISTS):
                fault = replace(fault, place=f"/{index}{fault.place}")
            faults.setdefault((fault.name, fault.place, fault.message), fault)
    return list(faults.values())


def locate_fault(fault: InputFault, node: str, written: Mapping[str, str]) -> str:
    """Return the JSON pointer of a fault: the input, or all inputs of the node where it is a default.

    Args:
        fault: The fault.
        node: JSON pointer of the node.
        written: The inputs that the node gives, each with how the graph writes its name.
    """
    if fault.error.code == FAILED_CHECK:
        return node
    name = written.get(fault.name)
    return f"{node}/inputs" if name is None else f"{node}/inputs/{escape(name)}{fault.place}"


def _find_faults(node_type: NodeType, values: Mapping[str, Any], find_path: FindPath) -> Iterator[InputFault]:
    """Yield what a node type refuses in the inputs of one call."""
    for name, end in node_type.inputs.items():
        if name in values:
            yield from find_grammar_faults(name, values[name], end.spec)
    if node_type.check is not None:
        yield from _run_check(node_type, node_type.check, values, find_path)


def _run_check(
    node_type: NodeType, check: Check, values: Mapping[str, Any], find_path: FindPath
) -> Iterator[InputFault]:
    """Yield what a node type's own check finds; a check that raises is a warning."""
    try:
        with mark_plugin_call():
            found = [_create_fault(node_type, values, name, error) for name, error in check(values, find_path)]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything; the node itself may run all the same
        found = [_report_failed_check(node_type, error)]
    yield from found


def _create_fault(node_type: NodeType, values: Mapping[str, Any], name: str, error: StudioError) -> InputFault:
    expected = error.hint or (str(node_type.inputs[name].spec) if name in node_type.inputs else "")
    return InputFault(name, "", values.get(name), expected, error)


def _report_failed_check(node_type: NodeType, error: BaseException) -> InputFault:
    hint = f"report it to the authors of {node_type.distribution or node_type.plugin}; the node may run all the same"
    message = f"the check of {node_type.id} {describe_raised(error)}"
    return InputFault("", "", None, "", StudioError(FAILED_CHECK, message, hint=hint))


def _follow(value: Any, place: str) -> Any:
    """Return the entry of nested lists at a JSON pointer."""
    for part in place.split("/")[1:]:
        value = value[int(part)]
    return value


def _guard(find: Callable[[], Iterable[tuple[str, StudioError]]]) -> list[tuple[str, StudioError]]:
    """Return what a plugin's grammar finds; nothing if it fails."""
    try:
        with mark_plugin_call():
            return list(find())
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plugin may raise anything; the node itself will say what is wrong
        return []


def _list_rows(
    node_type: NodeType, inputs: Mapping[str, Bound], find_value: FindValue, unknown: Collection[str]
) -> Iterator[_Row]:
    """Yield the known inputs of each call of a node that is mapped, with the call's index, or of its only call."""
    known = {
        end.name: end.default
        for end in node_type.inputs.values()
        if not end.required and end.name not in inputs and end.name not in unknown
    }
    mapped: dict[str, list[Any]] = {}
    for name, bound in inputs.items():
        value = UNKNOWN if bound.stream or bound.depth > 1 else _find_value(bound, find_value)
        if bound.depth and isinstance(value, list) and value:
            mapped[name] = value
        elif not bound.depth and value is not UNKNOWN:
            known[name] = value
    if not mapped:
        yield None, known
    for index in range(min(_MOST_ROWS, max(map(len, mapped.values()), default=0))):
        row = {name: values[0 if len(values) == 1 else index] for name, values in mapped.items() if _has(values, index)}
        yield index, known | {name: value for name, value in row.items() if value is not UNKNOWN}


def _has(values: list[Any], index: int) -> bool:
    """Say whether a list has an entry for a call; a list of one stretches."""
    return len(values) == 1 or index < len(values)


def _find_value(bound: Bound, find_value: FindValue) -> Any:
    """Return the value at an input; of a list of media, which only the run knows, a list of as many None."""
    if not isinstance(bound.source, Collected):
        return find_value(bound.source)
    entries = [UNKNOWN if isinstance(entry, Collected) else find_value(entry) for entry in bound.source.entries]
    if bound.depth or not any(entry is UNKNOWN for entry in entries):
        return entries
    return UNKNOWN if bound.spec.name in PLAIN_TYPES | REFERENCE_TYPES else [None] * len(entries)
