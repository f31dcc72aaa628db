"""`Studio`: the one place where the parts are wired."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api.events import Event
from studio.errors import Finding, GraphError, UsageError
from studio.execution.collector import relax_collector
from studio.execution.options import CacheMode
from studio.graph import Graph, ResolvedGraph, load_graph, parse_graph, resolve_graph
from studio.graph.arguments import check_arguments
from studio.graph.default_values import find_default_faults
from studio.graph.findings import Findings
from studio.graph.given import bind_inputs, check_outputs, describe_given, name_inputs
from studio.graph.node_outputs import add_node_outputs
from studio.graph.paths import InputFile
from studio.graph.resolved import needs_kinds
from studio.graph.versions import state_versions
from studio.parts import Parts
from studio.run_result import RunResult, finish_run
from studio.settings import SettingProblem, Settings, load_settings

if TYPE_CHECKING:
    from studio.execution.control import Control
    from studio.execution.explain import Explanation
    from studio.execution.plan import Plan
    from studio.provenance.collect import GraphParts
    from studio.provenance.output_folder import OutputFolder
    from studio.provenance.record import FileRecord

__all__ = ["CacheMode", "InputFile", "RunResult", "Studio", "read_settings", "run"]


class Studio(Parts):
    """Plugins, cache and executor, ready to validate, explain and run graphs.

    Args:
        settings: Settings; read from file and environment if None.
        plugins: Plugins to register beside those that are installed, as (name, module or object).
        discover: Whether to look for installed plugins.
        on_disk: Whether the cache has a tier on disk.
        executor: Name of the executor; "local", or one that a plugin provides.
        import_plugins: Whether to import all plugins, also those whose declarations are known.

    Example:
        from studio import Studio

        sky = {"type": "image.gradient", "inputs": {"width": {"from": "inputs.width"}, "height": 48}}
        document = {
            "studio": 1,
            "inputs": {"width": {"type": "int", "default": 64}},
            "nodes": {"sky": sky},
            "outputs": {"picture": {"from": "sky"}},
        }
        with Studio() as studio:
            graph = studio.load(document)
            for finding in studio.validate(graph):
                print(finding)
            for row in studio.explain(graph, {"width": 80}):
                print(row.node, row.standing)
            result = studio.run(graph, {"width": 80}, output="out")
        print(result.status, result["picture"].width, [file.path.name for file in result.files])
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        plugins: Iterable[tuple[str, Any]] = (),
        discover: bool = True,
        on_disk: bool = True,
        executor: str = "local",
        import_plugins: bool = False,
    ) -> None:
        super().__init__(
            settings or read_settings(),
            plugins=plugins,
            discover=discover,
            on_disk=on_disk,
            executor=executor,
            import_plugins=import_plugins,
        )

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- graphs ----------------------------------------------------------------------------------------

    def load(self, source: Graph | Path | str | Mapping[str, Any]) -> Graph:
        """Return a graph from a file, from a JSON object, from a media file that carries one, or as it is."""
        check_arguments(graph=source)
        if isinstance(source, Graph):
            return source
        if isinstance(source, Mapping):
            return parse_graph(source)
        record = self.read_record(Path(source))
        if record is not None:
            return record.recipe.graph
        try:
            return load_graph(source, max_bytes=self.settings.max_graph_bytes)
        except GraphError as error:
            from studio.provenance.unread_file import explain_unread_file

            raise explain_unread_file(Path(source), error, self.registry.plugins) from None

    def load_values(self, source: Path | str) -> dict[str, Any]:
        """Return the input values that a media file carries beside its graph; {} for a graph file."""
        record = self.read_record(Path(source))
        return dict(record.recipe.inputs) if record else {}

    def read_record(self, path: Path) -> FileRecord | None:
        """Return what a media file that Studio wrote carries, its recipe included; None for a file that is no media.

        Raises:
            GraphError: The file carries no graph, or one with errors.
        """
        from studio.provenance.embedded import read_embedded

        return read_embedded(path, self.registry.value_types.values(), max_length=self.settings.max_graph_bytes)

    def validate(self, graph: Graph, *, roots: Iterable[Path] = ()) -> list[Finding]:
        """Return everything that is wrong with a graph, as far as can be told without running it."""
        from studio.provenance.file_names import find_unwritable_outputs

        resolved = self.resolve(graph, roots=roots)
        findings = resolved.findings + find_default_faults(
            resolved,
            lambda model: self.models.library.check(model),
            lambda model: self.models.library.find_local(model),
        )
        findings += find_unwritable_outputs(resolved, self.registry.value_types)
        has_errors = any(finding.severity == "error" for finding in findings)
        if has_errors or not needs_kinds(resolved):
            return findings
        from studio.execution.file_reading import UnreadFiles
        from studio.execution.model_kinds import find_kind_faults

        reader = UnreadFiles(self.registry.value_types, self.settings.media)
        return findings + find_kind_faults(resolved, reader, self.models.find_kind)

    @relax_collector()
    def resolve(self, graph: Graph, *, roots: Iterable[Path] = ()) -> ResolvedGraph:
        """Resolve a graph against what is installed; findings are in the result."""
        check_arguments(parsed_graph=graph, roots=roots)
        return resolve_graph(graph, self.registry, roots=roots)

    def plan(
        self,
        graph: Graph,
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
        roots: Iterable[Path] = (),
    ) -> Plan:
        """Return the plan of a graph; `GraphError` as for `plan_resolved`."""
        self._check_open()
        check_arguments(inputs=inputs, only=only)
        graph, names = add_node_outputs(graph, only)
        resolved = self.resolve(graph, roots=roots)
        return self.plan_resolved(resolved, name_inputs(resolved, inputs or {}), only=names)

    @relax_collector()
    def plan_resolved(
        self,
        resolved: ResolvedGraph,
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
    ) -> Plan:
        """Return the plan of a resolved graph.

        Args:
            resolved: The graph.
            inputs: Values of its inputs, with files as `name_inputs` or `restore_inputs` names them.
            only: Names of the outputs to make; None for all.

        Raises:
            GraphError: The graph, the inputs or the names of the outputs have errors; all are there.
        """
        from studio.execution.flatten import create_plan

        source = str(resolved.graph.path or "")
        if resolved.errors:
            raise GraphError(resolved.errors, source=source)
        findings = Findings()
        values = bind_inputs(resolved, inputs or {}, self.registry.classes, findings, self._reader.prepare_source)
        names = [only] if isinstance(only, str) else list(only) if only is not None else None
        check_outputs(resolved, names or (), findings)
        if findings.found:
            raise GraphError(findings.found, source=source)
        plan = create_plan(resolved, values, self._reader, only=names)
        return plan if resolved.graph.is_carried else self._choose_models(plan)

    def _choose_models(self, plan: Plan) -> Plan:
        """Return a plan with the fetched models of the catalog that its nodes use by default."""
        from studio.execution.better_models import choose_models, list_takers

        takers = list_takers(plan)
        uses = self.catalog.find_uses(takers) if takers else {}
        return choose_models(plan, uses, lambda entry: self.models.library.is_fetched(entry)) if uses else plan

    def explain(
        self, graph: Graph, inputs: Mapping[str, Any] | None = None, *, roots: Iterable[Path] = ()
    ) -> list[Explanation]:
        """Return for each node whether the cache has its result, and if not, what differs."""
        from studio.execution.explain import explain_plan

        return explain_plan(self.local_executor, self.plan(graph, inputs, roots=roots))

    def run(
        self,
        graph: Graph | Path | str | Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
        output: OutputFolder | Path | str | None = None,
        cache: CacheMode | str = CacheMode.USE,
        roots: Iterable[Path] = (),
        node_timeout_seconds: float | None = None,
        on_event: Callable[[Event], None] | None = None,
        control: Control | None = None,
        load_outputs: bool = True,
        stack_group: str = "",
    ) -> RunResult:
        """Run a graph.

        Args:
            graph: A graph, its file, a JSON object, or a media file that carries a graph.
            inputs: Values of the graph's inputs by name: Python values, media values, and for media and files also
                text, a path or an `InputFile`, seen from the current folder, or {"file": ...}, seen from the graph's.
            only: Names of the outputs to make, and of nodes ("paint", "parts.mask") to see their results; None for all.
            output: Folder to write the outputs to; None to return them only.
            cache: "use": look up and keep; "refresh": run everything and keep; "off": neither.
            roots: Folders that the graph may read besides its own.
            node_timeout_seconds: A call that takes longer fails.
            on_event: Called with each event, from the thread that caused it.
            control: To pause or cancel from another thread.
            load_outputs: Whether the result has the values of all outputs, or only of those that are written anew.
            stack_group: Names runs of this Studio that overlap, and whose calls are stacked together; "" for none.

        Raises:
            GraphError: The graph or the inputs have errors. Errors of nodes are in the result, not raised.
        """
        from studio.execution.better_models import list_lines, state_choices
        from studio.execution.executor import create_run_id
        from studio.execution.needed_models import check_needs
        from studio.execution.options import RunOptions
        from studio.provenance.manifest import RunFacts
        from studio.provenance.output_folder import OutputFolder

        if cache not in set(CacheMode):
            raise UsageError("E007", f"invalid cache={cache!r}", hint=f"take one of: {', '.join(CacheMode)}")
        self._check_open()
        given: dict[str, Any] = {"inputs": inputs, "only": only, "roots": roots, "on_event": on_event}
        check_arguments(graph=graph, node_timeout_seconds=node_timeout_seconds, **given)
        if not isinstance(output, OutputFolder):
            check_arguments(output=output)
        values = dict(inputs or {})
        if isinstance(graph, str | Path):
            values = {**self.load_values(graph), **values}
        folder = OutputFolder(Path(output)) if isinstance(output, str | Path) else output
        parsed, names = add_node_outputs(self.load(graph), only)
        resolved = self.resolve(parsed, roots=roots)
        source = str(resolved.graph.path or "")
        values = name_inputs(resolved, values)
        plan = self.plan_resolved(resolved, values, only=names)
        resolved = state_choices(resolved, plan.choices)
        library = self.models.library
        check_needs(plan, library.check, library.find_local, self.models.find_kind, source=source)
        if folder is not None:
            types = {name: spec for name, (_, spec) in plan.outputs.items()}
            folder.check(types, self.registry.value_types)
            folder.begin()
            self.output_writer.prepare(resolved, values, plan, folder)
        facts = RunFacts(
            create_run_id(),
            time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            document=state_versions(resolved),
            graph_path=source,
            inputs={name: describe_given(value, resolved.graph) for name, value in values.items()},
            device=self.device,
            plugins=self.registry.distributions,
            folder=folder.folder if folder else None,
            distributions=self.builds,
        )
        writer, uses = self.output_writer, cache == CacheMode.USE
        current = writer.find_current(resolved, values, folder, facts.run_id, uses=uses) if folder else None
        outcome = self.executor.execute(
            plan,
            self._combine(on_event),
            control=control,
            run_id=facts.run_id,
            options=RunOptions(
                cache=CacheMode(cache),
                node_timeout_seconds=node_timeout_seconds,
                reserve_path=folder.reserve if folder else None,
                videos_are_written=folder is not None,
                is_current=None if load_outputs or current is None else current.has,
                stack_group=stack_group,
            ),
        )
        result = finish_run(
            outcome, facts, resolved, values, folder, self.output_writer, current, load_outputs=load_outputs
        )
        result.notes = list_lines(plan.choices)
        return result

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("E008", "this Studio is closed", hint="make another: Studio()")

    def _combine(self, on_event: Callable[[Event], None] | None) -> Callable[[Event], None] | None:
        return self.observers.join(on_event) or on_event

    def collect_parts(self, resolved: ResolvedGraph) -> GraphParts:
        """Return what a graph consists of besides itself: graphs in it, files that it reads, node types."""
        from studio.provenance.collect import collect_parts

        return collect_parts(resolved, self._reader.find_file)


def read_settings(**overrides: Any) -> Settings:
    """Read the settings of this machine; keyword arguments that are not None win.

    Raises:
        UsageError: E001 with the file or the variable that is wrong.
    """
    try:
        return load_settings(**overrides)
    except SettingProblem as problem:
        raise UsageError("E001", str(problem), where=problem.where, hint=problem.hint) from None


def run(graph: Graph | Path | str | Mapping[str, Any], output: Path | str | None = None, **inputs: Any) -> RunResult:
    """Run a graph with the settings of this machine; keyword arguments are the graph's inputs.

    `Studio.run` has more options, such as `only`, `cache` and `node_timeout_seconds`.

    Args:
        graph: A graph, its file, a JSON object, or a media file that carries a graph.
        output: Folder to write the outputs to; None to return them only.
        **inputs: Values of the graph's inputs, as for `Studio.run`.

    Raises:
        GraphError: The graph or the inputs have errors. Errors of nodes are in the result.

    Example:
        import studio

        result = studio.run("card.json", "out", words="Kunming")
        print(result.status, result["picture"].width)
    """
    with Studio() as studio:
        return studio.run(graph, inputs, output=output)
