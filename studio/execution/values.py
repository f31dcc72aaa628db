"""`Values`: from the sources of a plan's inputs to results and their values, with lists taken apart and zipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from studio.api import OutputPath
from studio.api.type_spec import ValueProblem, check_value, copy_plain, describe_value
from studio.cache import MISSING
from studio.errors import StudioError
from studio.execution.call import Call, LostValue, Result
from studio.execution.plan import PlanNode
from studio.graph.source import Constant, NamedPath

if TYPE_CHECKING:
    from studio.execution.executor import Executor


class Values:
    """The values of one run.

    Args:
        executor: Gives digests, defaults and the cache.
        resolve_path: Turns the name of an output file into a place inside the run's output folder, or None.

    Attributes:
        drifted: Whether some value was made again and came out different, so that fingerprints taken from it
            before are to be looked at again.
    """

    def __init__(self, executor: Executor, resolve_path: Callable[[str], OutputPath] | None) -> None:
        self.drifted = False
        self._executor = executor
        self._cache = executor.services.cache
        self._classes = executor.services.classes
        self._resolve_path = resolve_path
        self._constants: dict[int, Result] = {}

    def find_constant(self, source: Constant | NamedPath) -> Result:
        """Return the result of a value that stands in the graph."""
        found = self._constants.get(id(source))
        if found is None:
            value = source.value if isinstance(source, Constant) else self._find_place(source.name)
            found = self._constants[id(source)] = Result(self._executor.digest(value), value)
        return found

    def _find_place(self, name: str) -> OutputPath:
        if self._resolve_path is None:
            raise StudioError("E307", f"the run has no output folder for {name!r}", hint="name one with -o DIR")
        return self._resolve_path(name)

    # -- values ----------------------------------------------------------------------------------------

    def load(self, result: Result) -> Any:
        """Return the value of a result.

        Raises:
            LostValue: The cache had it and has it no longer.
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
        """Return a value from the list that it is an entry of, from the cache, or from that list once it is loaded."""
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
            result.digest = self._executor.digest(whole[result.index])
        return whole[result.index]

    def load_inputs(self, node: PlanNode, args: Mapping[str, Result]) -> dict[str, Any]:
        """Return what a call of a node takes, checked, with the defaults of what is not given.

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
                try:
                    values[name] = copy_plain(check_value(node_type.inputs[name].spec, value, self._classes))
                except ValueProblem as problem:
                    raise StudioError("E303", f"input {name!r}: {problem}") from None
        for name, (_, default) in self._executor.find_defaults(node_type, values).items():
            if name not in values:
                values[name] = list(default) if isinstance(default, list) else default
        return values

    # -- lists -----------------------------------------------------------------------------------------

    def spread(self, node: PlanNode, args: dict[str, Result], depth: int, positions: list[dict[str, Result]]) -> Any:
        """Zip the lists that a node is mapped over.

        Args:
            node: The node.
            args: What it takes.
            depth: How many lists are still to be taken apart.
            positions: Gets what each call takes.

        Returns:
            The shape of the result: nested lists with positions at their leaves.

        Raises:
            StudioError: E308 if lengths differ.
        """
        if depth == 0:
            positions.append(args)
            return len(positions) - 1
        lists = {name: self.split(result) for name, result in args.items() if node.inputs[name].depth >= depth}
        lengths = {name: len(entries) for name, entries in lists.items()}
        longest = max((n for n in lengths.values() if n != 1), default=1)
        if any(length not in (1, longest) for length in lengths.values()):
            told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise StudioError(
                "E308",
                f"lists of unequal length ({told})",
                hint="lists zip, and a list of one stretches; logic.product makes every combination",
            )
        shape = []
        for index in range(longest):
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
                    raise StudioError("E303", f"a list was promised, and {describe_value(values)} came")
                digest = self._executor.digest
                result.entries = [Result(digest(v), v, parent=result, index=i) for i, v in enumerate(values)]
        return result.entries


def nest(shape: Any, results: list[Result]) -> Result:
    """Put results into lists of the shape that `spread` found."""
    if isinstance(shape, int):
        return results[shape]
    return Result.gather([nest(part, results) for part in shape])
