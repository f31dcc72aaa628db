"""The Model Context Protocol over standard input and output, for one client that started this process."""

from __future__ import annotations

from pathlib import Path

from mcp.server.stdio import stdio_server

from studio.server.mcp_face.face import create_mcp_server
from studio.server.parts import Parts


async def serve_stdio(parts: Parts, *, folders: tuple[Path, ...] = (), output: Path | None = None) -> None:
    """Answer the client until it has gone.

    Args:
        parts: The parts of the server.
        folders: Folders whose files the client may name by their paths.
        output: Folder that files are copied to; None for nowhere.
    """
    server = create_mcp_server(parts, folders=folders, output=output)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
