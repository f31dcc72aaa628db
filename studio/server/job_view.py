"""Jobs as clients see them: plain JSON without paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from studio.provenance.credentials.formats import SIDECAR
from studio.server.file_store import FILES_URL, PREFIX
from studio.server.job import Job, JobOutput, JobState
from studio.server.live_job import LiveJob
from studio.server.media_types import C2PA, DEFAULT
from studio.server.parts import Parts


def describe_job(parts: Parts, job: Job, *, with_nodes: bool = True, for_reader: bool = False) -> dict[str, Any]:
    """Return one job, as `describe_jobs` does."""
    return describe_jobs(parts, [job], with_nodes=with_nodes, for_reader=for_reader)[0]


def describe_jobs(
    parts: Parts, jobs: Sequence[Job], *, with_nodes: bool = False, for_reader: bool = False
) -> list[dict[str, Any]]:
    """Return several jobs.

    Args:
        parts: The parts of the server.
        jobs: The jobs.
        with_nodes: Whether the states of nodes are in it.
        for_reader: Whether it is for a token that may only read; it does not see where webhooks lead.
    """
    places = parts.store.find_places(jobs)
    types = parts.files.find_media_types({output.digest for job in jobs for output in job.outputs})
    webhooks = parts.webhooks.describe((job.id for job in jobs), with_paths=not for_reader)
    rows = []
    for job in jobs:
        live = parts.logs.find_live(job.id) if job.state is JobState.RUNNING else None
        row = _describe(job, places.get(job.id), types, live)
        if job.state is JobState.QUEUED:
            row["why"] = _explain_wait(places.get(job.id), is_draining=parts.is_draining)
        row["webhook"] = webhooks.get(job.id)
        if with_nodes:
            row["nodes"] = live.copy_nodes() if live is not None else dict(job.nodes)
            row["preview"] = live.preview if live is not None else None
        rows.append(row)
    return rows


def _describe(job: Job, place: int | None, types: Mapping[str, str], live: LiveJob | None) -> dict[str, Any]:
    progress = live.progress if live is not None else 1.0 if job.state is JobState.SUCCEEDED else 0.0
    return {
        "id": job.id,
        "graph": job.graph,
        "title": job.title,
        "state": job.state,
        "values": job.values,
        "only": job.only,
        "formats": job.formats,
        "priority": job.priority,
        "place": place,
        "why": "",
        "made": job.made,
        "started": job.started,
        "ended": job.ended,
        "expires": job.expires,
        "progress": round(progress, 4),
        "cancelling": job.is_cancelling and job.state is JobState.RUNNING,
        "who": job.owner,
        "metadata": job.metadata,
        "reused": job.reused,
        "outputs": [_describe_output(output, types.get(output.digest, DEFAULT)) for output in job.outputs],
        "warnings": list(job.warnings),
        "error": job.error,
    }


def _describe_output(output: JobOutput, media_type: str) -> dict[str, Any]:
    name = PREFIX + output.digest
    return {
        "output": output.output,
        "index": output.index,
        "name": output.name,
        "digest": name,
        "bytes": output.bytes,
        "media_type": media_type,
        "url": f"{FILES_URL}/{name}",
        "loss": output.loss,
        "label": output.label,
        "credentials": describe_credentials(output),
    }


def describe_credentials(output: JobOutput) -> dict[str, Any] | None:
    """Return the file beside an output's file that holds its content credentials, or None."""
    if not output.credentials:
        return None
    name, digest = str(PurePath(output.name).with_suffix(SIDECAR)), PREFIX + output.credentials
    query = urlencode({"name": name})
    row = {"name": name, "digest": digest, "bytes": output.credentials_bytes}
    return {**row, "media_type": C2PA, "url": f"{FILES_URL}/{digest}?{query}"}


def _explain_wait(place: int | None, *, is_draining: bool) -> str:
    """Return what a queued job waits for, in words; one without a place has begun since it was read."""
    if place is None:
        return "it is starting"
    if is_draining:
        return "the server is stopping; the job runs when it has started again"
    if place == 1:
        return "it is next"
    return f"{place - 1} {'job is' if place == 2 else 'jobs are'} before it"
