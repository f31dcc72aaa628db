"""`create_mcp_server`: what answers a client of the Model Context Protocol, over any transport."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from studio.errors import StudioError, UsageError
from studio.server.client_jobs import cancel_unwatched, wait_for_end
from studio.server.hidden_paths import hide_paths
from studio.server.job import Job
from studio.server.live_job import LiveJob
from studio.server.mcp_face.results import FILES_URI, create_error, create_result, dump_facts
from studio.server.mcp_face.tools import UPLOAD, create_tools, upload_file
from studio.server.parts import Parts, name_owner
from studio.server.routes.jobs import queue_job
from studio.server.submissions import JobRequest
from studio.version import VERSION

_MOST_READ_BYTES = 32 * 2**20
_MOST_SENT_BYTES = 4 * 2**20  # over HTTP, where the library writes it while no other request is answered
_ABOUT = (
    "Each tool runs a graph of this Studio and returns the files that it makes. The same arguments give the same "
    "files, at once if they were made before. Files that a tool takes are uploaded first."
)


def create_mcp_server(
    parts: Parts, *, folders: tuple[Path, ...] = (), output: Path | None = None
) -> Server[dict[str, Any]]:
    """Return the server of one Studio.

    Args:
        parts: The parts of the server.
        folders: Folders whose files a client may name by their paths; none over HTTP.
        output: Folder that files are copied to as well; None over HTTP.
    """

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        return ListToolsResult(tools=await run_in_threadpool(create_tools, parts, folders), ttl_ms=0)

    async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
        request = _find_request(context)
        try:
            if params.name == UPLOAD:
                await run_in_threadpool(parts.check_quota, request)
                row = await run_in_threadpool(upload_file, parts, params.arguments or {}, name_owner(request), folders)
                return CallToolResult(content=[TextContent(text=dump_facts(row))], structured_content=row)
            await run_in_threadpool(parts.graphs.find, params.name)
            wanted = JobRequest(params.name, params.arguments or {})
            job, _ = await run_in_threadpool(queue_job, parts, request, wanted)
        except UsageError as error:
            if error.code == "E810":
                raise MCPError(INVALID_PARAMS, f"unknown tool {params.name[:80]!r}") from None
            return create_error(error)
        except StudioError as error:
            return create_error(error)
        base_url = str(request.base_url) if context.request is not None else ""
        ended = await _follow(parts, job, context.session.report_progress)
        return await run_in_threadpool(create_result, parts, ended, base_url, output)

    async def list_resources(context: Any, params: Any) -> ListResourcesResult:
        return ListResourcesResult(resources=[], ttl_ms=0)

    async def list_templates(context: Any, params: Any) -> ListResourceTemplatesResult:
        files = ResourceTemplate(name="file", uri_template=FILES_URI + "{digest}", description="A file, by its digest.")
        return ListResourceTemplatesResult(resource_templates=[files], ttl_ms=0)

    async def read_resource(context: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        try:
            most_bytes = _MOST_READ_BYTES if context.request is None else _MOST_SENT_BYTES
            return await run_in_threadpool(_read_file, parts, str(params.uri), most_bytes)
        except StudioError as error:
            raise MCPError(INVALID_PARAMS, hide_paths(f"{error.message} ({error.hint})")) from None

    return Server(
        "studio",
        version=VERSION,
        title="Studio",
        instructions=_ABOUT,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


def _find_request(context: Any) -> Request:
    """Return the request of a call, whose token counts; over standard input it has none."""
    request = context.request
    return request if isinstance(request, Request) else Request({"type": "http", "headers": []})


async def _follow(parts: Parts, job: Job, report: Callable[..., Any]) -> Job:
    """Wait for a job and report its progress; cancel it when the call is cancelled."""
    last = 0.0

    async def report_change() -> None:
        nonlocal last
        live = parts.logs.find_live(job.id)
        share = _find_share(live) if live is not None else 0.0
        if share > last:
            last = share
            await report(share, 1.0, _describe_step(live) if live is not None else None)

    try:
        with parts.logs.watch(job.id):
            return await wait_for_end(parts, job.id, on_change=report_change)
    except asyncio.CancelledError:
        await asyncio.shield(run_in_threadpool(cancel_unwatched, parts, [job]))
        raise


def _find_share(live: LiveJob) -> float:
    """Return which share of a job's nodes has ended; steps of running ones count."""
    nodes = live.copy_nodes().values()
    running = [node for node in nodes if node.get("state") == "running" and node.get("total")]
    begun = sum(min(node["done"] / node["total"], 1.0) for node in running)
    return round((live.ended + begun) / live.total, 4) if live.total else 0.0


def _describe_step(live: LiveJob) -> str:
    running = [(name, node) for name, node in live.copy_nodes().items() if node.get("state") == "running"]
    parts = [f"{name} {node['done']}/{node['total']}" if node.get("total") else name for name, node in running]
    return ", ".join(parts)


def _read_file(parts: Parts, uri: str, most_bytes: int) -> ReadResourceResult:
    """Return the content of a file.

    Raises:
        UsageError: E808 if it is too large, E812 if it is unknown.
    """
    if not uri.startswith(FILES_URI):
        raise UsageError("E812", f"unknown resource {uri[:80]!r}", hint=f"resources are named {FILES_URI}blake3:HEX")
    file = parts.files.find(uri.removeprefix(FILES_URI))
    if file.bytes > most_bytes:
        raise UsageError("E808", f"the file has {file.bytes} bytes", hint="download it from its url")
    if file.media_type.startswith("text/") or file.media_type == "application/json":
        text = file.path.read_text(encoding="utf-8", errors="replace")
        return ReadResourceResult(
            contents=[TextResourceContents(uri=uri, mime_type=file.media_type, text=text)], ttl_ms=0
        )
    blob = base64.b64encode(file.path.read_bytes()).decode()
    return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type=file.media_type, blob=blob)], ttl_ms=0)
