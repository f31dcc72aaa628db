"""Provokers of E80x to E82x, the server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.provokers.place import Place, build_graph, provokes

TINT = {"i": ("image.new", {"width": 4, "height": 4})}


@contextlib.contextmanager
def open_client(place: Place, **options: Any) -> Iterator[Any]:
    """Open a client of a server in this process that answers without a network."""
    pytest.importorskip("fastapi", reason="the extra server is not installed")
    pytest.importorskip("httpx")
    import httpx

    from studio.server.parts import ServerOptions
    from studio.server.server import Server
    from studio.server.web_app import create_web_app

    loop = asyncio.new_event_loop()
    with place.open() as studio:
        server = Server(studio, ServerOptions(place.folder / "data", port=0, **options))
        parts = server._create_parts(loop)
        transport = httpx.ASGITransport(create_web_app(parts))

        def send(method: str, url: str, **more: Any) -> Any:
            async def answer() -> Any:
                async with httpx.AsyncClient(transport=transport, base_url=server.url) as client:
                    return await client.request(method, url, **more)

            return loop.run_until_complete(answer())

        try:
            yield send, parts
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            server._cleanup.close()


def ask(place: Place, method: str, url: str, options: dict[str, Any] | None = None, **more: Any) -> Any:
    """Return the problem that a server answers a request with."""
    with open_client(place, **(options or {})) as (send, _):
        return read_problem(send(method, url, **more))


def read_problem(response: Any) -> dict[str, Any]:
    """Return an answer as an error is written elsewhere."""
    problem = response.json()
    return {"code": problem["code"], "where": problem["where"], "message": problem["detail"]}


def add_token(place: Place, name: str = "ada", scope: str = "run") -> str:
    """Add a token, and return it."""
    from studio.server.job_file import JobFile
    from studio.server.token_store import Scope, TokenStore

    file = JobFile(place.folder / "data")
    with contextlib.closing(file):
        return TokenStore(file).add(name, Scope(scope))


@provokes("E800")
def _(place: Place) -> Any:
    from studio.server.job_file import own_folder

    with own_folder(Path("data")), own_folder(Path("data")):
        pass


@provokes("E801")
def _(place: Place) -> Any:
    place.command("serve", "--host", "0.0.0.0", "--data", "data")


@provokes("E802")
def _(place: Place) -> Any:
    from studio.cli import serve_command

    place.patch.setattr(serve_command, "find_spec", lambda name: None)
    place.command("serve")


@provokes("E803")
def _(place: Place) -> Any:
    place.command("serve", "--graphs", "nosuch", "--data", "data", "--port", "0")


@provokes("E804")
def _(place: Place) -> Any:
    place.command("serve", "token", "remove", "ada", "--data", "data")


@provokes("E805")
def _(place: Place) -> Any:
    add_token(place)
    return ask(place, "GET", "/api/v1/jobs")


@provokes("E806")
def _(place: Place) -> Any:
    secret = add_token(place, "monitor", "read")
    return ask(place, "POST", "/api/v1/jobs", json={}, headers={"authorization": f"Bearer {secret}"})


@provokes("E807")
def _(place: Place) -> Any:
    return ask(place, "GET", "/api/v1/jobs", headers={"host": "example.org"})


@provokes("E808")
def _(place: Place) -> Any:
    return ask(place, "POST", "/api/v1/files", {"most_file_bytes": 1000}, content=b"x" * 1001)


@provokes("E809")
def _(place: Place) -> Any:
    return ask(place, "POST", "/api/v1/jobs", json={"grpah": "poster"})


@provokes("E810")
def _(place: Place) -> Any:
    return ask(place, "GET", "/api/v1/graphs/poster")


@provokes("E811")
def _(place: Place) -> Any:
    return ask(place, "GET", "/api/v1/jobs/job-1")


@provokes("E812")
def _(place: Place) -> Any:
    return ask(place, "GET", "/api/v1/files/photo.png")


@provokes("E813")
def _(place: Place) -> Any:
    with open_client(place) as (send, _):
        job = send("POST", "/api/v1/jobs", json={"graph": build_graph(TINT)}).json()
        return read_problem(send("POST", f"/api/v1/jobs/{job['id']}/retry"))


@provokes("E814")
def _(place: Place) -> Any:
    with open_client(place) as (send, _):
        headers = {"idempotency-key": "order-7"}
        bodies = [{"graph": build_graph(TINT), "priority": priority} for priority in (1, 2)]
        answers = [send("POST", "/api/v1/jobs", json=body, headers=headers) for body in bodies]
        return read_problem(answers[1])


@provokes("E815")
def _(place: Place) -> Any:
    graph = build_graph({"a": ("image.resize", {"image": {"file": "../photo.png"}})})
    return ask(place, "POST", "/api/v1/jobs", json={"graph": graph})


@provokes("E816")
def _(place: Place) -> Any:
    return ask(place, "PUT", f"/api/v1/files/blake3:{'0' * 64}", content=b"x")


@provokes("E817")
def _(place: Place) -> Any:
    with open_client(place, most_queued=1) as (send, _):
        answers = [send("POST", "/api/v1/jobs", json={"graph": build_graph(TINT)}) for _ in range(2)]
        return read_problem(answers[1])


@provokes("E818")
def _(place: Place) -> Any:
    with open_client(place) as (send, parts):
        parts.is_draining = True
        return read_problem(send("POST", "/api/v1/jobs", json={"graph": build_graph(TINT)}))


@provokes("E819")
def _(place: Place) -> Any:
    return ask(place, "GET", "/api/v2/jobs")


@provokes("E821")
def _(place: Place) -> Any:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place.command("serve", "--port", str(taken.getsockname()[1]), "--data", "data")


@provokes("E822")
def _(place: Place) -> Any:
    with open_client(place) as (send, parts):
        job = send("POST", "/api/v1/jobs", json={"graph": build_graph(TINT)}).json()
        for _ in range(5):
            parts.store.claim()
            parts.store.reclaim()
        return parts.store.find(job["id"]).error


@provokes("E823")
def _(place: Place) -> Any:
    import time

    from studio.execution.control import Control
    from studio.server.job import JobEnd, JobState
    from studio.server.time_limit import TimeLimit

    control = Control()
    limit = TimeLimit(control, 0.01)
    while not control.cancelled:
        limit.check()
        time.sleep(0.001)
    return limit.explain(JobEnd(JobState.CANCELLED)).error


@provokes("E824")
def _(place: Place) -> Any:
    from studio.server.token_store import Scope, TokenLimits

    with open_client(place) as (send, parts):
        secret = parts.tokens.add("ada", Scope.RUN, TokenLimits(most_bytes=10))
        headers = {"authorization": f"Bearer {secret}"}
        return read_problem(send("POST", "/api/v1/files", content=b"x" * 11, headers=headers))


@provokes("E825")
def _(place: Place) -> Any:
    place.command("serve", "--tls-cert", "missing.pem", "--data", "data", "--port", "0")


@provokes("E826")
def _(place: Place) -> Any:
    body = {"graph": build_graph(TINT), "webhook": {"url": "https://127.0.0.1/hook"}}
    return ask(place, "POST", "/api/v1/jobs", json=body)
