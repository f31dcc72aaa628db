"""Jobs as results of tools: pictures and audio that are shown, texts, and links to the files."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

from mcp_types import AudioContent, CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from studio.errors import StudioError
from studio.server.error_rows import describe_error
from studio.server.file_store import PREFIX, StoredFile
from studio.server.job import Job, JobOutput, JobState
from studio.server.job_view import describe_job
from studio.server.parts import Parts
from studio.surrogates import dump_json

FILES_URI = "studio://files/"

_MOST_SHOWN_BYTES = 2**20
_MOST_SHOWN_TOGETHER = 4 * 2**20
_MOST_TEXT_BYTES = 64 * 2**10
_SHOWN_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_TEXTS = ("text/", "application/json")


def create_result(parts: Parts, job: Job, base_url: str = "", folder: Path | None = None) -> CallToolResult:
    """Return what a job that has ended made.

    Args:
        parts: The parts of the server.
        job: The job.
        base_url: The address of the server, with a slash; "" for none.
        folder: Where files are copied to as well, whose paths are then told; None for nowhere.
    """
    row = describe_job(parts, job, with_nodes=False)
    outputs = []
    content: list[ContentBlock] = []
    room = _MOST_SHOWN_TOGETHER
    for output, shown in zip(job.outputs, row["outputs"], strict=True):
        file = parts.files.find(PREFIX + output.digest)
        if base_url:
            shown = {**shown, "url": base_url + shown["url"][1:]}
        else:
            shown = {name: value for name, value in shown.items() if name != "url"}
        if folder is not None:
            shown["path"] = str(_copy(file.path, folder, output))
        outputs.append({**shown, "uri": FILES_URI + file.name})
        described = _describe_file(output, file, room)
        room -= file.bytes if len(described) > 1 else 0
        content += described
    facts = {"job": job.id, "state": job.state, "reused": job.reused, "outputs": outputs, "warnings": row["warnings"]}
    failed = job.state is not JobState.SUCCEEDED
    if failed:
        error = dict(job.error or {"code": "E813", "message": f"job {job.id} was cancelled"})
        content = [_write_error(error), *content]
        facts["error"] = error
    paths = [one["path"] for one in outputs if "path" in one]
    if paths:
        content.append(TextContent(text="written: " + ", ".join(paths)))
    if not content:
        content = [TextContent(text=f"job {job.id} made no files")]
    return CallToolResult(content=content, structured_content=facts, is_error=failed)


def create_error(error: StudioError) -> CallToolResult:
    """Return an error as a result, so that a model reads it and calls again."""
    row = describe_error(error)
    content: list[ContentBlock] = [_write_error(row)]
    return CallToolResult(content=content, structured_content={"error": row}, is_error=True)


def _write_error(row: dict[str, Any]) -> TextContent:
    findings = row.get("findings") or [row]
    lines = []
    for one in findings:
        where = f" at {one['where']}" if one.get("where") else ""
        hint = f" (hint: {one['hint']})" if one.get("hint") else ""
        lines.append(f"error {one.get('code', row['code'])}{where}: {one['message']}{hint}")
    return TextContent(text="\n".join(lines))


def _describe_file(output: JobOutput, file: StoredFile, room: int) -> list[ContentBlock]:
    """Return a file as what a model sees of it, as far as there is room, and a link to it."""
    uri = FILES_URI + file.name
    link = ResourceLink(
        name=output.name, uri=uri, mime_type=file.media_type, size=file.bytes, description=f"output {output.output}"
    )
    if file.media_type.startswith(_TEXTS):
        if file.bytes > min(room, _MOST_TEXT_BYTES):
            return [link]
        text = file.path.read_text(encoding="utf-8", errors="replace")
        return [TextContent(text=f"{output.output}: {text}"), link]
    if file.bytes > min(room, _MOST_SHOWN_BYTES):
        return [link]
    if file.media_type in _SHOWN_IMAGES:
        return [ImageContent(data=_encode(file.path), mime_type=file.media_type), link]
    if file.media_type.startswith("audio/"):
        return [AudioContent(data=_encode(file.path), mime_type=file.media_type), link]
    return [link]


def _encode(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _copy(path: Path, folder: Path, output: JobOutput) -> Path:
    """Copy a file to a folder under a name that its content decides, so that nothing is overwritten."""
    stem, dot, extension = output.name.rpartition(".")
    target = folder / f"{stem}-{output.digest[:8]}{dot}{extension}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}-partial")
        shutil.copyfile(path, partial)
        partial.replace(target)
    return target


def dump_facts(row: dict[str, Any]) -> str:
    """Return plain JSON as text."""
    return dump_json(row)
