"""The unmodified client of the Model Context Protocol starts `studio mcp`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.processes import create_environment

pytest.importorskip("mcp", reason="the extra mcp is not installed")

INVERT = {
    "studio": 1,
    "inputs": {"image": {"type": "image"}},
    "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"from": "inputs.image"}}}},
    "outputs": {"picture": {"from": "a"}},
}

LOUD = '''"""Prints."""
import os
import subprocess
import sys

from studio.api import Context, Image, hookimpl, node


@node("loud.invert")
def invert(ctx: Context, image: Image) -> Image:
    """Invert, and print in every way.

    Args:
        image: Image.
    """
    print("printed", flush=True)
    os.write(1, b"written\\n")
    subprocess.run([sys.executable, "-c", "print('started')"], check=True)
    return Image(1 - image.pixels)


@hookimpl
def studio_node_types():
    return [invert]
'''


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_what_a_node_prints_does_not_reach_the_client(tmp_path: Path) -> None:
    from mcp.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    for folder in ("graphs", "photos", "plugins"):
        (tmp_path / folder).mkdir()
    (tmp_path / "plugins" / "studio_loud.py").write_text(LOUD)
    document = json.dumps(INVERT).replace("image.invert", "loud.invert")
    (tmp_path / "graphs" / "invert.json").write_text(document)
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "photos" / "red.png")
    words = ["-m", "studio", "mcp", "--graphs", "graphs", "--files", "photos", "--plugins-dir", "plugins"]
    words += ["--cache-dir", "cache"]
    started = StdioServerParameters(command=sys.executable, args=words, cwd=tmp_path, env=create_environment())
    strange: list[Any] = []

    async def note(message: Any) -> None:
        if isinstance(message, Exception):  # a line that is no message
            strange.append(message)

    async def work() -> Any:
        async with Client(stdio_client(started), message_handler=note) as client:
            kept = await client.call_tool("studio_upload_file", {"path": "red.png"})
            return await client.call_tool("invert", {"image": {"file": kept.structured_content["digest"]}})

    made = asyncio.run(work())

    assert not made.is_error
    assert strange == []


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_a_client_names_files_of_a_folder_and_finds_what_was_made_in_another(tmp_path: Path) -> None:
    from mcp.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    for folder in ("graphs", "photos", "private"):
        (tmp_path / folder).mkdir()
    (tmp_path / "graphs" / "invert.json").write_text(json.dumps(INVERT))
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "photos" / "red.png")
    Image.new("RGB", (4, 4), (0, 0, 0)).save(tmp_path / "private" / "black.png")
    (tmp_path / "photos" / "link.png").symlink_to(tmp_path / "private" / "black.png")
    words = ["-m", "studio", "mcp", "--graphs", "graphs", "--files", "photos", "-o", "out", "--cache-dir", "cache"]
    started = StdioServerParameters(command=sys.executable, args=words, cwd=tmp_path, env=create_environment())

    async def work() -> Any:
        async with Client(stdio_client(started)) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            kept = await client.call_tool("studio_upload_file", {"path": "red.png"})
            made = await client.call_tool("invert", {"image": {"file": kept.structured_content["digest"]}})
            outside = [
                await client.call_tool("studio_upload_file", {"path": path})
                for path in ("../private/black.png", str(tmp_path / "private" / "black.png"), "link.png")
            ]
            return tools, made, outside

    tools, made, outside = asyncio.run(work())

    assert tools == ["invert", "studio_upload_file"]
    [row] = made.structured_content["outputs"]
    with Image.open(tmp_path / row["path"]) as written:
        assert written.getpixel((0, 0)) == (0, 255, 255)
    assert Path(row["path"]).parent.name == "out"
    assert "url" not in row
    assert all(one.is_error for one in outside)
