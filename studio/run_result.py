"""`RunResult`: what a run led to; its files and its manifest are written here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api.type_spec import copy_plain
from studio.errors import Cancelled, RunError, StudioError

if TYPE_CHECKING:
    from studio.execution.call import Result
    from studio.execution.outcome import Outcome, RunStatus
    from studio.graph import ResolvedGraph
    from studio.provenance.current_files import CurrentFiles
    from studio.provenance.manifest import RunFacts
    from studio.provenance.output_folder import OutputFolder
    from studio.provenance.output_writer import OutputWriter
    from studio.provenance.record import FileRecord


@dataclass
class RunResult:
    """What a run led to.

    Attributes:
        status: What came of it as a whole: "done", "partly done", "failed" or "cancelled".
        outputs: The values of the outputs that were made, by name; without `load_outputs`, not of those whose files
            are there already.
        files: The files that were written.
        errors: Errors of the nodes that failed, and of outputs that cannot be written.
        warnings: What went wrong without stopping the run, and what nodes warned of.
        notes: Models of the catalog that nodes took by default, and what would be better with others, in lines.
        manifest: The run's manifest as plain JSON.
        manifest_path: Where it was written, or None.

    Example:
        import studio

        result = studio.run("card.json", "out")
        picture = result["picture"]  # the same as result.outputs["picture"]
        for error in result.errors:
            print(error.code, error, error.hint)
        print(result.status, result.manifest["cache"], [str(file.path) for file in result.files])
    """

    status: RunStatus
    outputs: dict[str, Any]
    files: list[FileRecord] = field(default_factory=list)
    errors: list[StudioError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    manifest_path: Path | None = None

    def __getitem__(self, name: str) -> Any:
        """Return the value of an output."""
        return self.outputs[name]


def finish_run(
    outcome: Outcome,
    facts: RunFacts,
    resolved: ResolvedGraph,
    values: Mapping[str, Any],
    folder: OutputFolder | None,
    writer: OutputWriter,
    current: CurrentFiles | None = None,
    *,
    load_outputs: bool = True,
) -> RunResult:
    """Write the outputs and the manifest of a run, and return its result.

    Args:
        outcome: What the executor returned; its status follows from what can be written.
        facts: What the manifest says of the run besides.
        resolved: The graph.
        values: The values of its inputs, as the caller gave them.
        folder: The folder to write to; None to write nothing.
        writer: What writes outputs.
        current: What finds files that are there already; None to write all of them.
        load_outputs: Whether to load the values of outputs whose files are there already.
    """
    from studio.execution.outcome import RunStatus
    from studio.execution.steps import follow_each
    from studio.provenance.manifest import create_manifest

    begin = time.perf_counter()
    digests = {name: result.refresh_digest() for name, result in outcome.results.items() if not _is_lazy(result)}
    trace, results = outcome.content, outcome.results
    content = {name: follow_each(trace, result) for name, result in results.items()} if folder is not None else {}
    outputs = {
        name: copy_plain(outcome.load(result))
        for name, result in outcome.results.items()
        if load_outputs
        or current is None
        or not current.has(name, digests.get(name, ""), outcome.types[name], content[name])
    }
    result = RunResult(outcome.status, outputs, errors=list(outcome.errors), warnings=outcome.warnings)
    if folder is not None:
        try:
            written = writer.write(
                resolved,
                values,
                outputs,
                outcome.types,
                folder,
                facts.run_id,
                digests=digests,
                content=content,
                is_deep=lambda name: outcome.is_deep(outcome.results[name], outcome.types[name]),
                current=current,
            )
            _note_files(result, *written)
        except Cancelled:  # while a video is made as it is written
            result.status, result.files = RunStatus.CANCELLED, folder.list_saved()
        outcome.status = result.status
        outcome.update()
        outcome.seconds += time.perf_counter() - begin
    result.manifest = create_manifest(facts, outcome, result.files)
    result.warnings = [*outcome.warnings, *_list_node_warnings(outcome)]
    if folder is not None:
        result.manifest["read"] = writer.describe_read(resolved, values, folder)
        _write_manifest(result, folder)
    return result


def _is_lazy(result: Result) -> bool:
    """Return whether a video is made while it is read, here or in a list: its digest says nothing of its content."""
    return result.lazy or any(map(_is_lazy, result.entries or ()))


def _list_node_warnings(outcome: Outcome) -> list[str]:
    """Return what nodes warned of, each with its node."""
    return [f"node {record.node!r}: {text}" for record in outcome.records.values() for text in record.warnings]


def _note_files(result: RunResult, files: list[FileRecord], errors: list[StudioError]) -> None:
    result.files = files
    result.warnings += [f"{file.path.name}: {file.loss}" for file in files if file.loss]
    if errors:
        from studio.execution.outcome import RunStatus

        result.errors += errors
        result.status = RunStatus.PARTLY_DONE if files else RunStatus.FAILED


def _write_manifest(result: RunResult, folder: OutputFolder) -> None:
    from studio.execution.outcome import RunStatus
    from studio.provenance.manifest import write_manifest

    try:
        folder.sync()
        result.manifest_path = write_manifest(result.manifest, folder.folder)
    except RunError as error:
        result.errors.append(error)
        if result.status is RunStatus.DONE:
            result.status = RunStatus.PARTLY_DONE
