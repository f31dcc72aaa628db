"""`Binder`: turns what is written at an input into a source.

Values come from a graph file, a caller in Python, a cell of a table or `--set`. Equal values get equal sources, or
equal findings. Values that are written as text are read first (`read_text`).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from studio.api import Model, TypeSpec
from studio.api.model import REFERENCE_HINT
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES, LimitProblem, ValueProblem, check_value, describe_value
from studio.errors import ModelError
from studio.graph.document import is_edge, is_file, is_pattern, is_quoted
from studio.graph.findings import Findings, hint_fit
from studio.graph.fit import Misfit, find_fit
from studio.graph.frames import FramesProblem
from studio.graph.meant_literals import find_meant_literal, hint_plain_literal
from studio.graph.node_checks import find_grammar_faults
from studio.graph.paths import (
    InputFile,
    InputPattern,
    Paths,
    find_output_fault,
    find_path_fault,
    hint_separator,
    is_existing_file,
    is_path,
    name_file,
)
from studio.graph.resolved import Bound
from studio.graph.source import Collected, Constant, FileSource, NamedPath, Source

_Bind = Callable[[Any, TypeSpec, str], Bound | None]
_LONGEST_SHOWN = 200
_MISFIT_CODES = {Misfit.TYPE: "E114", Misfit.OPTIONAL: "E115", Misfit.VALUES: "E116"}
_ENTRY_HINT = "concatenate the lists with logic.concatenate"


class EdgeFinder(Protocol):
    """Finds what edges lead to."""

    def find(self, edge: Any, where: str) -> tuple[Source, TypeSpec] | None:
        """Return what an edge leads to with its type, or None if that is unknown.

        An error of the edge itself is reported.
        """
        ...


class Binder:
    """Turns what is written at inputs into sources.

    Args:
        classes: Classes of value types by name.
        paths: The files that may be named.
        findings: Where findings go.
        edges: Finds what edges lead to. Without it there are no edges, as at the inputs of a graph.

    Attributes:
        node_type: The node type whose inputs are bound, for hints, or "".
    """

    def __init__(
        self, classes: Mapping[str, type], paths: Paths, findings: Findings, edges: EdgeFinder | None = None
    ) -> None:
        self._classes = classes
        self._paths = paths
        self._findings = findings
        self._edges = edges
        self.node_type = ""

    def bind(self, value: Any, spec: TypeSpec, where: str) -> Bound | None:
        """Return the source of what is written at an input, or None after a finding.

        A list at an input that takes one value maps the node over it.

        Args:
            value: What is written: JSON, an `InputFile`, or an object of a value type.
            spec: What the input takes.
            where: JSON pointer of the input.
        """
        if self._edges is not None and is_edge(value):
            return self._bind_edge(value["from"], spec, f"{where}/from")
        if isinstance(value, InputFile):
            return self._bind_input_file(value, spec, where)
        if isinstance(value, InputPattern):
            return self._bind_input_pattern(value.pattern, spec, where)
        if isinstance(value, list) and _is_bound_by_entry(value, spec):
            return self._bind_list(value, spec, where)
        return (
            self._bind_object(value, spec, where) if isinstance(value, dict) else self._bind_literal(value, spec, where)
        )

    def _bind_object(self, value: dict[Any, Any], spec: TypeSpec, where: str) -> Bound | None:
        """Bind a mapping: files, a quoted literal, or a literal that is a mapping."""
        if is_pattern(value) and self._is_read(spec):
            return self._bind_pattern(value["files"], spec, where)
        if is_file(value) and spec.name not in ("json", "any"):
            return self._bind_file(value["file"], spec, where)
        return self._bind_literal(value["literal"] if is_quoted(value) else value, spec, where)

    def bind_whole(self, value: Any, spec: TypeSpec, where: str) -> Source | None:
        """Return the source of a value that must fit as it is, or None after a finding.

        No node is mapped over such a value.
        """
        bound = self.bind(value, spec, where)
        if bound is not None and bound.depth:
            self._report("E114", where, f"a list does not fit {spec}", str(spec), "a list")
            return None
        return bound.source if bound is not None else None

    # -- edges -----------------------------------------------------------------------------------------

    def _bind_edge(self, edge: Any, spec: TypeSpec, where: str) -> Bound | None:
        assert self._edges is not None
        found = self._edges.find(edge, where)
        if found is None:
            return None
        source, given = found
        fit = find_fit(given, spec)
        if fit.problem is None:
            return Bound(source, spec, fit.depth, fit.stream)
        message = f"{given} from {edge!r} does not fit {spec}"
        if fit.problem is Misfit.OPTIONAL:
            message = f"{edge!r} may be empty, and this input may not"
        hint = hint_fit(given, spec) or (
            f"put a node between that makes {spec} of {given}" * (fit.problem is Misfit.TYPE)
        )
        self._report(_MISFIT_CODES[fit.problem], where, message, str(spec), str(given), hint)
        return None

    # -- lists -----------------------------------------------------------------------------------------

    def _bind_list(self, values: list[Any], spec: TypeSpec, where: str) -> Bound | None:
        entry_spec = _find_entry_spec(spec)
        entries = [self.bind(value, entry_spec, f"{where}/{index}") for index, value in enumerate(values)]
        bound = [entry for entry in entries if entry is not None]
        if any(entry.depth or entry.stream for entry in bound):
            self._report_nested(entry_spec, where)
            return None
        if len(bound) != len(values) or not self._check_length(spec, len(values), where):
            return None
        is_mapped = spec.depth == 0 and spec.name not in ("any", "json")
        return Bound(Collected(tuple(entry.source for entry in bound)), spec, int(is_mapped))

    def _bind_mapped(self, values: list[Any], spec: TypeSpec, where: str) -> Bound | None:
        """Bind a list of literals to an input that takes one value: each entry must fit."""
        entry_spec = replace(spec, optional=False)
        checked: list[Any] = []
        for index, value in enumerate(values):
            if isinstance(value, list):
                self._report_nested(entry_spec, f"{where}/{index}")
                continue
            bound = self._bind_literal(value, entry_spec, f"{where}/{index}")
            if bound is not None and isinstance(bound.source, Constant):
                checked.append(bound.source.value)
        return Bound(Constant(checked), spec, 1) if len(checked) == len(values) else None

    def _check_length(self, spec: TypeSpec, length: int, where: str) -> bool:
        """Report a list that is too short or too long."""
        limits = spec.limits
        if not spec.depth or limits is None or (limits.min_length or 0) <= length <= (limits.max_length or length):
            return True
        at_least, at_most = limits.min_length or 0, "any number" if limits.max_length is None else limits.max_length
        self._report("E117", where, f"a list of {length}", f"{at_least} to {at_most} entries", str(length))
        return False

    def _report_nested(self, entry_spec: TypeSpec, where: str) -> None:
        message = "an entry of a list cannot itself be a list here"
        self._report("E114", where, message, str(entry_spec), "a list", _ENTRY_HINT)

    # -- files -----------------------------------------------------------------------------------------

    def _is_read(self, spec: TypeSpec) -> bool:
        """Say whether values of a type are read from files."""
        return spec.name == "file" or spec.name in self._classes

    def _bind_file(self, written: str, spec: TypeSpec, where: str) -> Bound | None:
        if not self._takes_file(spec, written, where):
            return None
        path = self._paths.find(written)
        if path is None:
            self._report_path(written, where)
            return None
        name = self._paths.describe(written, path)
        if not is_existing_file(path) and not self._paths.is_known(name):
            self._report_missing(written, path, self._paths.base, where)
            return None
        return Bound(FileSource(path, spec.name, name, self._paths.by_caller), spec)

    def _bind_input_file(self, file: InputFile, spec: TypeSpec, where: str) -> Bound | None:
        """Bind a file that the caller names: it may lie anywhere, and have any content."""
        written = str(file.path)
        if not self._takes_file(spec, written, where):
            return None
        if not is_path(written):
            self._report_path(written, where)
            return None
        if not is_existing_file(file.path):
            self._report_missing(written, file.path, Path.cwd(), where)
            return None
        path = Path(os.path.abspath(file.path))
        name = file.name or name_file(path, self._paths.base)
        return Bound(FileSource(path, spec.name, name, by_caller=True), spec)

    def _bind_pattern(self, pattern: str, spec: TypeSpec, where: str) -> Bound | None:
        """Bind the files of a folder that fit a pattern.

        They are a list; an input that takes one file maps the node over it.
        """
        names = self._find_names(self._paths, pattern, where)
        return self._bind_list([{"file": name} for name in names], spec, where) if names else None

    def _bind_input_pattern(self, pattern: str, spec: TypeSpec, where: str) -> Bound | None:
        """Bind the files that the caller names by a pattern."""
        names = self._find_names(Paths(Path.cwd()), pattern, where)
        return self._bind_list([InputFile(Path(name)) for name in names], spec, where) if names else None

    def _find_names(self, paths: Paths, pattern: str, where: str) -> list[str]:
        """Return the files that fit a pattern; none after a finding."""
        try:
            names = paths.find_names(pattern)
        except FramesProblem as problem:
            code, wanted = ("E129", "a file for each frame") if problem.missing else ("E135", "frames")
            self._report(code, where, problem.message, wanted, "", problem.hint)
            return []
        if names is None:
            self._report_path(pattern, where)
        elif not names:
            hint = "in the name * means anything, %05d and ##### a number; folders have no wild cards"
            self._report("E129", where, f"no file fits {pattern!r}", f"files in {paths.base}", "nothing", hint)
        return names or []

    def _takes_file(self, spec: TypeSpec, written: str, where: str) -> bool:
        if self._is_read(spec) and not spec.depth:
            return True
        self._report("E114", where, f"a file does not fit {spec}", str(spec), f"the file {written!r}")
        return False

    def _report_missing(self, written: str, path: Path, folder: Path, where: str) -> None:
        is_folder = os.path.isdir(path)
        message, found = (f"{written!r} is a folder", "a folder") if is_folder else (f"no file {written!r}", "nothing")
        if not written:
            message, found = "the path is empty", "nothing"
        hint = hint_separator(written) or "check the name, or give another with --set NAME=@PATH"
        self._report("E129", where, message, f"a file in {folder}", found, hint)

    def _report_path(self, written: str, where: str) -> None:
        fault = find_path_fault(written)
        message = f"invalid path {written[:80]!r}" if fault else f"{written!r} leaves the graph's folder"
        hint = fault or hint_separator(written) or "move the file there, or allow its folder with --root"
        self._report("E130", where, message, "a path inside it", written[:80], hint)

    # -- literals --------------------------------------------------------------------------------------

    def _bind_literal(self, value: Any, spec: TypeSpec, where: str) -> Bound | None:
        bind_special = self._find_special(value, spec)
        if bind_special is not None:
            return bind_special(value, spec, where)
        try:
            checked = check_value(spec, _make_whole(value) if spec.name == "int" else value, self._classes)
        except ValueProblem as problem:
            code = "E117" if isinstance(problem, LimitProblem) else "E118" if spec.choices else "E114"
            hint, meant = self._hint_literal(value, spec), self._find_alternatives(value, spec)
            self._report(code, where, str(problem), problem.expected, problem.found, hint, meant)
            return None
        return Bound(Constant(checked), spec) if self._is_written_well(checked, spec, where) else None

    def _is_written_well(self, value: Any, spec: TypeSpec, where: str) -> bool:
        """Report each part of a literal that the type's grammar refuses."""
        if spec.grammar is None:
            return True
        faults = find_grammar_faults("", value, spec)
        self._findings.extend(fault.create_finding(f"{where}{fault.place}") for fault in faults)
        return not faults

    def _find_special(self, value: Any, spec: TypeSpec) -> _Bind | None:
        """Return what binds a value that is not simply checked, or None."""
        if value is None or spec.depth:
            return None
        if isinstance(value, list):
            return self._bind_mapped if spec.name in PLAIN_TYPES - {"json"} else None
        if spec.name == "model":
            return self._bind_model
        by_name: dict[str, _Bind] = {"file": self._bind_file, "path": self._bind_output_path}
        return by_name.get(spec.name) if isinstance(value, str) else None

    def _hint_literal(self, value: Any, spec: TypeSpec) -> str:
        if spec.name not in self._classes:
            return hint_plain_literal(value, spec)
        if isinstance(value, str):
            key, what = ("files", "files") if spec.depth else ("file", "a file")
            name = value if len(value) <= _LONGEST_SHOWN else "PATH"
            return f"write {json.dumps({key: name}, ensure_ascii=not name.isprintable())} to read {what}"
        return 'name a file: {"file": "PATH"}, or --set NAME=@PATH' if self._edges is None else ""

    def _bind_output_path(self, value: str, spec: TypeSpec, where: str) -> Bound | None:
        fault = find_output_fault(value)
        if fault is None:
            return Bound(NamedPath(value), spec)
        message, hint = fault
        self._report("E130", where, message, "a file inside the output folder", value[:80], hint)
        return None

    def _bind_model(self, value: Any, spec: TypeSpec, where: str) -> Bound | None:
        try:
            model = value if isinstance(value, Model) else _parse_model(value)
        except ModelError as error:
            self._report("E114", where, error.message, "a model reference", describe_value(value), error.hint)
            return None
        return Bound(Constant(model), spec)

    def _find_alternatives(self, value: Any, spec: TypeSpec) -> Sequence[Any]:
        """Return the choices of a type, or the one value that an invalid literal can only mean."""
        if spec.choices:
            return spec.choices
        if isinstance(value, str) and spec.name in self._classes and not spec.depth:
            path = self._paths.find(value)
            return [{"file": value}] if path is not None and is_existing_file(path) else ()
        return find_meant_literal(value, spec)

    def _report(
        self,
        code: str,
        where: str,
        message: str,
        expected: str,
        found: str,
        hint: str = "",
        alternatives: Iterable[Any] = (),
    ) -> None:
        if not hint and code in ("E114", "E117"):
            page = f"; `studio nodes {self.node_type}` says more" if self.node_type else ""
            hint = f"give {expected}{page}"
        self._findings.report(
            code, where, message, expected=expected, found=found, hint=hint, alternatives=alternatives
        )


