"""Runs one job: its row to a `Studio.run`, and what comes of it to the end of the row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api.events import Event, RunStarted
from studio.app import RunResult, Studio
from studio.errors import Finding, GraphError, RunError, StudioError, describe_exception
from studio.execution.control import Control
from studio.provenance.output_folder import OutputFolder
from studio.server.client_values import restore_values
from studio.server.error_rows import describe_error, describe_errors
from studio.server.file_store import FileStore
from studio.server.graph_list import GraphList, parse_job_graph
from studio.server.hidden_paths import hide_paths
from studio.server.job import Job, JobEnd, JobOutput, JobState
from studio.server.live_job import LiveJob
from studio.server.tracing import trace_job
from studio.surrogates import dump_json

_STATES = {"done": JobState.SUCCEEDED, "cancelled": JobState.CANCELLED}


class JobRunner:
    """Runs jobs in this process. Several may run at once; equal ones run one after the other.

    Args:
        studio: What runs graphs.
        graphs: The graphs of the server.
        files: The uploaded files, where outputs join them.
        folder: Where runs write; each recipe has a folder in it, so that files of an equal job are found again.
        on_event: Called with each event of each run.
    """

    def __init__(
        self,
        studio: Studio,
        graphs: GraphList,
        files: FileStore,
        folder: Path,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._studio = studio
        self._graphs = graphs
        self._files = files
        self._folder = folder
        self._on_event = on_event
        self._guard = threading.Lock()
        self._recipes: dict[str, list[Any]] = {}

    def close(self) -> None:
        """Hold nothing: the studio is the caller's to close."""

    def run(
        self, job: Job, document: dict[str, Any], live: LiveJob, control: Control, wait: Callable[[], None]
    ) -> JobEnd:
        """Run a job to its end; errors are in what is returned.

        Args:
            job: The job.
            document: Its graph document.
            live: Follows its run.
            control: To cancel it.
            wait: Called when its nodes are about to run.
        """

        def show(event: Event) -> None:
            if isinstance(event, RunStarted):
                wait()
            live.show(event)
            self._on_event(event)
            trace(event)

        try:
            recipe = name_recipe(job)
            with self._hold(recipe), trace_job(job) as trace:
                result = self._run(job, document, show, control, recipe)
                outputs = [*self._keep_outputs(result, job.owner)]  # before an equal job replaces the files
        except StudioError as error:
            return JobEnd(JobState.FAILED, error=describe_error(error), nodes=live.copy_nodes())
        except (Exception, SystemExit) as error:  # a bug must not end the only executor
            bug = RunError("E999", f"a bug in Studio: {describe_exception(error)}", hint="report it")
            return JobEnd(JobState.FAILED, error=describe_error(bug), nodes=live.copy_nodes())
        state = _STATES.get(result.status, JobState.FAILED)
        cause = describe_errors(result.errors) if state is JobState.FAILED else None
        calls = result.manifest["cache"]
        return JobEnd(
            state,
            outputs,
            cause,
            [hide_paths(text) for text in (*result.warnings, *result.notes)],
            live.copy_nodes(),
            calls["hits"] == calls["calls"] if state is JobState.SUCCEEDED else None,
        )

    @contextmanager
    def _hold(self, recipe: str) -> Iterator[None]:
        """Run equal jobs one after the other: they write the same files, and the later ones find them."""
        with self._guard:
            held = self._recipes.setdefault(recipe, [threading.Lock(), 0])
            held[1] += 1
        try:
            with held[0]:
                yield
        finally:
            with self._guard:
                held[1] -= 1
                if not held[1]:
                    del self._recipes[recipe]

    def _run(
        self, job: Job, document: dict[str, Any], show: Callable[[Event], None], control: Control, recipe: str
    ) -> RunResult:
        path = self._graphs.find_base(job.graph) if job.graph is not None else None
        graph = parse_job_graph(document, path, self._files.folder)
        faults: list[Finding] = []
        values = restore_values(graph, job.values or {}, lambda name: self._files.find(name).path, faults)
        if faults:
            raise GraphError(faults)
        return self._studio.run(
            graph,
            values,
            only=job.only,
            output=create_output_folder(self._folder / recipe, job.formats),
            roots=self._graphs.roots if path is not None else (),
            on_event=show,
            control=control,
            load_outputs=False,
            stack_group="jobs",
        )

    def _keep_outputs(self, result: RunResult, owner: str) -> Iterable[JobOutput]:
        for file in result.files:
            stored = self._files.link(file.path, file.digest, file.path.name, owner)
            yield JobOutput(file.output, file.index, file.path.name, stored.digest, stored.bytes, hide_paths(file.loss))


def create_output_folder(folder: Path, formats: Mapping[str, str]) -> OutputFolder:
    """Return the folder that a job writes to.

    Args:
        folder: The folder.
        formats: Extensions of the files of outputs that have another than the default.
    """
    names = {output: f"{{output}}.{extension}" for output, extension in formats.items()}
    return OutputFolder(folder, names=names, is_apart=True)


def name_recipe(job: Job) -> str:
    """Return what names all that decides a job's files: its document and its values."""
    parts = [job.document_digest, job.graph, job.values, job.only, job.formats]
    return blake3(dump_json(parts, sort_keys=True).encode()).hexdigest()
