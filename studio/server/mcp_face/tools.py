"""Graphs as tools: their schemas, and the one that takes files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp_types import Tool, ToolAnnotations

from studio.errors import UsageError
from studio.server.form_values import keep_bytes
from studio.server.graph_list import ListedGraph
from studio.server.graph_view import create_values_schema
from studio.server.parts import Parts
from studio.server.routes.files import describe_file

UPLOAD = "studio_upload_file"
_UPLOAD_ABOUT = (
    'Keep a file for the tools of this server. Write {"file": "blake3:..."} with its digest where a tool takes an '
    "image, audio, a video or a file."
)
_RESULT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "job": {"type": "string"},
        "state": {"type": "string"},
        "reused": {"type": ["boolean", "null"], "description": "Whether everything came from the cache."},
        "outputs": {"type": "array", "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["job", "state", "outputs"],
}


def create_tools(parts: Parts, folders: tuple[Path, ...] = ()) -> list[Tool]:
    """Return a tool for each graph that can run, and the one that takes files.

    Args:
        parts: The parts of the server.
        folders: Folders whose files a client may name by their paths.
    """
    graphs = [listed for listed in parts.graphs.list_graphs() if listed.problem is None and listed.name != UPLOAD]
    return [*(_create_tool(listed) for listed in graphs), _create_upload(folders)]


def _create_tool(listed: ListedGraph) -> Tool:
    assert listed.graph is not None
    assert listed.resolved is not None
    document = listed.graph.document
    made = ", ".join(f"{name} ({spec})" for name, (_, spec) in listed.resolved.outputs.items())
    about = [document.title or listed.name, document.description, f"Makes: {made}." if made else ""]
    return Tool(
        name=listed.name,
        title=document.title or listed.name,
        description="\n".join(part for part in about if part),
        input_schema=create_values_schema(listed),
        output_schema=_RESULT,
        annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True),
    )


def _create_upload(folders: tuple[Path, ...]) -> Tool:
    properties: dict[str, Any] = {
        "name": {"type": "string", "description": "Its name, whose extension may tell the type."},
        "data": {"type": "string", "contentEncoding": "base64", "description": "Its bytes in base64."},
    }
    if folders:
        about = f"Instead of data: the path of a file below {' or '.join(map(str, folders))}."
        properties["path"] = {"type": "string", "description": about}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return Tool(
        name=UPLOAD,
        title="Upload a file",
        description=_UPLOAD_ABOUT,
        input_schema=schema if folders else {**schema, "required": ["data"]},
        annotations=ToolAnnotations(destructive_hint=False, idempotent_hint=True),
    )


def upload_file(
    parts: Parts, arguments: Mapping[str, Any], owner: str, folders: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Keep the file of a call, and return how it is named.

    Raises:
        UsageError: E808 if it is too large, E809 for what is no file.
        RunError: E800 if it cannot be kept.
    """
    name, data, path = (arguments.get(key) for key in ("name", "data", "path"))
    unknown = next((key for key in arguments if key not in ("name", "data", "path")), None)
    if unknown is not None or not all(isinstance(one, str | None) for one in (name, data, path)):
        raise UsageError("E809", f"invalid {(unknown or 'argument')[:80]}", hint="give name and data, as texts")
    if path is not None and folders:
        return _keep_path(parts, path, owner, folders)
    if data is None:
        raise UsageError("E809", "missing data", where="/data", hint="give the bytes of the file in base64")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("E809", "invalid data", where="/data", hint="give the bytes of the file in base64") from None
    name = (name or "").replace("\\", "/").rpartition("/")[2]
    return describe_file(keep_bytes(parts, content, name, owner), name)


def _keep_path(parts: Parts, path: str, owner: str, folders: tuple[Path, ...]) -> dict[str, Any]:
    """Keep a copy of a file that lies in one of the folders, also where links lead."""
    found = next((folder / path for folder in folders if (folder / path).is_file()), None)
    real = found.resolve() if found is not None else None
    if real is None or not any(real.is_relative_to(folder.resolve()) for folder in folders):
        hint = f"name a file below {' or '.join(map(str, folders))}"
        raise UsageError("E809", f"missing file {path[:200]!r} in the folders of this server", where="/path", hint=hint)
    if real.stat().st_size > parts.options.most_file_bytes:
        raise UsageError("E808", f"{path[:200]!r} is too large", where="/path", hint="see --max-upload")
    upload = parts.files.open_upload(owner)
    try:
        with real.open("rb") as stream:
            while part := stream.read(2**20):
                upload.write(part)
        return describe_file(upload.finish(name=real.name), real.name)
    finally:
        upload.close()
