"""Runs one job: its row to a `RunRequest`, and what comes of it to the end of the row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api.events import Event
from studio.errors import RunError, StudioError, describe_exception
from studio.execution.control import Control
from studio.server.client_values import list_files
from studio.server.error_rows import describe_error
from studio.server.file_store import FileStore
from studio.server.graph_list import GraphList
from studio.server.graph_run import RunGraph, RunRequest, RunSummary
from studio.server.job import Job, JobEnd, JobOutput, JobState
from studio.server.job_worker import WorkerDied
from studio.server.live_job import LiveJob
from studio.server.tracing import trace_job
from studio.surrogates import dump_json


class JobRunner:
    """Runs jobs. Several may run at once; equal ones run one after the other.

    Args:
        run_graph: What runs their graphs.
        graphs: The graphs of the server.
        files: The uploaded files, where outputs join them.
        folder: Where runs write; each recipe has a folder in it, so that files of an equal job are found again.
        on_event: Called with each event of each run.
        on_close: Called when no job follows.
    """

    def __init__(
        self,
        run_graph: RunGraph,
        graphs: GraphList,
        files: FileStore,
        folder: Path,
        on_event: Callable[[Event], None] = lambda event: None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._run_graph = run_graph
        self._graphs = graphs
        self._files = files
        self._folder = folder
        self._on_event = on_event
        self._on_close = on_close
        self._guard = threading.Lock()
        self._recipes: dict[str, list[Any]] = {}

    def close(self) -> None:
        """Release what runs graphs."""
        self._on_close()

    def run(
        self,
        job: Job,
        document: dict[str, Any],
        live: LiveJob,
        control: Control,
        wait: Callable[[], None],
        place: int = 0,
    ) -> JobEnd:
        """Run a job to its end; errors are in what is returned.

        Args:
            job: The job.
            document: Its graph document.
            live: Follows its run.
            control: To cancel it.
            wait: Called when its nodes are about to run.
            place: Its place in the window.

        Raises:
            WorkerDied: The worker that ran it died.
        """

        def show(event: Event, preview: str = "") -> None:
            live.show(event, preview)
            self._on_event(event)
            trace(event)

        try:
            recipe = name_recipe(job)
            with self._hold(recipe), trace_job(job) as trace:
                request = self._create_request(job, document, recipe)
                summary = self._run_graph(request, place, show, control, wait)
                outputs = [*self._keep_outputs(summary, job.owner)]  # before an equal job replaces the files
        except WorkerDied:
            raise
        except StudioError as error:
            return JobEnd(JobState.FAILED, error=describe_error(error), nodes=live.copy_nodes())
        except (Exception, SystemExit) as error:  # a bug must not end the only executor
            bug = RunError("E999", f"a bug in Studio: {describe_exception(error)}", hint="report it")
            return JobEnd(JobState.FAILED, error=describe_error(bug), nodes=live.copy_nodes())
        return JobEnd(summary.state, outputs, summary.error, summary.warnings, live.copy_nodes(), summary.reused)

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

    def _create_request(self, job: Job, document: dict[str, Any], recipe: str) -> RunRequest:
        path = self._graphs.find_base(job.graph) if job.graph is not None else None
        values = dict(job.values or {})
        return RunRequest(
            key=f"{job.id}.{job.claim}",
            document=document,
            path=str(path or ""),
            values=values,
            files={name: str(self._files.find(name).path) for name in list_files(values)},
            file_folder=str(self._files.folder),
            roots=[str(root) for root in self._graphs.roots] if path is not None else [],
            only=job.only,
            formats=job.formats,
            folder=str(self._folder / recipe),
        )

    def _keep_outputs(self, summary: RunSummary, owner: str) -> Iterable[JobOutput]:
        for file in summary.files:
            path = Path(file.path)
            stored = self._files.link(path, file.digest, path.name, owner)
            made = JobOutput(
                file.output, file.index, path.name, stored.digest, stored.bytes, file.loss, label=file.label
            )
            if file.credentials:
                beside = Path(file.credentials)
                kept = self._files.link(beside, file.credentials_digest, beside.name, owner)
                made = replace(made, credentials=kept.digest, credentials_bytes=kept.bytes)
            yield made


def name_recipe(job: Job) -> str:
    """Return what names all that decides a job's files: its document and its values."""
    parts = [job.document_digest, job.graph, job.values, job.only, job.formats]
    return blake3(dump_json(parts, sort_keys=True).encode()).hexdigest()
