"""The unmodified client of the Model Context Protocol, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.server.mcp_face.http import McpEndpoint
from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk, note_cancelling_threads

pytest.importorskip("mcp", reason="the extra mcp is not installed")
MCPError = pytest.importorskip("mcp.shared.exceptions").MCPError

PAINT = {
    "title": "Noise",
    "inputs": {
        "seed": {"type": "int", "default": 3, "minimum": 0, "description": "another seed, another noise"},
        "kind": {"type": "choice", "choices": ["soft", "loud"], "default": "soft"},
    },
    "nodes": {"a": {"type": "fake.image", "inputs": {"seed": {"from": "inputs.seed"}}}},
    "outputs": {"number": {"from": "a"}, "picture": {"from": "a"}},
}
SHIFT = {
    "inputs": {"image": {"type": "image"}},
    "nodes": {"a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.image"}, "by": 5}}},
    "outputs": {"picture": {"from": "a"}},
}
HUM = {
    "inputs": {"text": {"type": "text"}},
    "nodes": {
        "a": {"type": "fake.hum", "inputs": {"text": {"from": "inputs.text"}}},
        "b": {"type": "fake.maybe", "inputs": {"a": 4}},
    },
    "outputs": {"sound": {"from": "a"}, "words": {"from": "b"}},
}


def run(desk: Desk, work: Callable[[Any], Awaitable[Any]], *, secret: str = "", mode: str = "auto") -> Any:
    """Let a client work."""
    import httpx2
    from mcp.client import Client
    from mcp.client.streamable_http import streamable_http_client

    headers = {"authorization": f"Bearer {secret}"} if secret else {}

    async def connect_and_work() -> Any:
        async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS) as http:
            transport = streamable_http_client(f"{desk.server.url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await work(client)

    return asyncio.run(connect_and_work())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_each_graph_is_a_tool_with_a_schema_and_its_result_is_shown(desk: Desk, mode: str) -> None:
    desk.write_graph("paint", PAINT)
    desk.write_graph("hum", HUM)
    desk.write_graph("broken", {"nodes": {"a": {"type": "no.such"}}, "outputs": {"x": {"from": "a"}}})

    async def work(client: Any) -> Any:
        tools = (await client.list_tools()).tools
        painted = await client.call_tool("paint", {"seed": 7})
        hummed = await client.call_tool("hum", {"text": "ab"})
        link = next(part for part in painted.content if part.type == "resource_link")
        return tools, painted, hummed, (await client.read_resource(link.uri)).contents[0]

    tools, painted, hummed, file = run(desk, work, mode=mode)

    assert [tool.name for tool in tools] == ["hum", "paint", "studio_upload_file"]
    assert tools[1].input_schema["properties"]["seed"]["minimum"] == 0
    assert tools[1].input_schema["properties"]["kind"]["enum"] == ["soft", "loud"]
    assert tools[0].input_schema["required"] == ["text"]
    assert [part.type for part in painted.content] == ["image", "resource_link"] * 2
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(painted.content[0].data))))
    assert np.array_equal(pixels, np.random.default_rng(7).integers(0, 256, (16, 16, 3), np.uint8))
    assert base64.b64decode(file.blob) == base64.b64decode(painted.content[0].data)
    assert [part.type for part in hummed.content] == ["audio", "resource_link", "text", "resource_link"]
    assert hummed.content[2].text == "words: got 4"
    url = hummed.structured_content["outputs"][0]["url"]
    assert desk.client.get(url).content == base64.b64decode(hummed.content[0].data)


def test_files_are_uploaded_and_named_by_digest(desk: Desk) -> None:
    desk.write_graph("shift", SHIFT)
    stream = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), 10, np.uint8)).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()

    async def work(client: Any) -> Any:
        kept = await client.call_tool("studio_upload_file", {"name": "a.png", "data": data})
        made = await client.call_tool("shift", {"image": {"file": kept.structured_content["digest"]}})
        wrong = [
            await client.call_tool("studio_upload_file", {"data": "!"}),
            await client.call_tool("studio_upload_file", {"path": "/etc/passwd"}),
            await client.call_tool("shift", {"image": {"file": "/etc/passwd"}}),
            await client.call_tool("shift", {"image": {"file": kept.structured_content["digest"]}, "by": 3}),
        ]
        return made, wrong

    made, wrong = run(desk, work)

    assert np.all(np.asarray(Image.open(io.BytesIO(base64.b64decode(made.content[0].data)))) == 15)
    assert all(one.is_error for one in wrong)
    assert "names a file of the server" in wrong[2].content[0].text
    assert "hint" in wrong[3].content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_progress_is_told_and_a_call_that_is_cancelled_cancels_its_job(
    desk: Desk, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = note_cancelling_threads(desk, monkeypatch)
    desk.write_graph("wait", {
        "nodes": {"one": {"type": "fake.add", "inputs": {"a": 1}},
                  "gate": {"type": "fake.wait", "inputs": {"a": {"from": "one"}, "gate": "gate", "cautious": True}}},
        "outputs": {"x": {"from": "gate"}},
    })  # fmt: skip
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async def work(client: Any) -> None:
        call = asyncio.create_task(client.call_tool("wait", {}, progress_callback=note))
        await asyncio.to_thread(desk.probe.wait_for, "gate")
        while not seen:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        [job] = desk.client.get("/api/v1/jobs").json()["jobs"]
        await asyncio.to_thread(desk.wait, job, "cancelled")

    run(desk, work, mode=mode)

    assert seen == sorted(set(seen))
    assert len(threads) == 1
    assert desk._thread not in threads
    assert 0 < seen[0] < 1


def test_bodies_are_short_and_arrive_soon_and_jobs_take_as_long_as_they_take(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[str] = []

    async def note(receiving: Awaitable[Any], seconds: float) -> Any:
        place = len(received)
        received.append("waits")
        message = await asyncio.wait_for(receiving, PATIENCE_SECONDS)
        received[place] = message["type"]
        return message

    gate = {"type": "fake.wait", "inputs": {"gate": "gate"}}
    desk.write_graph("wait", {"nodes": {"gate": gate}, "outputs": {"x": {"from": "gate"}}})
    address = ("127.0.0.1", desk.client.base_url.port or 0)

    async def work(client: Any) -> Any:
        call = asyncio.create_task(client.call_tool("wait", {}))
        await asyncio.to_thread(desk.probe.wait_for, "gate")
        desk.probe.open("gate")
        return await call

    with monkeypatch.context() as patch, socket.create_connection(address, PATIENCE_SECONDS) as slow:
        patch.setattr("studio.server.body._PATIENCE_SECONDS", 0.2)
        slow.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
    assert desk.client.post("/mcp", content=bytes(2**22 + 1)).json()["code"] == "E808"
    monkeypatch.setattr("studio.server.body.asyncio", SimpleNamespace(wait_for=note))
    assert not run(desk, work).is_error
    assert set(received) == {"http.request"}  # nothing else is waited for with patience: not the end of a job


def test_what_is_too_large_to_be_sent_at_once_is_a_link(desk: Desk) -> None:
    many = {"type": "fake.images", "inputs": {"n": 5, "side": 560}}  # 0.9 MB each
    desk.write_graph("many", {"nodes": {"a": many}, "outputs": {"pictures": {"from": "a"}}})
    large = desk.upload(bytes(2**22 + 1))

    async def work(client: Any) -> Any:
        with pytest.raises(MCPError, match="4194305 bytes"):
            await client.read_resource(f"studio://files/{large}")
        return await client.call_tool("many", {})

    kinds = [part.type for part in run(desk, work).content]

    assert (kinds.count("image"), kinds.count("resource_link")) == (4, 5)


def test_a_failure_is_a_result_and_an_unknown_tool_an_error(desk: Desk) -> None:
    fail = {"type": "fake.fail", "inputs": {"kind": "hint"}}
    desk.write_graph("fail", {"nodes": {"f": fail}, "outputs": {"x": {"from": "f"}}})

    async def work(client: Any) -> Any:
        with pytest.raises(MCPError, match="unknown tool"):
            await client.call_tool("nosuch", {})
        with pytest.raises(MCPError, match="unknown file"):
            await client.read_resource("studio://files/blake3:" + "0" * 64)
        return await client.call_tool("fail", {})

    failed = run(desk, work)

    assert failed.is_error
    assert "the moon is full (hint: wait a week)" in failed.content[0].text


def test_a_token_is_needed_and_its_jobs_are_its_own(desk: Desk) -> None:
    desk.write_graph("paint", PAINT)
    secret = desk.parts.tokens.add("ada", Scope.RUN)

    async def work(client: Any) -> Any:
        return await client.call_tool("paint", {})

    done = run(desk, work, secret=secret)
    refused = desk.client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})

    assert not done.is_error
    assert desk.parts.store.find(done.structured_content["job"]).owner == "ada"
    assert refused.status_code == 401


def test_a_session_belongs_to_its_token_and_takes_no_room_of_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.mcp_face.http._MOST_SESSIONS", 1)
    ada, bob = (desk.parts.tokens.add(name, Scope.RUN) for name in ("ada", "bob"))
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}

    def ask(secret: str, method: str, params: dict[str, Any], session: str = "") -> Any:
        headers = {"authorization": f"Bearer {secret}", "accept": "application/json, text/event-stream"}
        headers |= {"mcp-session-id": session} if session else {}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return desk.client.post("/mcp", json=message, headers=headers)

    own = ask(ada, "initialize", hello)
    session = own.headers["mcp-session-id"]

    assert ask(ada, "initialize", hello).status_code == 503
    assert ask(bob, "initialize", hello).status_code == 200
    assert ask(bob, "tools/list", {}, session).status_code == 404
    assert ask(ada, "tools/list", {}, session).status_code == 200


def test_the_session_of_a_removed_token_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.guard.SECONDS_BETWEEN_CHECKS", 0.05)
    secret = desk.parts.tokens.add("ada", Scope.RUN)
    other = desk.parts.tokens.add("bo", Scope.RUN)
    desk.write_graph("noise", PAINT)
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    headers = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {secret}"}

    def ask(row: dict[str, Any], **more: str) -> Any:
        return desk.client.post("/mcp", json=row, headers={**headers, **more})

    session = {"mcp-session-id": ask(initialize).headers["mcp-session-id"]}
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
    before = ask(listing, **session)
    made = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    desk.parts.tokens.remove("ada")
    again = desk.parts.tokens.add("ada", Scope.RUN)  # of another person, with the name of the first
    [endpoint] = {
        end.__self__ for end in desk.parts.on_close if isinstance(getattr(end, "__self__", None), McpEndpoint)
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    while endpoint._managers:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    after = ask(made, **session, authorization=f"Bearer {again}")
    refused = ask(listing, **session)

    assert before.status_code == 200
    assert (after.status_code, refused.status_code) == (404, 401)
    assert ask(initialize, authorization=f"Bearer {other}").status_code == 200
