"""A server from its start to its end: who may use it, what it does when it stops, what a killed one leaves."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import graph

from studio.errors import StudioError
from studio.server.token_store import Scope
from tests.processes import create_environment
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk

WAIT = graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a")
ADD = graph({"a": ("fake.add", {"a": 1})}, number="a")


# -- who may use it -----------------------------------------------------------------------------------------


def test_pages_of_other_sites_and_other_names_are_refused(start: Callable[..., Desk]) -> None:
    desk = start(allowed_hosts=("studio.example",))
    port = desk.server.port

    def get(**headers: str) -> int:
        return int(desk.client.get("/api/v1/jobs", headers=headers).status_code)

    assert get(host=f"localhost:{port}") == get(host="STUDIO.example") == get(host=f"[::1]:{port}") == 200
    assert get(host="evil.example") == get(host="") == get(host="127.0.0.1.evil.example") == get(host="[") == 403
    assert get(origin=f"http://127.0.0.1:{port}") == 200
    assert get(origin="http://evil.example") == get(origin="null") == get(origin="http://127.0.0.1:1") == 403
    assert get(origin="http://[") == get(origin=f"ftp://127.0.0.1:{port}") == 403
    assert desk.client.options("/api/v1/jobs", headers={"origin": "http://evil.example"}).status_code == 403


def test_once_there_is_a_token_every_request_needs_one(desk: Desk) -> None:
    secret = desk.parts.tokens.add("ada", Scope.RUN)

    def get(path: str = "/api/v1/jobs", **headers: str) -> int:
        return int(desk.client.get(path, headers=headers).status_code)

    assert get() == get(authorization="Bearer wrong") == get(authorization=secret) == get("/nothing") == 401
    assert get(authorization=f"Bearer {secret}") == 200
    assert get("/health/ready") == get("/health/live") == 200
    assert desk.client.get("/api/v1/jobs").headers["www-authenticate"] == "Bearer"
    stored = (desk.folder / "data" / "server.sqlite3").read_bytes()
    assert secret.encode() not in stored + (desk.folder / "data" / "server.sqlite3-wal").read_bytes()
    desk.parts.tokens.remove("ada")
    assert get() == 200


def test_a_token_sees_and_changes_its_own_jobs_and_an_admin_those_of_all(desk: Desk) -> None:
    names = {"ada": Scope.RUN, "bo": Scope.RUN, "monitor": Scope.READ, "root": Scope.ADMIN}
    auth = {name: {"authorization": f"Bearer {desk.parts.tokens.add(name, scope)}"} for name, scope in names.items()}
    job = desk.submit(ADD, headers=auth["ada"] | {"idempotency-key": "k"})
    other = desk.submit(ADD, headers=auth["bo"] | {"idempotency-key": "k"})
    url = f"/api/v1/jobs/{job['id']}"

    assert (job["who"], other["who"], other["id"] != job["id"]) == ("ada", "bo", True)
    statuses = {name: desk.client.get(url, headers=own).status_code for name, own in auth.items()}
    assert statuses == {"ada": 200, "bo": 404, "monitor": 200, "root": 200}
    listed = {name: len(desk.client.get("/api/v1/jobs", headers=own).json()["jobs"]) for name, own in auth.items()}
    assert listed == {"ada": 1, "bo": 1, "monitor": 2, "root": 2}
    refused = {
        name: desk.client.post(f"{url}/cancel", headers=own).json()["code"]
        for name, own in auth.items()
        if name in ("bo", "monitor")
    }
    assert refused == {"bo": "E811", "monitor": "E806"}
    assert desk.client.get(f"{url}/events", headers=auth["bo"]).status_code == 404


def test_an_address_that_others_reach_needs_a_token_first(start: Callable[..., Desk]) -> None:
    with pytest.raises(StudioError) as error:
        start(host="0.0.0.0")
    assert error.value.code == "E801"


def write_certificate(folder: Path) -> Path:
    """Write a certificate of 127.0.0.1 that signs itself, with its key in the same file."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + own)
    return path


