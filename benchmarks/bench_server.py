"""The server, measured from outside: `studio serve` as a process, and clients over HTTP.

    python benchmarks/bench_server.py                    all, some minutes
    python benchmarks/bench_server.py start overhead     only these parts

Parts: `start` (ready, memory at rest), `overhead` (a job against `studio.run`), `queue` (10,000 queued jobs), `reuse`
(200 jobs twice), `watchers` (one job, up to 500 streams of events), `kill` (50 times SIGKILL with 200 jobs waiting).
Nodes that take time sleep, so that other work on the machine counts as little as possible; processor time counts
none of it. The server's bytecode is kept, as that of an installed Studio is.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
from blake3 import blake3

PLUGIN = '''
import time
from studio.api import Context, hookimpl, node

@node("bench.count")
def count(ctx: Context, n: int, seconds: float = 0.0, steps: int = 1) -> int:
    """Return the next number after a while."""
    for step in range(steps):
        ctx.step(step, steps)
        time.sleep(seconds / steps)
    return n + 1

@hookimpl
def studio_node_types():
    return [count]
'''
ENDED = ("succeeded", "failed", "cancelled")


def build(n: int, seconds: float = 0.0, steps: int = 1) -> dict[str, Any]:
    """Return a graph of one node that takes some time."""
    node = {"type": "bench.count", "inputs": {"n": n, "seconds": seconds, "steps": steps}}
    return {"studio": 1, "nodes": {"a": node}, "outputs": {"number": {"from": "a"}}}


class Served:
    """`studio serve` as a process.

    Attributes:
        url: Where it answers.
        ready_seconds: How long it took until it said so.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins" / "studio_bench.py").write_text(PLUGIN, encoding="utf-8")
        words = ["serve", "--json", "--port", "0", "--data", "data", "--cache-dir", "cache", "--plugins-dir", "plugins"]
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studio", *words, *options], stdout=subprocess.PIPE, text=True, cwd=folder
        )
        assert self.process.stdout is not None
        self.url = str(json.loads(self.process.stdout.readline())["data"]["url"])
        self.ready_seconds = time.perf_counter() - begin
        self.client = httpx.Client(base_url=self.url, timeout=120.0)

    def submit(self, graph: dict[str, Any], client: httpx.Client | None = None) -> str:
        """Queue a job, and return its id."""
        response = (client or self.client).post("/api/v1/jobs", json={"graph": graph})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def wait(self, job_id: str, client: httpx.Client | None = None) -> None:
        """Wait for the end of a job by its events."""
        with (client or self.client).stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
            for _ in stream.iter_raw():
                pass

    def wait_for_all(self) -> dict[str, int]:
        """Wait until no job is left, and return how many are in each state."""
        while True:
            counts: dict[str, int] = self.client.get("/api/v1/jobs", params={"limit": 1}).json()["counts"]
            if not counts["queued"] + counts["running"]:
                return counts
            time.sleep(0.02)

    def read_memory(self, name: str = "VmRSS:") -> float:
        """Return megabytes that the process takes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition(name)[2].split()[0]) * 1024 / 1e6

    def read_processor_seconds(self) -> float:
        """Return the processor time that the process has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it as a power failure of the process would."""
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()


@contextmanager
def serve(*options: str) -> Iterator[Served]:
    """Run a server in a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        served = Served(Path(folder), *options)
        try:
            yield served
        finally:
            served.close()


def show(name: str, figure: str, asked: str = "") -> None:
    """Print a row of the table."""
    print(f"| {name} | {figure} | {asked} |", flush=True)


def measure_start() -> None:
    """Measure the time until it answers, and its memory at rest."""
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        Served(Path(folder)).close()  # its bytecode is written
        seconds, memory, processor = [], [], []
        for _ in range(5):
            served = Served(Path(folder))
            seconds.append(served.ready_seconds)
            processor.append(served.read_processor_seconds())
            time.sleep(0.5)
            memory.append(served.read_memory())
            maps = Path(f"/proc/{served.process.pid}/maps").read_text(encoding="utf-8")
            served.close()
    show("ready, median of 5", f"{statistics.median(seconds):.2f} s", "1.0 s")
    show("processor time until then", f"{statistics.median(processor):.2f} s")
    show("memory at rest", f"{max(memory):.0f} MB", "120 MB")
    show("torch loaded", "yes" if "/torch/" in maps else "no", "no")


