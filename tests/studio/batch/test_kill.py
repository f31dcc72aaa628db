"""Killed at random and started again: every item is done, none twice, no file by halves, every digest right."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

from studio.app import Studio
from studio.batch.ledger import Ledger
from tests.studio.batch.conftest import from_input, graph_of, start_batch, write_csv

pytestmark = pytest.mark.xdist_group("processes")

MIXED = graph_of(
    {
        "paint": {"type": "work.paint", "inputs": {"seed": from_input("seed"), "pause": from_input("pause")}},
        "turn": {"type": "image.invert", "inputs": {"image": {"from": "paint"}}},
        "sum": {"type": "work.double", "inputs": {"a": from_input("seed")}},
    },
    {"seed": {"type": "int"}, "pause": {"type": "float", "default": 0.0}},
    {"picture": "turn", "number": "sum"},
)
PATIENCE_SECONDS = 100.0


def prepare(folder: Path, count: int, pause: float) -> list[str | Path]:
    graph = folder / "graph.json"
    graph.write_text(json.dumps(MIXED), encoding="utf-8")
    table = write_csv(folder / "items.csv", "name,seed,pause", *(f"n{n},{n},{pause}" for n in range(count)))
    return [graph, table, "-o", folder / "out", "--plugins-dir", folder / "plugins", "--cache-dir", folder / "cache"]


def check_all(out: Path, count: int) -> None:
    """Check the ledger and every file of the batch."""
    with Ledger(out) as ledger:
        rows = list(ledger.items())
        assert ledger.summary().counts == {"pending": 0, "running": 0, "done": count, "failed": 0, "held": 0}
    assert sorted(row.name for row in rows) == sorted(f"n{n}" for n in range(count))
    told = {output.path: output.digest for row in rows for output in row.outputs}
    found = [path for path in out.iterdir() if path.is_file() and path.name != "gallery.html"]
    assert {path.name for path in found} == set(told)
    assert len(told) == 2 * count
    for path in found:
        assert blake3(path.read_bytes()).hexdigest() == told[path.name]
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 24, 3), np.uint8)
        with Image.open(out / f"n{number}_picture.png") as picture:
            assert np.array_equal(np.asarray(picture), 255 - pixels)
        assert json.loads((out / f"n{number}_number.json").read_text(encoding="utf-8")) == 2 * number


def wait_until(fits: Callable[[], Any]) -> Any:
    """Return what a question gives as soon as it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = fits()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError("it did not come")


def count_done(out: Path) -> int:
    try:
        with Ledger(out) as ledger:
            return ledger.summary().counts["done"]
    except Exception:  # it is not there yet
        return -1


def find_workers(pid: int) -> list[int]:
    """Return the worker processes of a batch."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in children.read_text(encoding="utf-8").split()]
    except OSError:
        return []


def kill_batches(folder: Path, options: list[str | Path], kills: int, count: int, seed: int) -> Iterator[int]:
    """Start a batch again and again, and kill it when some more items are done; yield how many were."""
    chance = random.Random(seed)
    for _ in range(kills):
        before = max(0, count_done(folder / "out"))
        goal = min(count - 1, before + chance.randint(1, max(1, count // kills)))
        process = start_batch(folder, *options)
        wait_until(lambda process=process, goal=goal: process.poll() is not None or count_done(folder / "out") >= goal)
        assert process.poll() in (None, 0), process.communicate()[1]  # it ended by itself
        process.kill()
        process.communicate()
        yield count_done(folder / "out")


def finish(folder: Path, options: list[str | Path]) -> None:
    process = start_batch(folder, *options)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err


def test_a_batch_that_is_killed_goes_on(working: Studio, tmp_path: Path) -> None:
    options = [*prepare(tmp_path, 40, 0.01), "--workers", "0", "--window", "4"]

    done = list(kill_batches(tmp_path, options, 2, 40, seed=1))
    finish(tmp_path, options)

    assert 0 < done[0] < 40
    check_all(tmp_path / "out", 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("workers", ["0", "1"])
def test_five_hundred_items_killed_twenty_times(working: Studio, tmp_path: Path, workers: str) -> None:
    options = [*prepare(tmp_path, 500, 0.005), "--workers", workers]

    done = list(kill_batches(tmp_path, options, 20, 500, seed=2))
    finish(tmp_path, options)

    assert len(set(done)) > 10
    check_all(tmp_path / "out", 500)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_items_whose_workers_are_killed_at_random(working: Studio, tmp_path: Path) -> None:
    options = [*prepare(tmp_path, 500, 0.02), "--workers", "2"]
    chance = random.Random(3)
    process = start_batch(tmp_path, *options)
    killed = 0
    for number in range(20):
        goal = 20 * number + chance.randint(0, 19)
        wait_until(lambda goal=goal: process.poll() is not None or count_done(tmp_path / "out") >= goal)
        workers = find_workers(process.pid)
        if process.poll() is None and workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed += 1

    _, err = process.communicate(timeout=600)

    assert process.returncode == 0, err
    assert killed == 20
    check_all(tmp_path / "out", 500)
