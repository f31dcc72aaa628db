"""Runs the graph of one job, in the server's process or in a worker's: plain JSON in, plain JSON out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from studio.api.content_origin import find_source_type, read_content
from studio.api.events import Event, RunStarted
from studio.app import RunResult, Studio
from studio.cache.digest import hash_file
from studio.errors import Finding, GraphError, RunError, StudioError, describe_exception
from studio.execution.control import Control
from studio.provenance.credentials.formats import is_beside, name_sidecar
from studio.provenance.output_folder import OutputFolder
from studio.provenance.record import FileRecord
from studio.server.client_values import restore_values
from studio.server.error_rows import describe_error, describe_errors
from studio.server.graph_list import parse_job_graph
from studio.server.hidden_paths import hide_paths
from studio.server.job import JobState

_STATES = {"done": JobState.SUCCEEDED, "cancelled": JobState.CANCELLED}


@dataclass(frozen=True)
class RunRequest:
    """What is needed to run the graph of a job; plain JSON, so that it reaches a worker process.

    Attributes:
        key: Names the run: no other one has it.
        document: The graph document.
        path: The graph's file; "" for a document of a client's.
        values: Values of the graph's inputs, with files by digest.
        files: Where those files are, by name.
        file_folder: The folder of all uploaded files.
        roots: Folders that the graph may read besides its own.
        only: Names of the outputs to make; None for all.
        formats: Extensions of the files of outputs that have another than the default.
        folder: The folder to write to.
    """

    key: str
    document: dict[str, Any]
    path: str
    values: Mapping[str, Any]
    files: Mapping[str, str]
    file_folder: str
    roots: Sequence[str]
    only: Sequence[str] | None
    formats: Mapping[str, str]
    folder: str

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain JSON."""
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> RunRequest:
        """Return what `to_json` described."""
        return cls(**row)


@dataclass(frozen=True)
class RunFile:
    """A file that a run wrote.

    Attributes:
        output: The graph's output.
        index: Its place in an output that is a list of media.
        path: The file.
        digest: BLAKE3 of its bytes, in hex.
        loss: What the file does not keep of the value, or "".
        label: The name of the IPTC term for the source of its content, or "".
        credentials: The file beside it with its content credentials, or "".
        credentials_digest: BLAKE3 of that file's bytes, in hex, or "".
    """

    output: str
    index: int
    path: str
    digest: str
    loss: str
    label: str = ""
    credentials: str = ""
    credentials_digest: str = ""


@dataclass(frozen=True)
class RunSummary:
    """What a run led to.

    Attributes:
        state: Succeeded, failed or cancelled.
        files: The files that were made.
        error: What ended it, as clients are told, or None.
        warnings: What stopped nothing.
        reused: Whether everything came from the cache; None if it did not succeed.
        is_stuck: Whether calls of it may still run.
    """

    state: JobState
    files: Sequence[RunFile] = ()
    error: Mapping[str, Any] | None = None
    warnings: Sequence[str] = ()
    reused: bool | None = None
    is_stuck: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON."""
        return {**self.__dict__, "state": str(self.state), "files": [asdict(file) for file in self.files]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> RunSummary:
        """Return what `to_json` described."""
        files = [RunFile(**file) for file in row["files"]]
        return cls(**{**row, "state": JobState(row["state"]), "files": files})


class ShowEvent(Protocol):
    """Takes in an event of a run, with its preview as a data URL if it is encoded already."""

    def __call__(self, event: Event, preview: str = "") -> None:
        """Take in one event."""


class RunGraph(Protocol):
    """Runs the graph of a job to its end."""

    def __call__(
        self, request: RunRequest, place: int, show: ShowEvent, control: Control, wait: Callable[[], None]
    ) -> RunSummary:
        """Run a graph at a place of the window; call `wait` once before its nodes run."""


def create_run_here(studio: Studio) -> RunGraph:
    """Return what runs graphs in this process."""

    def run(request: RunRequest, place: int, show: ShowEvent, control: Control, wait: Callable[[], None]) -> RunSummary:
        def show_here(event: Event) -> None:
            if isinstance(event, RunStarted):
                wait()
            show(event)

        return run_graph(studio, request, show_here, control)

    return run


def run_graph(studio: Studio, request: RunRequest, show: Callable[[Event], None], control: Control) -> RunSummary:
    """Run a graph to its end; errors are in what is returned.

    Args:
        studio: What runs it.
        request: The graph and its values.
        show: Called with each event.
        control: To cancel it.
    """
    stuck = studio.local_executor.lanes.abandoned
    try:
        result = _run(studio, request, show, control)
    except (Exception, SystemExit) as error:  # a bug must not end the executor of jobs
        return summarize_failure(error)
    state = _STATES.get(result.status, JobState.FAILED)
    calls = result.manifest["cache"]
    return RunSummary(
        state,
        [_describe_file(file, is_signed=studio.settings.credentials.sign) for file in result.files],
        describe_errors(result.errors) if state is JobState.FAILED else None,
        [hide_paths(text) for text in (*result.warnings, *result.notes)],
        calls["hits"] == calls["calls"] if state is JobState.SUCCEEDED else None,
        studio.local_executor.lanes.abandoned > stuck,
    )


def _describe_file(file: FileRecord, *, is_signed: bool) -> RunFile:
    """Return a file as clients may see it, with the content credentials beside it if this run signed it."""
    label = find_source_type(read_content(file.path)) if file.saved else file.source_type
    made = RunFile(file.output, file.index, str(file.path), file.digest, hide_paths(file.loss), label)
    sidecar = name_sidecar(file.path)
    if not is_signed or not is_beside(file.path) or not sidecar.is_file():
        return made
    return replace(made, credentials=str(sidecar), credentials_digest=hash_file(sidecar).hex())


def summarize_failure(error: BaseException) -> RunSummary:
    """Return what a run led to that an error ended; one that is not Studio's own is a bug."""
    if not isinstance(error, StudioError):
        error = RunError("E999", f"a bug in Studio: {describe_exception(error)}", hint="report it")
    return RunSummary(JobState.FAILED, error=describe_error(error))


def _run(studio: Studio, request: RunRequest, show: Callable[[Event], None], control: Control) -> RunResult:
    path = Path(request.path) if request.path else None
    graph = parse_job_graph(request.document, path, Path(request.file_folder))
    faults: list[Finding] = []
    values = restore_values(graph, request.values, lambda name: Path(request.files[name]), faults)
    if faults:
        raise GraphError(faults)
    return studio.run(
        graph,
        values,
        only=request.only,
        output=create_output_folder(Path(request.folder), request.formats),
        roots=[Path(root) for root in request.roots],
        on_event=show,
        control=control,
        load_outputs=False,
        stack_group="jobs",
    )


def create_output_folder(folder: Path, formats: Mapping[str, str]) -> OutputFolder:
    """Return the folder that a job writes to.

    Args:
        folder: The folder.
        formats: Extensions of the files of outputs that have another than the default.
    """
    names = {output: f"{{output}}.{extension}" for output, extension in formats.items()}
    return OutputFolder(folder, names=names, is_apart=True)