def measure_overhead(count: int = 400, clients: int = 8) -> None:
    """Measure a trivial job over HTTP against `studio.run` in this process."""
    with serve() as served:
        for n in range(20):
            served.wait(served.submit(build(-n - 1)))
        times: list[float] = []

        def work(number: int) -> None:
            client = HTTPConnection(served.url.removeprefix("http://"))  # takes less of the machine than others
            for n in range(number, count, clients):
                begin = time.perf_counter()
                client.request("POST", "/api/v1/jobs", json.dumps({"graph": build(n)}))
                job_id = json.loads(client.getresponse().read())["id"]
                client.request("GET", f"/api/v1/jobs/{job_id}/events")
                client.getresponse().read()
                times.append(time.perf_counter() - begin)
            client.close()

        begin, processor = time.perf_counter(), served.read_processor_seconds()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, range(clients)))
        whole, processor = time.perf_counter() - begin, served.read_processor_seconds() - processor
        alone = []
        for n in range(count, count + 60):
            begin = time.perf_counter()
            served.wait(served.submit(build(n)))
            alone.append(time.perf_counter() - begin)
    direct, direct_processor = measure_direct(count)
    show("`studio.run` in process, median", f"{direct * 1e3:.1f} ms")
    show("processor time over `studio.run`", f"{(processor / count - direct_processor) * 1e3:.1f} ms")
    show(f"a job, {clients} clients at once", f"{whole / count * 1e3:.1f} ms")
    show("over `studio.run`", f"{(whole / count - direct) * 1e3:.1f} ms", "5 ms")
    show(f"from request to end, median of {clients} clients", f"{statistics.median(times) * 1e3:.1f} ms")
    show("from request to end, one client", f"{statistics.median(alone) * 1e3:.1f} ms")


def measure_direct(count: int) -> tuple[float, float]:
    """Return the median time of such a run in a process without a server, and the processor time of each."""
    script = f"""
import sys, time, statistics, json
from pathlib import Path
from studio.app import Studio, read_settings
times = []
with Studio(read_settings(cache_dir=Path("cache"), plugins_dir=Path("plugins"))) as studio:
    processor = time.process_time()
    for n in range({count}):
        node = {{"type": "bench.count", "inputs": {{"n": n, "seconds": 0.0, "steps": 1}}}}
        graph = {{"studio": 1, "nodes": {{"a": node}}, "outputs": {{"number": {{"from": "a"}}}}}}
        begin = time.perf_counter()
        studio.run(graph, output=Path("out") / str(n), load_outputs=False)
        times.append(time.perf_counter() - begin)
    processor = time.process_time() - processor
print(json.dumps([statistics.median(times), processor / {count}]))
"""
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        (Path(folder) / "plugins").mkdir()
        (Path(folder) / "plugins" / "studio_bench.py").write_text(PLUGIN, encoding="utf-8")
        done = subprocess.run([sys.executable, "-c", script], cwd=folder, check=True, capture_output=True, text=True)
    median, processor = json.loads(done.stdout)
    return median, processor


def measure_queue(count: int = 10_000) -> None:
    """Measure submitting and listing while many jobs wait."""
    with serve() as served:
        served.submit(build(0, 3600.0, 36_000))
        submits = list(time_each(lambda n: served.submit(build(n + 1)), count - 1000))
        begin = served.read_processor_seconds()
        submits += time_each(lambda n: served.submit(build(count - n)), 1000)
        submitting = served.read_processor_seconds() - begin
        lists = list(time_each(lambda n: served.client.get("/api/v1/jobs", params={"limit": 50}), 200))
        listing = served.read_processor_seconds() - begin - submitting
        pages = list(time_each(lambda n: served.client.get("/api/v1/jobs?state=queued&limit=50"), 40))
        jobs = served.client.get("/api/v1/jobs", params={"limit": 1}).json()
        shown = list(time_each(lambda n: served.client.get(f"/api/v1/jobs/{jobs['jobs'][0]['id']}"), 40))
        memory = served.read_memory()
    assert jobs["counts"]["queued"] == count
    last = submits[-1000:]
    show(f"submit one of {count} queued jobs, median (99 of 100)", show_two(last), "10 ms")
    show("processor time of that", f"{submitting:.1f} ms")
    show("list the newest 50 of them", show_two(lists), "10 ms")
    show("processor time of that", f"{listing / 200 * 1e3:.1f} ms")
    show("list the next 50 that wait", show_two(pages), "10 ms")
    show("show one of them", show_two(shown), "10 ms")
    show("memory then", f"{memory:.0f} MB")


