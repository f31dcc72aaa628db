"""A batch on a Ray cluster: every item once, the same bytes as on one machine, whatever dies on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio, read_settings
from studio.batch.item import Item, ItemResult
from studio.batch.python_call import batch
from studio.batch.ray_actor import RayActor
from studio.batch.spec import BatchSpec
from studio.batch.worker_settings import describe_settings

pytestmark = pytest.mark.xdist_group("processes")

_PLUGIN = '''"""A node type that takes a moment."""

import time
from typing import Annotated

import numpy as np

from studio.api import Context, Image, Unkeyed, hookimpl, node


@node("slow.paint", code=1)
def paint(ctx: Context, seed: int, pause: Annotated[float, Unkeyed] = 0.0) -> Image:
    """Make a picture of noise."""
    time.sleep(pause)
    return Image(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8))


@hookimpl
def studio_node_types():
    return [paint]
'''
_GRAPH = {
    "studio": 1,
    "inputs": {"seed": {"type": "int"}},
    "nodes": {"p": {"type": "slow.paint", "inputs": {"seed": {"from": "inputs.seed"}, "pause": 0.05}}},
    "outputs": {"picture": {"from": "p"}},
}
_ITEMS = 500


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A graph, a table and a plugin."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "studio_slow.py").write_text(_PLUGIN, encoding="utf-8")
    (tmp_path / "graph.json").write_text(json.dumps(_GRAPH), encoding="utf-8")
    (tmp_path / "items.csv").write_text("seed\n" + "\n".join(map(str, range(_ITEMS))) + "\n", encoding="utf-8")
    return tmp_path


def open_studio(folder: Path, cache: str, **more: Any) -> Studio:
    return Studio(read_settings(device="cpu", cache_dir=folder / cache, plugins_dir=folder / "plugins", **more))


def read_pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def make_locally(folder: Path) -> dict[str, bytes]:
    """Return the files that one process makes."""
    with open_studio(folder, "cache-local") as studio:
        list(batch(folder / "graph.json", folder / "items.csv", folder / "here", workers=0, studio=studio))
    return read_pictures(folder / "here")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", ["see the folder", "share a cache only"])
def test_a_batch_outlives_a_node_of_its_cluster(folder: Path, workers: str) -> None:
    shared = [f"file://{folder}/shared"] if workers == "share a cache only" else []
    command = [sys.executable, str(Path(__file__).with_name("ray_script.py")), str(folder), *shared]
    done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False)

    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stdout[-2000:] + done.stderr[-4000:]
    found = json.loads(lines[0].removeprefix("RESULT "))
    assert found["counts"] == {"pending": 0, "running": 0, "done": _ITEMS, "failed": 0, "held": 0}
    assert sorted(found["rendered"]) == sorted(set(found["rendered"]))
    assert len(found["rendered"]) == _ITEMS
    made = read_pictures(folder / "out")
    assert len(made) == _ITEMS
    assert made == make_locally(folder)


def take_results(worker: RayActor, count: int) -> list[ItemResult]:
    found: list[ItemResult] = []
    for _ in range(30):
        found += [ItemResult.from_json(json.loads(line)) for line in worker.take()]
        if len(found) >= count:
            break
    return found


def describe_batch(folder: Path, **more: Any) -> str:
    with open_studio(folder, "cache", **more) as studio:
        settings = describe_settings(studio.settings)
    (folder / "out").mkdir(exist_ok=True)
    spec = BatchSpec(_GRAPH, str(folder / "graph.json"), str(folder), str(folder / "out"), settings=settings)
    return json.dumps(spec.to_json())


def write_token(folder: Path) -> tuple[str, str]:
    (folder / "token").write_text("abc", encoding="utf-8")
    return str(folder / "token"), "abc"


def test_a_worker_that_sees_the_folder_writes_into_it(folder: Path) -> None:
    worker = RayActor(describe_batch(folder), "worker", write_token(folder))
    assert json.loads(worker.describe()) == {"refused": None, "sees_folder": True}

    worker.start(json.dumps([Item(0, "one", {"seed": 1}).to_json(), Item(1, "two", {"seed": 2}).to_json()]))
    results = take_results(worker, 2)

    assert {result.state for result in results} == {"done"}
    assert len(read_pictures(folder / "out")) == 2


def test_a_worker_that_does_not_see_it_works_for_the_shared_cache(folder: Path) -> None:
    url = f"file://{folder}/shared"
    worker = RayActor(describe_batch(folder, cache_url=url), "worker", (str(folder / "nowhere"), "abc"))
    assert json.loads(worker.describe()) == {"refused": None, "sees_folder": False}

    worker.start(json.dumps([Item(0, "one", {"seed": 1}).to_json()]))
    (result,) = take_results(worker, 1)

    worker.finish()
    assert result.state == "done"
    assert read_pictures(folder / "out") == {}
    with open_studio(folder, "cache-elsewhere", cache_url=url) as studio:
        made = studio.run(folder / "graph.json", {"seed": 1})
    assert made.manifest["cache"] == {"hits": 1, "calls": 1}


def test_an_actor_removes_its_own_folder_when_it_ends(folder: Path) -> None:
    url = f"file://{folder}/shared"
    worker = RayActor(describe_batch(folder, cache_url=url), "worker", (str(folder / "nowhere"), "abc"))
    assert worker._own_folder is not None
    assert Path(worker._own_folder.name).is_dir()

    worker.finish()

    assert not Path(worker._own_folder.name).exists()


def test_a_worker_that_sees_neither_folder_nor_shared_cache_refuses(folder: Path) -> None:
    worker = RayActor(describe_batch(folder), "worker", (str(folder / "nowhere"), "abc"))

    assert json.loads(worker.describe())["refused"]["code"] == "E760"
