"""`Studio`: the one place where the parts are wired."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studio.api import File, NodeType, TypeSpec
from studio.api.builtin import create_builtin_value_types
from studio.api.events import Event
from studio.api.type_spec import copy_plain
from studio.errors import Cancelled, Finding, GraphError, ModelError, RunError, StudioError, UsageError
from studio.graph import Graph, ResolvedGraph, load_graph, parse_graph, resolve_graph
from studio.graph.given import bind_inputs, describe_given, find_given_path, list_files, name_file
from studio.graph.parse import escape
from studio.graph.paths import InputFile
from studio.graph.source import Collected, Constant, FileSource, Source
from studio.registry import Observers, Registry, load_registry
from studio.runtime.devices import find_device
from studio.runtime.models import Models
from studio.settings import SettingProblem, Settings, load_settings
from studio.version import VERSION

if TYPE_CHECKING:
    from studio.cache import Cache
    from studio.execution.control import Control
    from studio.execution.executor import Executor
    from studio.execution.explain import Explanation
    from studio.execution.file_reading import FileReader
    from studio.execution.files import OutputFolder, WrittenFile
    from studio.execution.outcome import Outcome
    from studio.execution.plan import Plan

__all__ = ["CacheMode", "Carried", "InputFile", "RunResult", "Studio", "read_settings", "run"]

CacheMode = Literal["use", "refresh", "off"]


@dataclass(frozen=True)
class Carried:
    """What a media file that Studio wrote carries.

    Attributes:
        graph: The graph that made it.
        values: The values of the graph's inputs.
        output: The output that it is.
        index: Its place in that output, if that is a list of media.
    """

    graph: Graph
    values: dict[str, Any]
    output: str = ""
    index: int = 0


@dataclass
class RunResult:
    """What a run led to.

    Attributes:
        status: "done", "partly done", "failed" or "cancelled".
        outputs: The values of the outputs that were made, by name.
        files: The files that were written.
        errors: Errors of the nodes that failed.
        warnings: What went wrong without stopping the run.
        manifest: The run's manifest as plain JSON.
        manifest_path: Where it was written, or None.
    """

    status: str
    outputs: dict[str, Any]
    files: list[WrittenFile] = field(default_factory=list)
    errors: list[StudioError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    manifest_path: Path | None = None

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]


class Studio:
    """Plugins, cache and executor, ready to validate, explain and run graphs.

    Args:
        settings: Settings; read from file and environment if None.
        plugins: Plugins to register beside those that are installed, as (name, module or object).
        discover: Whether to look for installed plugins.
        on_disk: Whether the cache has a tier on disk.
        executor: Name of the executor; "local", or one that a plugin provides.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        plugins: Iterable[tuple[str, Any]] = (),
        discover: bool = True,
        on_disk: bool = True,
        executor: str = "local",
    ) -> None:
        self.settings = settings or read_settings()
        self.device = find_device(self.settings.device, self.settings.dtype)
        self._plugins = list(plugins)
        self._discover = discover
        self._on_disk = on_disk
        self._executor_name = executor
        self._closed = False

    # -- the parts -------------------------------------------------------------------------------------

    @cached_property
    def registry(self) -> Registry:
        """The plugins and what they provide."""
        return load_registry(
            self.settings.plugins_dir,
            value_types=create_builtin_value_types(),
            plugins=self._plugins,
            discover=self._discover,
        )

    @cached_property
    def cache(self) -> Cache:
        """The cache."""
        from studio.cache import Cache

        folder = self.settings.cache_dir if self._on_disk else None
        return Cache(
            self.registry.value_types.values(),
            memory_bytes=self.settings.memory_bytes,
            folder=folder,
            limit_bytes=self.settings.cache_bytes,
            shared_url=self.settings.cache_url,
        )

    @cached_property
    def models(self) -> Models:
        """The models."""
        from studio.runtime.hub import Hub

        folder = self.settings.models_dir
        return Models(
            self.registry.models,
            self.registry.model_openers,
            lambda path: self.cache.digest_file(path).digest,
            folder=folder,
            hub=Hub(self.settings.hub_dir, folder / "pulls"),
            download=self.settings.download,
            vram_bytes=self.settings.vram_bytes,
            ram_bytes=self.settings.ram_bytes,
        )

    @cached_property
    def executor(self) -> Any:
        """The executor."""
        from studio.execution.executor import Executor
        from studio.execution.services import Services

        services = Services(
            cache=self.cache,
            device=self.device,
            classes=self.registry.classes,
            models=self.models,
            reader=self._reader,
            cpu_workers=self.settings.cpu_workers,
        )
        local: Executor = Executor(services)
        if self._executor_name == "local":
            return local
        factory = self.registry.executors.get(self._executor_name)
        if factory is None:
            known = ", ".join(["local", *self.registry.executors])
            raise UsageError("E004", f"there is no executor {self._executor_name!r}", hint=f"there are: {known}")
        return factory(local)

    @cached_property
    def _observers(self) -> Observers:
        return Observers(self.registry.host)

    @cached_property
    def _reader(self) -> FileReader:
        from studio.execution.file_reading import FileReader

        return FileReader(self.cache.digest_file, self.registry.value_types, self.settings.media)

    def close(self) -> None:
        """Write what waits, and let go of threads and folders."""
        if "executor" in self.__dict__:
            self.executor.close()
        if "models" in self.__dict__:
            self.models.close()
        if "cache" in self.__dict__:
            self.cache.close()
        self._closed = True

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- graphs ----------------------------------------------------------------------------------------

    def load(self, source: Graph | Path | str | Mapping[str, Any]) -> Graph:
        """Return a graph from a file, from a JSON object, from a media file that carries one, or as it is."""
        if isinstance(source, Graph):
            return source
        if isinstance(source, Mapping):
            return parse_graph(source)
        carried = self.load_carried(Path(source))
        return carried.graph if carried else load_graph(source, max_bytes=self.settings.max_graph_bytes)

    def load_values(self, source: Path | str) -> dict[str, Any]:
        """Return the input values that a media file carries beside its graph; {} for a graph file."""
        carried = self.load_carried(Path(source))
        return carried.values if carried else {}

    def validate(self, graph: Graph, *, roots: Iterable[Path] = ()) -> list[Finding]:
        """Return everything that is wrong with a graph, as far as can be told without running it."""
        resolved = self.resolve(graph, roots=roots)
        checks = any(node.node_type and node.node_type.check for node in resolved.nodes.values())
        if resolved.errors or not checks:
            return resolved.findings
        from studio.execution.plan import create_plan

        unknown: dict[str, Source] = {name: Collected(()) for name, end in resolved.inputs.items() if end.required}
        return resolved.findings + self._check_inputs(create_plan(resolved, unknown, self._reader))

    def resolve(self, graph: Graph, *, roots: Iterable[Path] = ()) -> ResolvedGraph:
        """Resolve a graph against what is installed; findings are in the result."""
        return resolve_graph(graph, self.registry, roots=roots)

    def plan(
        self,
        graph: Graph,
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
        roots: Iterable[Path] = (),
    ) -> Plan:
        """Return the plan of a graph.

        Raises:
            GraphError: The graph, the inputs or the names of the outputs have errors; all are there.
        """
        if self._closed:
            raise UsageError("E008", "this Studio is closed", hint="make another: Studio()")
        return self.plan_resolved(self.resolve(graph, roots=roots), inputs, only=only)

    def plan_resolved(
        self,
        resolved: ResolvedGraph,
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
    ) -> Plan:
        """Return the plan of a graph that was resolved already, as a batch does for each item.

        Raises:
            GraphError: The graph, the inputs or the names of the outputs have errors; all are there.
        """
        from studio.execution.plan import create_plan

        source = str(resolved.graph.path or "")
        if resolved.errors:
            raise GraphError(resolved.errors, source=source)
        findings: list[Finding] = []

        def settle(source: Source) -> Source:
            if isinstance(source, Constant):
                return Constant(self.cache.settle(source.value))
            return self._reader.settle(source, resolved.graph.file_digests)

        values = bind_inputs(resolved, inputs or {}, self.registry.classes, findings, settle)
        names = [only] if isinstance(only, str) else list(only) if only is not None else None
        for name in names or ():
            if name not in resolved.outputs:
                known = ", ".join(resolved.outputs)
                findings.append(
                    Finding(
                        "E133", "/outputs", f"the graph has no output {name!r}", known, name, f"its outputs: {known}"
                    )
                )
        if findings:
            raise GraphError(findings, source=source)
        return create_plan(resolved, values, self._reader, only=names)

    def explain(
        self, graph: Graph, inputs: Mapping[str, Any] | None = None, *, roots: Iterable[Path] = ()
    ) -> list[Explanation]:
        """Return for each node whether the cache has its result, and if not, what differs."""
        from studio.execution.explain import explain_plan

        return explain_plan(self.executor, self.plan(graph, inputs, roots=roots))

    def run(
        self,
        graph: Graph | Path | str | Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
        output: OutputFolder | Path | str | None = None,
        cache: CacheMode = "use",
        roots: Iterable[Path] = (),
        node_timeout_seconds: float | None = None,
        on_event: Callable[[Event], None] | None = None,
        control: Control | None = None,
    ) -> RunResult:
        """Run a graph.

        Args:
            graph: A graph, its file, a JSON object, or a media file that carries a graph.
            inputs: Values of the graph's inputs by name: Python values, media values, or `InputFile`.
            only: Names of the outputs to make; None for all.
            output: Folder to write the outputs to; None to return them only.
            cache: "use": look up and keep; "refresh": run everything and keep; "off": neither.
            roots: Folders that the graph may read besides its own.
            node_timeout_seconds: A call that takes longer fails.
            on_event: Called with each event, from the thread that caused it.
            control: To pause or cancel from another thread.

        Raises:
            GraphError: The graph or the inputs have errors. Errors of nodes are in the result, not raised.
        """
        from studio.execution.executor import create_run_id
        from studio.execution.files import OutputFolder
        from studio.execution.outcome import RunOptions

        roots = list(roots)
        if cache not in ("use", "refresh", "off"):
            raise UsageError("E007", f"cache={cache!r} is none of use, refresh, off")
        values = dict(inputs or {})
        if isinstance(graph, str | Path):
            values = {**self.load_values(graph), **values}
        graph = self.load(graph)
        folder = OutputFolder(Path(output)) if isinstance(output, str | Path) else output
        plan = self.plan(graph, values, only=only, roots=roots)
        self._check_models(plan, str(graph.path or ""))
        if folder is not None:
            folder.check(plan.outputs)
            folder.begin()
        run_id = create_run_id()
        started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        outcome = self.executor.execute(
            plan,
            self._combine(on_event),
            control=control,
            run_id=run_id,
            options=RunOptions(
                cache,
                node_timeout_seconds=node_timeout_seconds,
                resolve_path=folder.resolve if folder else None,
                videos_are_written=folder is not None,
            ),
        )
        return self._finish(graph, values, outcome, folder, run_id, started, list(roots))

    def _check_models(self, plan: Plan, source: str) -> None:
        """Find the models that are missing or unsafe before anything runs; with `download`, fetch them.

        Raises:
            GraphError: Some are; all are there.
        """
        from studio.execution.needed_models import find_needed_models

        findings: list[Finding] = []
        for node, name, model in find_needed_models(plan):
            try:
                self.models.library.check(model)
            except ModelError as error:
                findings.append(_make_finding(node, name, error))
        findings = findings or self._check_inputs(plan)
        if findings:
            raise GraphError(findings, source=source)

    def _check_inputs(self, plan: Plan) -> list[Finding]:
        """Return what the node types' own checks find in inputs that are known."""
        from studio.execution.needed_models import check_inputs

        if not any(node.node_type and node.node_type.check for node in plan.nodes.values()):
            return []
        return [_make_finding(*found) for found in check_inputs(plan, self.models.library.find_local)]

    def _combine(self, on_event: Callable[[Event], None] | None) -> Callable[[Event], None] | None:
        observers = self._observers
        if not observers:
            return on_event
        if on_event is None:
            return observers

        def tell(event: Event) -> None:
            on_event(event)
            observers(event)

        return tell

    def _finish(
        self,
        graph: Graph,
        values: Mapping[str, Any],
        outcome: Outcome,
        folder: OutputFolder | None,
        run_id: str,
        started: str,
        roots: Sequence[Path],
    ) -> RunResult:
        """Write the outputs and the manifest."""
        from studio.execution.manifest import create_manifest, write_manifest

        recorded = {name: describe_given(value, graph) for name, value in values.items()}
        outputs = {name: copy_plain(outcome.load(result)) for name, result in outcome.results.items()}
        result = RunResult(outcome.status, outputs, errors=list(outcome.errors), warnings=outcome.warnings)
        if folder is not None:
            resolved = self.resolve(graph, roots=roots)
            try:
                result.files, errors = self.write_outputs(resolved, values, outputs, outcome.types, folder, run_id)
            except Cancelled:  # while a film was made that is written as it is made
                result.status, errors = "cancelled", []
            outcome.status = result.status
            result.warnings += [f"{file.path.name}: {file.loss}" for file in result.files if file.loss]
            if errors:
                result.errors += errors
                result.status = outcome.status = "partly done" if result.files else "failed"
        result.manifest = create_manifest(
            run_id,
            outcome,
            graph=graph.source,
            source=str(graph.path or ""),
            inputs=recorded,
            device=self.device,
            plugins=self.registry.distributions,
            files=result.files,
            started=started,
            version=VERSION,
            folder=folder.folder if folder else None,
        )
        if folder is not None:
            try:
                result.manifest_path = write_manifest(result.manifest, folder.folder)
            except RunError as error:
                result.errors.append(error)
                if result.status == "done":
                    result.status = "partly done"
        return result

    def write_outputs(
        self,
        resolved: ResolvedGraph,
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        types: Mapping[str, TypeSpec],
        folder: OutputFolder,
        run_id: str,
    ) -> tuple[list[WrittenFile], list[StudioError]]:
        """Write outputs to files that carry the graph and its values; return the files, and what could not be."""
        graph = resolved.graph
        recorded = {name: describe_given(value, graph) for name, value in values.items()}
        provenance = self._make_provenance(resolved, values, recorded, folder.folder)
        fields = {"graph": graph.name, "run": run_id}
        value_types = {value_type.python: value_type for value_type in self.registry.value_types.values()}
        files: list[WrittenFile] = []
        errors: list[StudioError] = []
        for name, value in outputs.items():
            try:
                if value is not None:
                    files += folder.write(name, value, types[name], value_types, provenance, fields)
            except StudioError as error:
                errors.append(error)
        return files, errors

    # -- what files carry ------------------------------------------------------------------------------

    def describe_graph(self, resolved: ResolvedGraph) -> dict[str, Any]:
        """Return what a graph is made of besides itself: "graphs" in it, digests of "files", and "node types"."""
        graphs: dict[str, Any] = {}
        files: dict[str, str] = {}
        _collect_parts(resolved, graphs, files, self._reader.find_file)
        return {"graphs": graphs, "files": files, "node types": _collect_node_types(resolved)}

    def _make_provenance(
        self, resolved: ResolvedGraph, values: Mapping[str, Any], recorded: Mapping[str, Any], folder: Path
    ) -> dict[str, Any]:
        """Return what a written file carries: the graph, the graphs in it, the values, digests of the files it read."""
        graph = resolved.graph
        described = self.describe_graph(resolved)
        graphs, files = described["graphs"], described["files"]
        for name, whole in values.items():
            given = list_files(whole, resolved.inputs[name].spec, graph, self.registry.classes)
            for value in given if isinstance(given, list | tuple) else [given]:
                path = find_given_path(value, graph)
                if path is not None:
                    written = name_file(path, graph)
                    digests = None if isinstance(value, InputFile) else graph.file_digests
                    files[written] = self._reader.find_file(FileSource(path, "file", written), digests).digest
        base = os.path.relpath(graph.base, folder.resolve())
        return {
            "studio": 1,
            "version": VERSION,
            "graph": dict(graph.source),
            "graphs": graphs,
            "inputs": dict(recorded),
            "files": files,
            "base": base,
        }

    def load_carried(self, path: Path) -> Carried | None:
        """Return what a media file carries, or None for a file that is no medium."""
        extension = path.suffix.lower().lstrip(".")
        value_type = next((t for t in self.registry.value_types.values() if extension in t.extensions), None)
        if value_type is None:
            return None
        if not path.is_file():
            raise GraphError(
                [Finding("E120", "", f"{str(path)!r} does not exist", hint="name a file that Studio wrote")]
            )
        text = value_type.read_provenance(path)
        if text is None:
            raise GraphError(
                [
                    Finding(
                        "E134",
                        "",
                        f"{str(path)!r} carries no graph",
                        "a file as Studio wrote it",
                        "a file from elsewhere, or one that another program saved again",
                        "run the graph itself: studio run GRAPH.json",
                    )
                ]
            )
        if len(text) > self.settings.max_graph_bytes:
            raise GraphError(
                [
                    Finding(
                        "E106",
                        "",
                        f"the graph that {str(path)!r} carries has {len(text)} characters",
                        f"at most {self.settings.max_graph_bytes}",
                        str(len(text)),
                        "raise STUDIO_MAX_GRAPH_BYTES if it is meant to be that large",
                    )
                ]
            )
        try:
            carried = json.loads(text)
            values = {str(name): value for name, value in dict(carried["inputs"]).items()}
            written = Path(str(carried.get("base", ".")))
            base = (path.resolve().parent / ("." if written.is_absolute() else written)).resolve()
            digests = {str(name): str(digest) for name, digest in dict(carried.get("files", {})).items()}
            embedded = dict(carried.get("graphs", {}))
            graph = parse_graph(carried["graph"], base=base, embedded=embedded, file_digests=digests)
            return Carried(graph, values, str(carried.get("output", "")), int(carried.get("index", 0)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError):
            raise GraphError(
                [Finding("E134", "", f"what {str(path)!r} carries is damaged", "a graph and its values")]
            ) from None


def _collect_parts(
    resolved: ResolvedGraph,
    graphs: dict[str, Any],
    files: dict[str, str],
    find_file: Callable[[FileSource, Mapping[str, str] | None], File],
) -> None:
    sources: list[Source] = [bound.source for node in resolved.nodes.values() for bound in node.inputs.values()]
    sources += [end.default for end in resolved.inputs.values() if end.default is not None]
    while sources:
        source = sources.pop()
        if isinstance(source, FileSource):
            known = (resolved.graph.file_digests or {}).get(source.written)  # a default that is not used may be gone
            files[source.written] = known or find_file(source, None).digest
        elif isinstance(source, Collected):
            sources += source.entries
    for node in resolved.nodes.values():
        if node.subgraph is not None:
            reference = resolved.graph.document.nodes[node.id].type.removeprefix("graph:")
            graphs[reference] = dict(node.subgraph.graph.source)
            _collect_parts(node.subgraph, graphs, files, find_file)


def _collect_node_types(resolved: ResolvedGraph) -> list[NodeType]:
    found: dict[str, NodeType] = {}
    pending = [resolved]
    while pending:
        for node in pending.pop().nodes.values():
            if node.node_type is not None:
                found[node.node_type.id] = node.node_type
            if node.subgraph is not None:
                pending.append(node.subgraph)
    return [found[name] for name in sorted(found)]


def _make_finding(node: str, name: str, error: StudioError) -> Finding:
    return Finding(error.code, f"/nodes/{escape(node)}/inputs/{escape(name)}", error.message, hint=error.hint)


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

    Raises:
        GraphError: The graph or the inputs have errors. Errors of nodes are in the result.
    """
    with Studio() as studio:
        return studio.run(graph, inputs, output=output)