def may_map(value: Any) -> bool:
    """Say whether what is written may map a node over a list or a video.

    An error in it then hides the types of the node's outputs.
    """
    return isinstance(value, list) or is_edge(value) or is_pattern(value)


def _is_bound_by_entry(values: list[Any], spec: TypeSpec) -> bool:
    """Say whether entries of a list are bound one by one.

    They are if the list contains a reference, or if its type is one of references.
    """
    return bool(values) and (spec.name in REFERENCE_TYPES or any(map(_contains_reference, values)))


def _contains_reference(value: Any) -> bool:
    """Say whether a value is or contains an edge, a file or a quoted literal."""
    if isinstance(value, list):
        return any(map(_contains_reference, value))
    return isinstance(value, InputFile) or is_edge(value) or is_file(value) or is_quoted(value)


def _find_entry_spec(spec: TypeSpec) -> TypeSpec:
    """Return what an entry of a list at an input must be.

    Limits of a list's length are not limits of its entries.
    """
    if not spec.depth:
        return replace(spec, optional=False)
    limits = spec.limits
    is_entry_limit = spec.depth == 1 and limits is not None and limits.min_length is None and limits.max_length is None
    return replace(spec.item(), limits=limits if is_entry_limit else None)


def _parse_model(value: Any) -> Model:
    """Return a model reference, or raise a ModelError for an invalid one."""
    if isinstance(value, str) or _is_model(value):
        return Model.from_json(value)
    raise ModelError("E601", f"invalid model reference: {describe_value(value)}", hint=REFERENCE_HINT)


def _is_model(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("model"), str):
        return False
    options = value.get("options", {})
    return set(value) <= {"model", "options"} and isinstance(options, dict) and all(map(_is_option, options.items()))


def _is_option(option: tuple[Any, Any]) -> bool:
    name, value = option
    if not isinstance(name, str):
        return False
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _make_whole(value: Any) -> Any:
    """Return 2 for 2.0, as JSON and tables from other programs write whole numbers."""
    if isinstance(value, list):
        return [_make_whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
