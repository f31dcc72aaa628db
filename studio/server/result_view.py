"""Results as clients see them: a file with what made it, and what a page shows of it."""

from __future__ import annotations

from typing import Any

from studio.server.job_view import describe_credentials
from studio.server.media_view import find_kind
from studio.server.parts import Parts
from studio.server.result_rows import Result
from studio.server.step_summary import StepSummary, summarize_steps

_MOST_LISTED_STEPS = 256


def describe_results(parts: Parts, results: list[Result]) -> list[dict[str, Any]]:
    """Return results as plain JSON; what is large and the same for all files of a job is null."""
    jobs = {result.job.id: result.job for result in results}
    summaries = {job_id: summarize_steps(job.nodes) for job_id, job in jobs.items()}
    rows = [describe_result(parts, result, summaries[result.job.id]) for result in results]
    for row in rows:
        if row["ran"] + row["cached"] > _MOST_LISTED_STEPS:
            row |= {"seconds_by_node": None, "cached_nodes": None}
    return rows


def describe_cover(parts: Parts, result: Result) -> dict[str, Any]:
    """Return what a page shows of a result."""
    output = result.output
    return parts.media.describe_kept(output.digest, _find_type(parts, result), output.bytes, output.name)


def describe_result(parts: Parts, result: Result, steps: StepSummary | None = None) -> dict[str, Any]:
    """Return a result as plain JSON.

    Args:
        parts: The parts of the server.
        result: The result.
        steps: What became of the nodes of its job; None to find it.
    """
    job, output = result.job, result.output
    steps = steps or summarize_steps(job.nodes)
    media_type = _find_type(parts, result)
    return {
        "id": result.id,
        "job": job.id,
        "graph": job.graph,
        "title": job.title or job.graph or "",
        "output": output.output,
        "index": output.index,
        "type": find_kind(media_type),
        "file": output.name,
        "bytes": output.bytes,
        "digest": f"blake3:{output.digest}",
        "made": job.ended,
        "took": round((job.ended or 0) - (job.started or job.ended or 0), 3),
        "ran": len(steps.ran),
        "cached": len(steps.cached),
        "seconds_by_node": steps.seconds,
        "cached_nodes": steps.cached,
        "values": job.values,
        "loss": output.loss,
        "label": output.label,
        "credentials": describe_credentials(output),
        "who": job.owner,
        "media": parts.media.describe_kept(output.digest, media_type, output.bytes, output.name),
    }


def _find_type(parts: Parts, result: Result) -> str:
    digest = result.output.digest
    return parts.files.find_media_types([digest]).get(digest, "application/octet-stream")
