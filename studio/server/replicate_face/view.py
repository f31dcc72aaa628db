"""Jobs and graphs as clients of Replicate read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from studio.server.file_store import FILES_URL, PREFIX
from studio.server.graph_list import ListedGraph
from studio.server.graph_view import create_values_schema
from studio.server.job import ENDED_STATES, Job, JobOutput, JobState
from studio.server.parts import Parts
from studio.version import VERSION

OWNER = "studio"
"""The owner that models are shown with; any is taken."""

_STATES = {
    JobState.QUEUED: "starting",
    JobState.RUNNING: "processing",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "canceled",
}
_MOST_TEXT_BYTES = 2**20
_MOST_TEXTS_BYTES = 4 * 2**20
_TEXT_ENDS = (".txt", ".json", ".srt", ".vtt", ".csv")


class PredictionView:
    """Writes the predictions of one answer: the texts of all of them share its room; what has none is an address.

    Args:
        parts: The parts of the server.
        base: The address of this server as its reader writes it, with a slash.
    """

    def __init__(self, parts: Parts, base: str) -> None:
        self._parts = parts
        self._base = base
        self._room = _MOST_TEXTS_BYTES
        self._graphs: dict[str, ListedGraph] | None = None

    def describe(self, job: Job, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return a job as a prediction.

        Args:
            job: The job.
            asked: What its client asked for: `input`.
        """
        mine = f"{self._base}v1/predictions/{job.id}"
        error = job.error
        took = job.ended - job.started if job.ended and job.started else None
        return {
            "id": job.id,
            "model": f"{OWNER}/{job.graph}",
            "version": job.graph or "",
            "status": _STATES[job.state],
            "input": asked.get("input", {}),
            "output": self._describe_output(job) if job.state in ENDED_STATES and job.outputs else None,
            "logs": "\n".join(job.warnings),
            "error": f"{error['message']} ({error['code']})" if error is not None else None,
            "metrics": {"predict_time": took, "total_time": (job.ended or 0.0) - job.made} if took is not None else {},
            "created_at": write_time(job.made),
            "started_at": write_time(job.started),
            "completed_at": write_time(job.ended),
            "data_removed": False,
            "source": "api",
            "urls": {"get": mine, "cancel": f"{mine}/cancel", "stream": f"{mine}/stream"},
        }

    def _describe_output(self, job: Job) -> Any:
        """Return what was made: of one output its address, of several an object; texts are written out."""
        found: dict[str, list[JobOutput]] = {}
        for output in job.outputs:
            found.setdefault(output.output, []).append(output)
        lists = self._find_lists(job)
        rows = {name: self._write_files(files, is_list=name in lists) for name, files in found.items()}
        return next(iter(rows.values())) if len(rows) == 1 else rows

    def _find_lists(self, job: Job) -> set[str]:
        """Return which outputs are lists, as the graph is now."""
        several = {output.output for output in job.outputs if output.index}
        if self._graphs is None:
            self._graphs = {one.name: one for one in self._parts.graphs.list_graphs()}
        listed = self._graphs.get(job.graph or "")
        if listed is None or listed.resolved is None:
            return several
        return several | {name for name, (_, spec) in listed.resolved.outputs.items() if spec.depth}

    def _write_files(self, files: Sequence[JobOutput], *, is_list: bool) -> Any:
        written = [self._write_file(file) for file in files]
        return written if is_list else written[0]

    def _write_file(self, output: JobOutput) -> str:
        if output.name.endswith(_TEXT_ENDS) and output.bytes <= min(self._room, _MOST_TEXT_BYTES):
            self._room -= output.bytes
            path = self._parts.files.find(PREFIX + output.digest).path
            return path.read_text(encoding="utf-8", errors="replace")
        return f"{self._base}{FILES_URL[1:]}/{PREFIX}{output.digest}"


def describe_prediction(parts: Parts, job: Job, asked: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Return a job as the only prediction of an answer. Arguments are those of `PredictionView`."""
    return PredictionView(parts, base).describe(job, asked)


def describe_model(listed: ListedGraph, base: str) -> dict[str, Any]:
    """Return a graph as a model."""
    title = listed.graph.document.title if listed.graph is not None else None
    return {
        "url": f"{base}v1/models/{OWNER}/{listed.name}",
        "owner": OWNER,
        "name": listed.name,
        "description": title or listed.name,
        "visibility": "private",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 0,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": describe_version(listed),
    }


def describe_version(listed: ListedGraph) -> dict[str, Any]:
    """Return a graph as the version of a model; there is one, which bears its name."""
    values = create_values_schema(listed)
    outputs = listed.resolved.outputs if listed.resolved is not None else {}
    made = [_describe_type(spec.name, spec.depth) for _, spec in outputs.values()]
    output = made[0] if len(made) == 1 else {"type": "object", "properties": dict(zip(outputs, made, strict=True))}
    schemas = {
        "Input": {**values, "title": "Input", "properties": _write_addresses(values["properties"])},
        "Output": {**output, "title": "Output"},
    }
    document = {"openapi": "3.1.0", "info": {"title": listed.name, "version": VERSION}, "paths": {}}
    return {
        "id": listed.name,
        "created_at": write_time(0.0),
        "cog_version": "",
        "openapi_schema": {**document, "components": {"schemas": schemas}},
    }


def _describe_type(name: str, depth: int) -> dict[str, Any]:
    row: dict[str, Any] = {"type": "string"} if name in ("text", "json") else {"type": "string", "format": "uri"}
    return {"type": "array", "items": row} if depth else row


def _write_addresses(properties: Any) -> Any:
    """Return schemas in which a file is an address."""
    if isinstance(properties, list):
        return [_write_addresses(one) for one in properties]
    if not isinstance(properties, dict):
        return properties
    if properties.get("required") == ["file"]:
        more = {key: value for key, value in properties.items() if key == "description"}
        return {"type": "string", "format": "uri", **more}
    return {key: _write_addresses(value) for key, value in properties.items()}


def write_time(seconds: float | None) -> str | None:
    """Return a time as RFC 3339 has it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
