"""`Values`: from the sources of a plan's inputs to results and their values, with lists taken apart and zipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from studio.api import Input, NodeType, OutputPath, TypeSpec
from studio.api.content_origin import label_provenance
from studio.api.type_spec import ValueProblem, check_value, copy_plain, describe_value, find_written_faults
from studio.cache import MISSING
from studio.errors import StudioError
from studio.execution.call import Call, LostValue, Result, Shape
from studio.execution.content import ContentTrace
from studio.execution.plan import PlanNode
from studio.execution.services import Services
from studio.execution.source_depth import DEPTH_TYPES, has_deep_output, has_deep_source
from studio.graph.source import Collected, Constant, NamedPath, Source


class Values:
    """The values of one run.

    Args:
        services: Cache, digests and defaults.
        reserve_path: Reserves the path of an output file inside the run's output folder, by its name; or None.

    Attributes:
        drifted: Whether some value was made again and its digest changed: fingerprints computed before that are
            compared again.
    """

    def __init__(self, services: Services, reserve_path: Callable[[str], OutputPath] | None) -> None:
        self.drifted = False
        self._cache = services.cache
        self._classes = services.classes
        self._digests = services.digests
        self._limits = services.reader.limits
        self._reserve_path = reserve_path
        self._constants: dict[int, tuple[Constant | NamedPath, Result]] = {}  # the source keeps its id from reuse

    def find_constant(self, source: Constant | NamedPath) -> Result:
        """Return the result of a value that is written in the graph; reserve the path of an output file once."""
        found = self._constants.get(id(source))
        if found is None:
            value = source.value if isinstance(source, Constant) else self._reserve_output(source.name)
            found = self._constants[id(source)] = source, Result(self._digests.digest(value), value)
        return found[1]

    def forget_constants(self, sources: Iterable[Source]) -> None:
        """Free the results of values that are written in a graph."""
        pending = list(sources)
        while pending:
            source = pending.pop()
            if isinstance(source, Constant | NamedPath):
                self._constants.pop(id(source), None)
            elif isinstance(source, Collected):
                pending += source.entries

    def create_empty(self) -> Result:
        """Return the result of no value."""
        return Result(self._digests.digest(None), None)

    def _reserve_output(self, name: str) -> OutputPath:
        if self._reserve_path is None:
            raise StudioError("E307", f"the run has no output folder for {name!r}", hint="name one with -o DIR")
        return self._reserve_path(name)

    # -- loading ---------------------------------------------------------------------------------------

    def load(self, result: Result) -> Any:
        """Return the value of a result.

        Raises:
            LostValue: The cache no longer has it.
        """
        value = result.value
        if value is MISSING:
            value = self._load_entries(result) if result.gathered else self._load_single(result)
            result.value = value
        return value

    def _load_entries(self, result: Result) -> list[Any]:
        values: list[Any] = []
        lost: list[Call] = []
        for entry in result.entries or ():
            try:
                values.append(self.load(entry))
            except LostValue as missing:
                lost += missing.calls
        if lost:
            raise LostValue(lost)
        return values

    def _load_single(self, result: Result) -> Any:
        """Return a value from the list that it is an entry of, or from the cache."""
        parent = result.parent
        if parent is None or parent.value is MISSING:
            value = self._cache.load(result.digest)
            if value is not MISSING:
                return value
        if parent is None:
            assert result.call is not None, "a constant keeps its value"
            raise LostValue([result.call])
        whole = self.load(parent)
        if result.index >= len(whole):
            raise StudioError(
                "E308",
                f"a list that was made again has {len(whole)} entries, fewer than before",
                hint='a node type that gives different results for equal inputs is not "pure"',
            )
        if parent.drifted:
            result.drifted = self.drifted = True
            result.digest = self._digests.digest(whole[result.index])
        return whole[result.index]

    def load_inputs(self, node: PlanNode, args: Mapping[str, Result]) -> dict[str, Any]:
        """Return the inputs of a call of a node, checked, with the defaults of what is not given.

        Raises:
            LostValue: The cache lost something.
            StudioError: E303 if something does not fit.
        """
        node_type = node.node_type
        assert node_type is not None
        values: dict[str, Any] = {}
        lost: list[Call] = []
        for name, result in args.items():
            try:
                values[name] = self.load(result)
            except LostValue as missing:
                lost += missing.calls
        if lost:
            raise LostValue(lost)
        for name, value in values.items():
            if not node.inputs[name].stream:
                values[name] = copy_plain(fit_input(node_type.inputs[name], value, self._classes))
            if isinstance(value, OutputPath):
                values[name] = self._describe_path(value, node_type, args)
        for name, (_, default) in self._digests.find_defaults(node_type, values).items():
            if name not in values:
                values[name] = list(default) if isinstance(default, list) else default
        return values

    def _describe_path(self, path: OutputPath, node_type: NodeType, args: Mapping[str, Result]) -> OutputPath:
        """Return the path of a file with what is known of the content that is written to it."""
        media = [result for name, result in args.items() if node_type.inputs[name].spec.name in DEPTH_TYPES]
        if media:
            path = replace(path, is_deep=has_deep_source(media, self._limits))
        if path.provenance is not None:
            content = ContentTrace(self.load, self.split).find_inputs(node_type, args).whole
            path = replace(path, provenance=label_provenance(path.provenance, content))
        return path

    def is_deep(self, result: Result, spec: TypeSpec) -> bool:
        """Return whether an output of images or videos comes from samples of more than 8 bits."""
        return has_deep_output(result, spec, self._limits)

    # -- lists -----------------------------------------------------------------------------------------

    def spread(self, node: PlanNode, args: dict[str, Result], depth: int, positions: list[dict[str, Result]]) -> Shape:
        """Zip the lists that a node is mapped over.

        Args:
            node: The node.
            args: Its inputs.
            depth: How many lists are still to be taken apart.
            positions: Receives the inputs of each call.

        Returns:
            The shape of the result.

        Raises:
            StudioError: E308 if lengths differ.
        """
        if depth == 0:
            positions.append(args)
            return len(positions) - 1
        lists = {name: self.split(result) for name, result in args.items() if node.inputs[name].depth >= depth}
        shape: list[Shape] = []
        for index in range(_find_length({name: len(entries) for name, entries in lists.items()})):
            one = {name: entries[index if len(entries) > 1 else 0] for name, entries in lists.items()}
            shape.append(self.spread(node, args | one, depth - 1, positions))
        return shape

    def split(self, result: Result) -> list[Result]:
        """Return the entries of a list, known by their digests where the cache knows them, else with their values."""
        if result.entries is None:
            digests = self._cache.find_entries(result.digest) if result.value is MISSING else None
            if digests is not None:
                result.entries = [Result(d, parent=result, index=i) for i, d in enumerate(digests)]
            else:
                values = self.load(result)
                if not isinstance(values, list):
                    raise StudioError("E303", f"expected a list, got {describe_value(values)}")
                digest = self._digests.digest
                result.entries = [Result(digest(v), v, parent=result, index=i) for i, v in enumerate(values)]
        return result.entries


def _find_length(lengths: Mapping[str, int]) -> int:
    """Return the common length of lists that zip; a list of one stretches."""
    longest = max((length for length in lengths.values() if length != 1), default=1)
    if any(length not in (1, longest) for length in lengths.values()):
        written = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise StudioError(
            "E308",
            f"lists of unequal length ({written})",
            hint="lists zip, and a list of one stretches; logic.product makes every combination",
        )
    return longest


def fit_input(end: Input, value: Any, classes: Mapping[str, type]) -> Any:
    """Return a value in the form that an input declares: 1 becomes 1.0 for a float.

    Raises:
        StudioError: E303 if it does not fit; what the grammar of the type raises.
    """
    try:
        fitted = check_value(end.spec, _narrow(value) if end.spec.name == "int" else value, classes)
    except ValueProblem as problem:
        hint = "logic.to_int rounds it" if end.spec.name == "int" and isinstance(value, float) else ""
        raise StudioError("E303", f"input {end.name!r}: {problem}", hint=hint) from None
    for _, error in find_written_faults(end.spec, fitted):
        raise error
    return fitted


def _narrow(value: Any) -> Any:
    """Return a whole number as an int, though it was worked out as a float; in lists too."""
    if isinstance(value, list):
        return [_narrow(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