def test_a_server_with_a_certificate_speaks_https_alone(start: Callable[..., Desk], tmp_path: Path) -> None:
    import httpx

    path = write_certificate(tmp_path)
    desk = start(certificate=path)

    with httpx.Client(verify=ssl.create_default_context(cafile=str(path))) as client:
        url = f"{desk.server.url}/api/v1/graphs"
        own = {"origin": desk.server.url}
        answer = client.get(url, headers=own)
        assert (desk.server.url[:8], answer.status_code) == ("https://", 200)
        own["origin"] = own["origin"].replace("https", "http")
        assert client.get(url, headers=own).status_code == 403
        assert "access-control-allow-origin" not in answer.headers
        with pytest.raises(httpx.HTTPError):
            client.get(url.replace("https", "http"))


def test_what_is_no_certificate_is_refused_at_the_start(start: Callable[..., Desk], tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("x", encoding="utf-8")
    for path in (tmp_path / "bad.pem", tmp_path / "missing.pem"):
        with pytest.raises(StudioError) as error:
            start(certificate=path)
        assert (error.value.code, error.value.where) == ("E825", str(path))


# -- its end and the next start ----------------------------------------------------------------------------


def test_a_server_that_stops_lets_the_running_job_end_and_keeps_those_that_wait(start: Callable[..., Desk]) -> None:
    desk = start(grace_seconds=20.0)
    running, queued = desk.submit(WAIT), desk.submit(ADD)
    desk.probe.wait_for("gate")

    desk.server.stop()
    while desk.client.get("/health/ready").status_code != 503:
        time.sleep(0.01)
    refused = desk.client.post("/api/v1/jobs", json={"graph": ADD})
    assert (refused.status_code, refused.json()["code"], refused.json()["retry"]) == (503, "E818", True)
    assert "stopping" in desk.show(queued)["why"]
    desk.probe.open("gate")
    desk.restart()

    assert desk.show(running)["state"] == "succeeded"
    assert desk.wait(queued)["state"] == "succeeded"


def test_a_job_that_takes_too_long_when_the_server_stops_is_queued_again(start: Callable[..., Desk]) -> None:
    desk = start(grace_seconds=0.0)
    running, waiting = desk.submit(WAIT), desk.submit(ADD, priority=0)
    desk.probe.wait_for("gate")

    desk.restart()
    desk.probe.wait_for("gate")

    assert (desk.show(running)["state"], desk.show(waiting)["place"]) == ("running", 1)
    desk.probe.open("gate")
    assert desk.wait(running)["state"] == "succeeded"


def test_results_outlive_the_folder_that_runs_wrote_to(desk: Desk) -> None:
    first = desk.run(ADD)
    shutil.rmtree(desk.folder / "data" / "outputs")

    again = desk.run(ADD)

    assert (again["state"], again["outputs"]) == ("succeeded", first["outputs"])
    assert desk.client.get(first["outputs"][0]["url"]).json() == 2


def test_answers_do_not_wait_for_acknowledgements(desk: Desk) -> None:
    assert desk.server._socket.proto == socket.IPPROTO_TCP  # for others asyncio leaves Nagle on: 40 ms an answer


def test_a_second_server_does_not_take_the_folder(desk: Desk) -> None:
    from studio.server.parts import ServerOptions
    from studio.server.server import Server

    with pytest.raises(StudioError) as error:
        Server(desk._studio, ServerOptions(desk.folder / "data", port=0))
    assert (error.value.code, error.value.message) == ("E800", "another server uses this folder")
    assert desk.run(ADD)["state"] == "succeeded"


# -- as a process ------------------------------------------------------------------------------------------

SLOW = """
import time
from pathlib import Path
from studio.api import Context, hookimpl, node

@node("slow.count")
def count(ctx: Context, n: int, seconds: float = 0.05, gate: str = "") -> int:
    \"\"\"Return the next number after a while, and when a file is there.\"\"\"
    while gate and not Path(gate).exists():
        ctx.step(0, 5)
        time.sleep(0.01)
    for step in range(5):
        ctx.step(step, 5)
        time.sleep(seconds / 5)
    return n + 1

@hookimpl
def studio_node_types():
    return [count]
"""


class Served:
    """`studio serve` as a process, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins" / "studio_slow.py").write_text(SLOW, encoding="utf-8")
        self._processes: list[subprocess.Popen[str]] = []

    def start(self) -> tuple[subprocess.Popen[str], str]:
        """Start it, and return it and its address when it answers."""
        words = ["serve", "--json", "--port", "0", "--data", "data", "--cache-dir", "cache", "--plugins-dir", "plugins"]
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", *words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=create_environment(),
        )
        self._processes.append(process)
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        return process, str(answer["data"]["url"])

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """`studio serve`, to be started."""
    pytest.importorskip("fastapi", reason="the extra server is not installed")
    server = Served(tmp_path)
    yield server
    server.end()


def count_up(n: int, gate: str = "") -> dict[str, Any]:
    """Return a graph of two slow nodes, of which the second one waits for a file."""
    return graph({"a": ("slow.count", {"n": n}), "b": ("slow.count", {"n": "@a", "gate": gate})}, number="b")


def count_actions(cache: Path) -> int:
    """Return how many results a cache holds."""
    with contextlib.closing(sqlite3.connect(cache / "index.sqlite")) as index:
        return int(index.execute("SELECT count(*) FROM actions").fetchone()[0])


def wait_until(find: Callable[[], Any]) -> Any:
    """Wait until something is found, and return it."""
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_a_server_that_is_killed_again_and_again_loses_no_job_and_runs_each_to_its_end(served: Served) -> None:
    import httpx

    process, url = served.start()
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        ids = [client.post(f"{url}/api/v1/jobs", json={"graph": count_up(n)}).json()["id"] for n in range(40)]
        for kill in range(4):
            time.sleep(0.3 + 0.1 * kill)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process, url = served.start()
        wait_until(lambda: client.get(f"{url}/api/v1/jobs").json()["counts"]["succeeded"] == 40)
        jobs = [client.get(f"{url}/api/v1/jobs/{job_id}").json() for job_id in ids]
        numbers = [client.get(url + job["outputs"][0]["url"]).json() for job in jobs]

    assert numbers == [n + 2 for n in range(40)]
    assert all(len(job["outputs"]) == 1 for job in jobs)


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_a_job_whose_server_was_killed_finds_its_finished_nodes_in_the_cache(served: Served) -> None:
    import httpx

    process, url = served.start()
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        gate = served.folder / "gate"
        job_id = client.post(f"{url}/api/v1/jobs", json={"graph": count_up(1, str(gate))}).json()["id"]

        def find_job() -> dict[str, Any]:
            found: dict[str, Any] = client.get(f"{url}/api/v1/jobs/{job_id}").json()
            return found

        wait_until(lambda: find_job()["nodes"].get("b", {}).get("state") == "running")
        wait_until(lambda: count_actions(served.folder / "cache") == 1)  # the cache writes behind the run
        process.send_signal(signal.SIGKILL)
        process.wait()
        gate.touch()
        process, url = served.start()
        wait_until(lambda: find_job()["ended"])
        job = find_job()
        process.terminate()

    assert job["state"] == "succeeded"
    assert (job["nodes"]["a"]["state"], job["nodes"]["b"]["state"]) == ("cached", "done")
    assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_the_server_loads_nothing_heavy(served: Served) -> None:
    process, _ = served.start()
    maps = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8")
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    resident = int(status.partition("VmRSS:")[2].split()[0]) * 1024

    assert not [name for name in ("torch", "cv2", "scipy", "transformers") if f"/{name}/" in maps]
    assert resident < 120e6
