"""Runs that are killed, and runs side by side, in processes of their own on one cache folder."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, open_studio
from processes import create_environment

pytestmark = pytest.mark.xdist_group("processes")

SIDE = 256  # 192 KiB a image: a file of its own
WIDTH, LENGTH = 4, 10
PROGRAM = """
import json, os, signal, sys, threading
from pathlib import Path
from fakes import open_studio
from studio.api.events import NodeCached, NodeFinished
folder, document = Path(sys.argv[1]), json.loads(sys.argv[2])
left, delay = int(sys.argv[3]) if len(sys.argv) > 3 else None, float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
def count(event):
    global left
    if left is not None and isinstance(event, NodeCached | NodeFinished):
        left -= 1
        if left == 0:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
with open_studio(folder, memory_bytes=0) as studio:
    print("ready", flush=True)
    result = studio.run(document, on_event=count)
    if result.status != "done":
        sys.exit(f"{result.status}: {result.errors}")
    print(json.dumps(result.outputs), flush=True)
"""


def build_graph(round: int = 0) -> dict[str, Any]:
    """Return a graph of some dozen nodes: images in rows, each changed step by step, numbers at the end."""
    nodes: dict[str, Any] = {}
    for row in range(WIDTH):
        nodes[f"i{row}"] = ("fake.image", {"side": SIDE, "seed": 1000 * round + row})
        for column in range(LENGTH):
            source = f"@s{row}_{column - 1}" if column else f"@i{row}"
            nodes[f"s{row}_{column}"] = ("fake.shift", {"image": source, "by": column + 1})
        nodes[f"m{row}"] = ("fake.mean", {"image": f"@s{row}_{LENGTH - 1}"})
    return graph(nodes, **{f"m{row}": f"m{row}" for row in range(WIDTH)})


def start(folder: Path, document: dict[str, Any], *more: str) -> subprocess.Popen[str]:
    """Start a process that runs a graph."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), json.dumps(document), *more],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=create_environment(),
    )


def compute_expected(tmp_path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Return what a graph gives without any cache."""
    with open_studio(tmp_path, on_disk=False) as studio:
        return studio.run(document, cache="off").outputs


def kill_often(tmp_path: Path, times: int, seed: int) -> Counter[str]:
    """Kill runs at random points; check the cache after each, and at last the result. Return what happened.

    A point is some moment after so many nodes are through: a time would lie in the middle on a quiet machine only.
    """
    rng = random.Random(seed)
    happened: Counter[str] = Counter()
    folder = tmp_path / "cache"
    for attempt in range(times):
        if attempt % 3 == 0:
            document = build_graph(attempt)  # a graph that the cache does not know
        nodes = rng.randint(1, 30 if attempt % 3 == 0 else 8)
        process = start(folder, document, str(nodes), str(rng.uniform(0, 0.02)))
        out, err = process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGKILL), err
        happened["killed in the middle" if out == "ready\n" else "after the end"] += 1
        with open_studio(folder, probe := Probe()) as studio:
            happened["blobs checked"] += studio.cache.disk.table.measure()[1]  # type: ignore[union-attr]  # on disk
            happened["damaged"] += len(studio.cache.disk.verify())  # type: ignore[union-attr]
            happened["leftovers"] += len(list((folder / "tmp").iterdir()))
            if attempt % 3 == 2:
                result = studio.run(document)
                assert result.outputs == compute_expected(tmp_path, document)
                happened["reruns right"] += 1
                happened["nodes that were there"] += result.manifest["cache"]["hits"]
                happened["nodes made"] += probe.calls["image"] + probe.calls["shift"] + probe.calls["mean"]
    return happened


def test_runs_that_are_killed_leave_a_clean_cache(tmp_path: Path) -> None:
    happened = kill_often(tmp_path, 6, seed=1)

    assert happened["damaged"] == happened["leftovers"] == 0
    assert happened["reruns right"] == 2
    assert happened["killed in the middle"] >= 3


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_kills_leave_a_clean_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    happened = kill_often(tmp_path, 51, seed=2)
    with capsys.disabled():
        print(dict(happened))

    assert happened["damaged"] == happened["leftovers"] == 0
    assert happened["reruns right"] == 17
    assert happened["killed in the middle"] >= 25
    assert happened["nodes that were there"] > 0


def test_processes_with_one_graph_compute_each_node_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    nodes: dict[str, Any] = {"n0": ("fake.tally", {"a": 0, "log": str(log)})}
    nodes |= {f"n{i}": ("fake.tally", {"a": f"@n{i - 1}", "log": str(log)}) for i in range(1, 40)}
    nodes |= {f"f{i}": ("fake.tally", {"a": 1000 + i, "log": str(log)}) for i in range(40)}
    nodes["sum"] = ("fake.total", {"numbers": [f"@f{i}" for i in range(40)]})
    processes = [start(tmp_path / "cache", graph(nodes, o="n39", s="sum")) for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]

    assert [err for _, err in outputs] == ["", "", ""]
    assert [json.loads(out.splitlines()[1]) for out, _ in outputs] == [{"o": 40, "s": sum(range(1001, 1041))}] * 3
    assert Counter(log.read_text(encoding="utf-8").split()) == {str(i): 1 for i in [*range(40), *range(1000, 1040)]}


def test_a_run_that_waits_for_a_process_that_is_killed_computes_itself(tmp_path: Path) -> None:
    document = graph({"s": ("fake.steps", {"n": 10**12}), "a": ("fake.add", {"a": "@s"})}, o="a")
    holder = start(tmp_path / "cache", document)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    with open_studio(tmp_path / "cache", probe := Probe()) as studio:
        fingerprint = studio.explain(studio.load(document))[0].fingerprint
        while studio.cache.try_lock(fingerprint):  # until the other process has it
            studio.cache.release(fingerprint)
        holder.kill()
        holder.communicate()
        quick = graph({"s": ("fake.steps", {"n": 10**12})}, o="s")
        from concurrent.futures import ThreadPoolExecutor

        from studio.execution.control import Control

        control = Control()
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(studio.run, quick, control=control)
            probe.wait_for("steps")  # it runs here now
            control.cancel()
            assert running.result(30).status == "cancelled"
