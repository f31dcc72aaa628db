"""Provokers of E74x to E76x, batches and written files."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from studio import batch
from studio.batch.spec import create_spec
from tests.docs.provokers.place import Place, provokes

TINT = {"i": ("image.new", {"width": 4, "height": 4, "color": {"from": "inputs.color"}})}
COLOR = {"color": {"type": "text", "default": "red"}}


def write_tint(place: Place) -> None:
    """Write a graph that makes an image of a color."""
    place.write_graph("tint.json", TINT, inputs=COLOR)


@provokes("E740")
def _(place: Place) -> Any:
    write_tint(place)
    place.command("batch", "tint.json", "--files", "color=in/*.jpeg", "-o", "out")


@provokes("E741")
def _(place: Place) -> Any:
    write_tint(place)
    place.write("items.csv", "name,color,side\nmug,red\n")
    place.command("batch", "tint.json", "items.csv", "-o", "out")


@provokes("E742")
def _(place: Place) -> Any:
    place.write("photos/a.txt", "")
    place.command("gallery", "photos")


@provokes("E743")
def _(place: Place) -> Any:
    write_tint(place)
    place.write("items.csv", "name,color\nmug,red\nmug,blue\n")
    place.command("batch", "tint.json", "items.csv", "-o", "out")


@provokes("E744")
def _(place: Place) -> Any:
    write_tint(place)
    with place.open() as studio:
        first = batch("tint.json", [{"color": color} for color in ("red", "blue")], "out", workers=0, window=1,
                      studio=studio)  # fmt: skip
        next(first)
        list(batch("tint.json", [{"color": "green"}], "out", workers=0, studio=studio))
        list(first)


@provokes("E745")
def _(place: Place) -> Any:
    place.write("plugins/studio_bad.py", CRASH)
    place.write_graph("g.json", {"n": ("bad.crash", {})})
    with place.open(plugins_dir=place.folder / "plugins", on_disk=True) as studio:
        items = list(batch("g.json", [{}], "out", workers=1, studio=studio))
    return [item.error for item in items if item.error]


CRASH = """
import os, signal
from studio.api import Context, hookimpl, node

@node("bad.crash", version="1.0", code=1)
def crash(ctx: Context) -> int:
    "End the process as a fault in a library does."
    os.kill(os.getpid(), signal.SIGSEGV)
    return 1

@hookimpl
def studio_node_types():
    return [crash]
"""


@provokes("E746")
def _(place: Place) -> Any:
    write_tint(place)
    place.patch.setattr("sys.executable", "/bin/false")
    with place.open() as studio:
        list(batch("tint.json", [{}], "out", workers=1, studio=studio))


@provokes("E747")
def _(place: Place) -> Any:
    find_spec = importlib.util.find_spec
    place.patch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else find_spec(name))
    write_tint(place)
    place.write("items.parquet", b"PAR1")
    place.command("batch", "tint.json", "items.parquet", "-o", "out")


@provokes("E748")
def _(place: Place) -> Any:
    write_tint(place)

    def fail(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place.patch.setattr("studio.files.sync_file", fail)
    with place.open() as studio:
        list(batch("tint.json", [{}], "out", workers=0, studio=studio))


@provokes("E749")
def _(place: Place) -> Any:
    write_tint(place)
    place.command("batch", "tint.json", "--zip", "color=red,blue", "--zip", "a=1,2,3", "-o", "out")


@provokes("E755")
def _(place: Place) -> Any:
    place.write("notes.txt", "notes")
    place.command("rerun", "notes.txt")


@provokes("E756")
def _(place: Place) -> Any:
    place.write("photos/a.jpg", "")
    place.command("verify", "photos")


@provokes("E758")
def _(place: Place) -> Any:
    write_tint(place)
    with place.open() as studio:
        list(batch("tint.json", [{}], "out", workers=0, studio=studio))
    place.write("out/gallery_files", "a file")
    place.command("gallery", "out")


@provokes("E759")
def _(place: Place) -> Any:
    place.patch.setitem(sys.modules, "ray", None)
    write_tint(place)
    place.command("batch", "tint.json", "--ray=auto", "-o", "out")


@provokes("E760")
def _(place: Place) -> Any:
    from studio.batch.ray_actor import RayActor

    path = place.write_graph("tint.json", TINT, inputs=COLOR)
    with place.open() as studio:
        spec = create_spec(studio.load(path), place.folder / "out")
    worker = RayActor(json.dumps(spec.to_json()), "worker", ("/data/out/.studio/token", "abc"))
    return json.loads(worker.describe())["refused"]


@provokes("E761")
def _(place: Place) -> Any:
    from studio.batch import ray_cluster

    class OneNode:
        @staticmethod
        def nodes() -> list[dict[str, Any]]:
            return [{"Alive": True, "Resources": {"CPU": 4.0}}]

    ray_cluster._check_resources(OneNode, ray_cluster.ClusterOptions(tags={"render": 1.0}))
