"""Results as clients see them: a file with what made it, and what a page shows of it."""

from __future__ import annotations

from typing import Any

from studio.server.media_view import find_kind
from studio.server.parts import Parts
from studio.server.result_rows import Result
from studio.server.step_summary import summarize_steps


def describe_results(parts: Parts, results: list[Result]) -> list[dict[str, Any]]:
    """Return results as plain JSON."""
    types = parts.files.find_media_types({result.output.digest for result in results})
    return [_describe(parts, result, types.get(result.output.digest, "application/octet-stream")) for result in results]


def describe_cover(parts: Parts, result: Result) -> dict[str, Any]:
    """Return what a page shows of a result."""
    output = result.output
    media_type = parts.files.find_media_types([output.digest]).get(output.digest, "application/octet-stream")
    return parts.media.describe_kept(output.digest, media_type, output.bytes, output.name)


def _describe(parts: Parts, result: Result, media_type: str) -> dict[str, Any]:
    job, output = result.job, result.output
    steps = summarize_steps(job.nodes)
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
        "who": job.owner,
        "media": parts.media.describe_kept(output.digest, media_type, output.bytes, output.name),
    }