def time_each(do: Callable[[int], object], count: int) -> Iterator[float]:
    """Yield how long each call takes."""
    for n in range(count):
        begin = time.perf_counter()
        do(n)
        yield time.perf_counter() - begin


def show_two(times: Sequence[float]) -> str:
    """Return the median and the hundredth that takes longest."""
    ordered = sorted(times)
    return f"{statistics.median(ordered) * 1e3:.1f} ms ({ordered[len(ordered) * 99 // 100] * 1e3:.1f} ms)"


def measure_reuse(count: int = 200, seconds: float = 3.0) -> None:
    """Measure jobs that are submitted twice."""
    with serve() as served:
        walls = []
        for _ in range(2):
            begin = time.perf_counter()
            ids = [served.submit(build(n, seconds)) for n in range(count)]
            served.wait_for_all()
            walls.append(time.perf_counter() - begin)
        reused = [served.client.get(f"/api/v1/jobs/{job_id}").json()["reused"] for job_id in ids]
    show(f"{count} jobs of {seconds:g} s, first and second pass", f"{walls[0]:.1f} s, {walls[1]:.2f} s")
    show("times faster", f"{walls[0] / walls[1]:.0f}", "200")
    show("marked `reused`", f"{sum(reused)} of {count}", "all")


def measure_watchers(counts: Sequence[int] = (100, 300, 500)) -> None:
    """Measure streams of events of one job: bytes and memory for each."""
    for count in counts:
        with serve() as served:
            before = served.read_memory()
            job_id = served.submit(build(0, 8.0 + count / 100, 80))
            begin = time.perf_counter()
            sizes, events = asyncio.run(watch(served.url, job_id, count))
            wall = time.perf_counter() - begin
            grown = served.read_memory("VmHWM:") - before
        assert len(set(events)) <= 1 + len(events) // 2, events[:5]
        kilobytes, memory = sum(sizes) / count / 1e3, grown * 1e3 / count
        each = f"{sum(events) / count:.0f} events, {kilobytes:.1f} kB, {memory:.0f} kB of memory"
        show(f"{count} watchers of one job, each", each, "linear")
        assert wall < 60, wall


async def watch(url: str, job_id: str, count: int) -> tuple[list[int], list[int]]:
    """Follow a job with many clients; return how many bytes and events each got."""
    host, port = url.removeprefix("http://").split(":")

    async def follow() -> tuple[int, int]:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/v1/jobs/{job_id}/events HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        data = await reader.read(-1)
        writer.close()
        assert b'"state":"succeeded"' in data, data[:200]
        return len(data), data.count(b"\nevent: ") + data.count(b"\r\nevent: ")

    found = await asyncio.gather(*(follow() for _ in range(count)))
    return [size for size, _ in found], [events for _, events in found]


def measure_kills(kills: int = 50, count: int = 200) -> None:
    """Kill it again and again while jobs wait; each must end once, with whole files."""
    draw = random.Random(3)
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        folder = Path(name)
        served = Served(folder)
        ids = [served.submit(build(n, 0.4, 4)) for n in range(count)]
        begin = time.perf_counter()
        for _ in range(kills):
            time.sleep(draw.uniform(0.05, 2.0))
            served.kill()
            served = Served(folder)
        counts = served.wait_for_all()
        jobs = [served.client.get(f"/api/v1/jobs/{job_id}").json() for job_id in ids]
        numbers = [served.client.get(job["outputs"][0]["url"]).json() for job in jobs if job["outputs"]]
        files = list((folder / "data" / "files").iterdir())
        whole = [path.name == f"blake3:{blake3(path.read_bytes()).hexdigest()}" for path in files]
        served.close()
    wrong = [(job["state"], (job["error"] or {}).get("code")) for job in jobs if job["state"] != "succeeded"]
    show(f"SIGKILL {kills} times with {count} jobs", f"{time.perf_counter() - begin:.0f} s, {counts}")
    show("results that are right, each once", f"{numbers == [n + 1 for n in range(count)]} {wrong}", "all")
    show("files that are whole, of all", f"{sum(whole)} of {len(files)}", "all")


PARTS = {
    "start": measure_start,
    "overhead": measure_overhead,
    "queue": measure_queue,
    "reuse": measure_reuse,
    "watchers": measure_watchers,
    "kill": measure_kills,
}


def main() -> None:
    """Print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print("| measured | figure | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        for name in sys.argv[1:] or PARTS:
            PARTS[name]()


if __name__ == "__main__":
    main()
