"""A server in this process that answers at a free port, with the fakes of the suite."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fakes import PATIENCE_SECONDS, Probe, open_studio

if TYPE_CHECKING:
    from studio.server.parts import Parts

__all__ = ["PATIENCE_SECONDS", "Desk"]


class Desk:
    """A running server and a client of it.

    Attributes:
        folder: Where everything is: `data`, `graphs`, `cache`.
        probe: What the fake node types report to.
        client: Sends requests.
        server: The server.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        import httpx

        from studio.server.parts import ServerOptions
        from studio.server.server import Server

        self.folder = folder
        self.probe = Probe()
        self.graphs = folder / "graphs"
        self.graphs.mkdir(exist_ok=True)
        self._settings = {name: options.pop(name) for name in ("plugins_dir", "credentials") if name in options}
        self._options = {"data": folder / "data", "graphs": self.graphs, "port": 0, "grace_seconds": 5.0, **options}
        self._studio = open_studio(folder / "cache", self.probe, **self._settings)
        self.server = Server(self._studio, ServerOptions(**self._options))
        ready = threading.Event()
        self._thread = threading.Thread(target=self.server.run, args=(ready.set,))
        self._thread.start()
        assert ready.wait(PATIENCE_SECONDS)
        self.client = httpx.Client(
            base_url=self.server.url.replace("0.0.0.0", "127.0.0.1"),
            timeout=PATIENCE_SECONDS,
            limits=httpx.Limits(keepalive_expiry=1.0),  # the server ends idle connections after 5 seconds
        )

    @property
    def parts(self) -> Parts:
        """The parts of the server."""
        parts = self.server._parts
        assert parts is not None
        return parts

    def write_graph(self, name: str, document: Mapping[str, Any]) -> None:
        """Write a graph that clients may run by name."""
        (self.graphs / f"{name}.json").write_text(json.dumps({"studio": 1, **document}), encoding="utf-8")

    def submit(self, graph: Any, headers: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """Queue a job, which must be taken."""
        response = self.client.post("/api/v1/jobs", json={"graph": graph, **more}, headers=dict(headers or {}))
        assert response.status_code in (200, 201), response.text
        job: dict[str, Any] = response.json()
        return job

    def show(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Return a job as it is now."""
        found: dict[str, Any] = self.client.get(f"/api/v1/jobs/{job['id']}").json()
        return found

    def wait(self, job: Mapping[str, Any], *states: str) -> dict[str, Any]:
        """Wait until a job is in one of some states, those at the end if none are given, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (now := self.show(job))["state"] not in (states or ("succeeded", "failed", "cancelled")):
            assert time.monotonic() < deadline, now
            time.sleep(0.005)
        return now

    def run(self, graph: Any, **more: Any) -> dict[str, Any]:
        """Run a job to its end."""
        return self.wait(self.submit(graph, **more))

    def upload(self, content: bytes, name: str = "") -> str:
        """Upload a file and return how it is named."""
        response = self.client.post("/api/v1/files", content=content, params={"name": name})
        assert response.status_code == 201, response.text
        return str(response.json()["digest"])

    def stop(self) -> None:
        """End the server."""
        self.server.stop()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        self.client.close()
        self._studio.close()

    def restart(self, **changes: Any) -> None:
        """End the server, and start another one in its folder, with the same options but for what changes."""
        self.stop()
        self.__init__(self.folder, **{**self._settings, **self._options, **changes})  # type: ignore[misc]


def note_cancelling_threads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Return where the threads are noted that cancel jobs from now on; that of the server answers requests."""
    threads: list[threading.Thread] = []
    cancel = desk.parts.cancel_job

    def note(job_id: str) -> Any:
        threads.append(threading.current_thread())
        return cancel(job_id)

    monkeypatch.setattr(desk.parts, "cancel_job", note)
    return threads


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Start servers with options of their own."""
    for library in ("fastapi", "uvicorn", "python_multipart", "httpx"):
        pytest.importorskip(library, reason="the extra server is not installed")
    desks: list[Desk] = []

    def begin(**options: Any) -> Desk:
        desks.append(Desk(tmp_path, **options))
        return desks[-1]

    yield begin
    for desk in desks:
        desk.probe.open("gate")
        desk.stop()


@pytest.fixture
def desk(start: Callable[..., Desk]) -> Desk:
    """A server as `studio serve` starts it without options."""
    return start()
