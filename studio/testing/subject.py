"""`Subject`: a node type under examination, its example, and the ways to call it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import Model, NodeType, OutputPath, TypeSpec, ValueType
from studio.api.node_type import call_node_type, create_expander
from studio.api.type_spec import PLAIN_TYPES, ValueProblem, check_value, copy_plain
from studio.cache.codec import is_plain
from studio.errors import Cancelled
from studio.execution.color_inputs import convert_inputs
from studio.execution.digests import is_undigested
from studio.graph import parse_graph
from studio.testing.context import TestContext
from studio.testing.workspace import GivenPlugin, Workspace, open_workspace

NODE = "node"
"""Id of the one node in the graph that a subject is run with."""


@dataclass
class Called:
    """One call with the inputs that it got, and its result: either `values`, settled and checked, or `error`."""

    context: TestContext
    inputs: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    error: BaseException | None = None
    seconds: float = 0.0


class BadOutput(Exception):
    """An output that does not fit its declared type."""


@dataclass
class Subject(Workspace):
    """A node type under examination.

    Attributes:
        declared: The node type, as the registry has it.
        example: The inputs that the author gave, converted.
        variants: For inputs by name: a value that differs from the example's.
    """

    declared: NodeType
    example: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of a call: the example and the defaults, as the executor passes them; lists are fresh copies."""
        defaults = {end.name: end.default for end in self.declared.inputs.values() if not end.required}
        given = {name: value for name, value in self.example.items() if name not in self.unwanted}
        return dict(convert_inputs(self.declared, copy_plain({**defaults, **given}))[0])

    @property
    def unwanted(self) -> frozenset[str]:
        """The lazy inputs that the node type does not ask for, given the example."""
        declared = self.declared
        if declared.needs is None:
            return frozenset()
        lazy = {end.name for end in declared.inputs.values() if end.lazy}
        defaults = {end.name: end.default for end in declared.inputs.values() if not end.required}
        eager = {name: value for name, value in {**defaults, **self.example}.items() if name not in lazy}
        return frozenset(lazy - set(declared.needs(**eager)))

    def convert(self, spec: TypeSpec, value: Any) -> Any:
        """Return a value as a node would get it: paths become files, text becomes references, videos are stored.

        Raises:
            ValueProblem: It does not fit.
            StudioError: It cannot be read.
        """
        if isinstance(value, list | tuple) and spec.depth:
            value = [self.convert(spec.item(), entry) for entry in value]
        elif spec.name == "file" and isinstance(value, str | Path):
            value = self.studio.cache.digest_file(Path(value).resolve())
        elif spec.name == "path" and isinstance(value, str):
            path = self.folder / "output" / value
            path.parent.mkdir(parents=True, exist_ok=True)
            value = OutputPath(path, value)
        elif spec.name == "model" and isinstance(value, str):
            value = Model(value)
        return self.studio.cache.store_streams(check_value(spec, value, self.studio.registry.classes))

    # -- calls -----------------------------------------------------------------------------------------

    def call(self, inputs: Mapping[str, Any] | None = None, *, cancel_at_step: int | None = None) -> Called:
        """Call the function as the executor would; what it raises becomes the result's `error`."""
        context = self.create_context(cancel_at_step)
        called = Called(context)
        begin = time.perf_counter()
        try:
            given, _ = convert_inputs(self.declared, self.inputs if inputs is None else copy_plain(dict(inputs)))
            called.inputs = dict(given)
            result = call_node_type(self.declared, context, given)
            called.seconds = time.perf_counter() - begin
            called.values = self.read_outputs(result)
            called.digests = {name: self.digest_output(value) for name, value in called.values.items()}
        except KeyboardInterrupt:
            raise
        except Cancelled as error:
            called.error = error.with_traceback(None)  # its frames would keep a generator open
        except BaseException as error:  # SystemExit too
            called.error = error
        finally:
            context.close()
        return called

    def digest_output(self, value: Any) -> str:
        """Return the digest of an output as a run records it, or "" if it has none: models count by their weights."""
        found = self.studio.local_executor.services.digests.digest(value)
        return "" if is_undigested(found) else found

    def create_context(self, cancel_at_step: int | None = None) -> TestContext:
        """Return a context that leases models through the Studio."""
        models, device = self.studio.models, self.studio.device
        return TestContext(
            device.name,
            device.dtype,
            cancel_at_step=cancel_at_step,
            keep_weights=self.studio.kept.keep,
            checkpoint_folder=Path(tempfile.mkdtemp(prefix="checkpoint-", dir=self.folder)),
            open_model=lambda model: models.open(model, device),
        )

    def read_outputs(self, result: Any) -> dict[str, Any]:
        """Return the outputs by name, checked and settled.

        Raises:
            BadOutput: One does not fit.
        """
        try:
            values = self.declared.unpack_result(result)
        except ValueProblem as problem:
            raise BadOutput(f"its result does not fit the declaration: {problem}") from None
        outputs = create_expander(self.declared).outputs if self.declared.expands else self.declared.outputs
        for name, value in values.items():
            try:
                checked = check_value(outputs[name].spec, value, self.studio.registry.classes)
            except ValueProblem as problem:
                raise BadOutput(f"output {name!r}: {problem}") from None
            values[name] = self.studio.cache.store_streams(checked)
        return values

    # -- as a graph ------------------------------------------------------------------------------------

    def write_graph(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a graph of this one node, and the values of the graph's own inputs.

        Plain values, model references and paths are literals in the graph; media and files are inputs of the graph.
        """
        ends: dict[str, Any] = {}
        written: dict[str, Any] = {}
        given: dict[str, Any] = {}
        for name, value in inputs.items():
            spec = self.declared.inputs[name].spec
            literal = write_literal(spec, value)
            if literal is None and value is not None:
                ends[name] = {"type": self.name_type(spec, value)}
                given[name] = value
                literal = {"from": f"inputs.{name}"}
            written[name] = literal
        document = {
            "studio": 1,
            "inputs": ends,
            "nodes": {NODE: {"type": self.declared.id, "version": self.declared.version, "inputs": written}},
            "outputs": {name: {"from": f"{NODE}.{name}"} for name in self.declared.outputs},
        }
        return document, given

    def name_type(self, spec: TypeSpec, value: Any) -> str:
        """Return the name of the type of a value, as a graph's input is declared."""
        depth, one = 0, value
        while isinstance(one, list) and one:
            depth, one = depth + 1, one[0]
        names = {python: name for name, python in self.studio.registry.classes.items()}
        name = names.get(type(one)) or getattr(type(one), "studio_type", "") or spec.name
        return "list[" * depth + name + "]" * depth

    def find_fingerprint(self, inputs: Mapping[str, Any]) -> str:
        """Return the fingerprint that a run would give the node, or "" if it has none.

        Raises:
            StudioError: The graph has errors.
        """
        document, given = self.write_graph(inputs)
        rows = self.studio.explain(parse_graph(document, base=self.folder), given)
        return next((row.fingerprint for row in rows if row.node == NODE), "")


def write_literal(spec: TypeSpec, value: Any) -> Any:
    """Return the JSON that a graph contains for a value, or None if a graph cannot contain it."""
    if isinstance(value, Model) and not spec.depth:
        return value.to_json()
    if isinstance(value, OutputPath):
        return value.name
    if not is_plain(value) or (spec.name not in PLAIN_TYPES and spec.name != "any"):
        return None
    return {"literal": value} if isinstance(value, dict | list) else value


@contextmanager
def open_subject(
    declared: NodeType,
    plugin: Any,
    value_types: Iterable[ValueType[Any]],
    *,
    others: Iterable[tuple[str, Any]] = (),
    discover: bool = False,
    settings: Any = None,
    **options: str,
) -> Iterator[tuple[Subject, list[str]]]:
    """Yield a subject, and why its plugin, or one of the others that it uses, failed to load.

    Args:
        declared: The node type.
        plugin: The plugin that provides it, or None.
        value_types: Further value types.
        others: Further plugins, by names.
        discover: Whether it may use installed plugins.
        settings: The settings of its plugin, or None for the defaults.
        options: The device and the dtype.
    """
    given = [*others, ("value-types", GivenPlugin(value_types=value_types))]
    discover = discover or declared.expands  # its subgraph may have nodes of installed plugins
    tables = {} if settings is None else {"checked": settings}
    if plugin is not None or not (discover and _is_installed(declared)):
        given.append(("checked", plugin or GivenPlugin([declared.function])))
    with open_workspace(given, discover=discover, settings=tables, **options) as workspace:
        problems = workspace.find_load_problems()
        registered = workspace.studio.registry.node_types.get(declared.id)
        if registered is None and not problems:
            problems = [f"the plugin does not return {declared.id!r} from studio_node_types"]
        yield Subject(workspace.studio, workspace.folder, workspace.names, registered or declared), problems


def _is_installed(declared: NodeType) -> bool:
    """Say whether an installed plugin has a node type."""
    with open_workspace((), discover=True) as workspace:
        return declared.id in workspace.studio.registry.node_types


__all__ = ["NODE", "BadOutput", "Called", "GivenPlugin", "Subject", "open_subject", "write_literal"]
