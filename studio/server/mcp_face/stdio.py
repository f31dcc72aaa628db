"""The Model Context Protocol over standard input and output, for one client that started this process."""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import anyio
from mcp.server.stdio import stdio_server

from studio.server.mcp_face.face import create_mcp_server
from studio.server.parts import Parts


async def serve_stdio(
    parts: Parts, wire: TextIO, *, folders: tuple[Path, ...] = (), output: Path | None = None
) -> None:
    """Answer the client until it has gone.

    Args:
        parts: The parts of the server.
        wire: Where the client reads; what nodes print must not go there.
        folders: Folders whose files the client may name by their paths.
        output: Folder that files are copied to; None for nowhere.
    """
    server = create_mcp_server(parts, folders=folders, output=output)
    lines = TextIOWrapper(wire.buffer, "utf-8", newline="\n")
    try:
        async with stdio_server(stdout=anyio.wrap_file(lines)) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    finally:
        lines.detach()
