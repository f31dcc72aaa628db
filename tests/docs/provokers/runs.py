"""Provokers of E2xx, plugins, of E3xx, the run, of E4xx, the cache, and of E999."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Context, Image, Packed, Subgraph, TypeSpec, ValueType, get_node_type, hookimpl, node
from studio.app import Studio
from studio.cache.actions import Action
from studio.errors import CacheError
from studio.provenance.carried_text import CarriedText
from studio.provenance.output_folder import OutputFolder
from tests.docs.provokers.place import Place, build_graph, provokes

ONE = ("logic.calculate", {"expression": "1"})


class BadPlugin:
    """A plugin with one node type."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return the node type."""
        return [self._function]


def run_bad(place: Place, function: Callable[..., Any], inputs: dict[str, Any] | None = None, **more: Any) -> Any:
    """Run a node of a type that does not behave."""
    return place.run({"n": (get_node_type(function).id, inputs or {})}, plugins=[("bad", BadPlugin(function))], **more)


@provokes("E201")
def _(place: Place) -> Any:
    def function(ctx, a):  # type: ignore[no-untyped-def]
        """Do nothing."""

    node("Bad Id", version="1.0", code=1)(function)


def list_plugin_errors(place: Place, *plugins: tuple[str, Any]) -> list[dict[str, str]]:
    """Return why plugins are not loaded, as rows."""
    with place.open(*plugins) as studio:
        problems = [row.problem for row in studio.registry.plugins if row.problem]
    return [{"code": problem[:4], "where": "", "message": problem[5:]} for problem in problems]


@provokes("E202")
def _(place: Place) -> Any:
    def f() -> None:
        """Do nothing."""

    f.__qualname__ = "f"
    return list_plugin_errors(place, ("bad", BadPlugin(f)))


@provokes("E203")
def _(place: Place) -> Any:
    @node("logic.all", version="1.0", code=1)
    def repeat(ctx: Context) -> int:
        """Do nothing."""
        return 1

    return list_plugin_errors(place, ("bad", BadPlugin(repeat)))


@provokes("E204")
def _(place: Place) -> Any:
    place.command("plugins", "--plugins-dir", "nosuch")


@provokes("E205")
def _(place: Place) -> Any:
    class Misspelt:
        @hookimpl
        def studio_node_tpyes(self) -> list[Any]:
            return []

    return list_plugin_errors(place, ("bad", Misspelt()))


@provokes("E206")
def _(place: Place) -> Any:
    class Empty:
        @hookimpl
        def studio_node_types(self) -> None:
            return None

    return list_plugin_errors(place, ("bad", Empty()))


@provokes("E207")
def _(place: Place) -> Any:
    def apply(ctx: Context) -> int:
        """Do nothing."""
        return 1

    node("tint.apply", version="1.0", code=1, isolate=True)(apply)


@provokes("E301")
def _(place: Place) -> Any:
    @node("bad.raise_error", version="1.0", code=1)
    def raise_error(ctx: Context) -> int:
        """Fail."""
        raise ValueError("no good")

    return run_bad(place, raise_error)


@provokes("E302")
def _(place: Place) -> Any:
    @node("bad.wrong_type", version="1.0", code=1)
    def return_text(ctx: Context) -> int:
        """Return something else."""
        return "x"  # type: ignore[return-value]

    return run_bad(place, return_text)


@provokes("E303")
def _(place: Place) -> Any:
    nodes = {
        "n": ("image.new", {"width": {"from": "j"}, "height": 4}),
        "j": ("logic.get_json", {"value": {"width": "x"}, "pointer": "/width"}),
    }
    return place.run(nodes)


@provokes("E304")
def _(place: Place) -> Any:
    @node("bad.memory", version="1.0", code=1)
    def fill_memory(ctx: Context) -> int:
        """Fill the memory."""
        raise MemoryError("Unable to allocate 2.50 GiB")

    return run_bad(place, fill_memory)


@provokes("E305")
def _(place: Place) -> Any:
    @node("bad.wait", version="1.0", code=1)
    def wait(ctx: Context) -> int:
        """Wait."""
        threading.Event().wait(5)
        return 1

    return run_bad(place, wait, node_timeout_seconds=0.3)


@provokes("E306")
def _(place: Place) -> Any:
    @node("bad.count", version="1.0", code=1)
    def count(ctx: Context) -> int:
        """Count down."""
        ctx.step(-1, 3)
        return 1

    return run_bad(place, count)


SAVE = {"s": ("image.save", {"image": {"from": "i"}, "path": "x.png"}), "i": ("image.new", {"width": 4, "height": 4})}


@provokes("E307")
def _(place: Place) -> Any:
    return place.run(SAVE)


@provokes("E308")
def _(place: Place) -> Any:
    numbers = {"type": "list[float]"}
    ends = {name: {"from": f"inputs.{name}"} for name in ("gamma", "saturation")}
    with place.open() as studio:
        return studio.run(
            build_graph(
                {"a": ("image.adjust", {"image": {"from": "i"}, **ends}), "i": SAVE["i"]},
                inputs={"gamma": numbers, "saturation": numbers},
            ),
            {"gamma": [1.0, 1.1], "saturation": [1.0, 1.1, 1.2]},
        ).errors


@provokes("E310")
def _(place: Place) -> Any:
    @node("bad.disk", version="1.0", code=1)
    def fill_disk(ctx: Context) -> int:
        """Fill the disk."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return run_bad(place, fill_disk)


@provokes("E311")
def _(place: Place) -> Any:
    place.write_image("photo.jpg", 4)
    graph = build_graph({"a": ("image.invert", {"image": {"file": "photo.jpg"}})})
    with place.open() as studio:
        studio.run(graph, output=place.folder)
        place.write_image("photo.jpg", 5)
        return studio.run("o.png").errors


@provokes("E312")
def _(place: Place) -> Any:
    place.write("out", "a file")
    with place.open() as studio:
        studio.run(build_graph({"a": ONE}), output="out/x")


@provokes("E313")
def _(place: Place) -> Any:
    nodes = {"s": ("image.save", {"image": {"from": "i"}, "path": ".studio/x.png"}), "i": SAVE["i"]}
    return place.run(nodes, output="out")


@provokes("E314")
def _(place: Place) -> Any:
    nodes = {
        "many": ("image.new", {"width": [4, 5], "height": 4}),
        "one": ("image.new", {"width": 6, "height": 4}),
    }
    return place.run(nodes, output="out", outputs={"g": {"from": "many"}, "g_000": {"from": "one"}})


class Shape:
    """A value of a plugin's type."""

    studio_type = "shape"


class ShapeType(ValueType[Shape]):
    """A value type whose files cannot be written."""

    name, python, extensions = "shape", Shape, ("obj",)

    def pack(self, value: Shape) -> Packed:
        """Take a shape apart."""
        return Packed()

    def write_file(self, value: Shape, path: Path, provenance: str | None) -> None:
        """Fail."""
        raise ValueError("no")


@provokes("E315")
def _(place: Place) -> Any:
    folder = OutputFolder(place.folder)
    folder.write("o", Shape(), TypeSpec("shape"), {Shape: ShapeType()}, CarriedText({}), {"graph": "g", "run": "r"})


@provokes("E316")
def _(place: Place) -> Any:
    @node("bad.subgraph")
    def return_subgraph(ctx: Context) -> Subgraph[int]:
        """Return a subgraph with an unknown node type."""
        made = Subgraph[int]()
        made.output("int", made.add("image.blurr"))
        return made

    return run_bad(place, return_subgraph)


@provokes("E317")
def _(place: Place) -> Any:
    @node("bad.large")
    def return_large_subgraph(ctx: Context) -> Subgraph[int]:
        """Return a subgraph of too many nodes."""
        made = Subgraph[int]()
        for index in range(1200):
            made.output(f"o{index}", made.add("logic.calculate", expression="1"))
        return made

    return run_bad(place, return_large_subgraph)


@provokes("E318")
def _(place: Place) -> Any:
    @node("bad.position")
    def read_position(ctx: Context) -> int:
        """Read the position without declaring that."""
        return ctx.frame.index

    return run_bad(place, read_position)


@provokes("E319")
def _(place: Place) -> Any:
    @node("bad.memo")
    def keep_set(ctx: Context) -> int:
        """Keep what the cache has no codec for."""
        return len(ctx.memo("letters", lambda: {"a", "b"}))

    return run_bad(place, keep_set)


@provokes("E320")
def _(place: Place) -> Any:
    return place.run({"a": ("logic.switch", {"condition": True, "if_false": 1})})


@provokes("E321")
def _(place: Place) -> Any:
    return place.run({"a": ("logic.template", {"template": "a {color}"})})


@provokes("E322")
def _(place: Place) -> Any:
    return place.run({"a": ("logic.calculate", {"expression": "1 / 0"})})


@provokes("E323")
def _(place: Place) -> Any:
    return place.run({"a": ("logic.item", {"items": [1, 2], "index": 5})})


@provokes("E324")
def _(place: Place) -> Any:
    return place.run({"a": ("logic.parse_json", {"text": "{"})})


@provokes("E325")
def _(place: Place) -> Any:
    image = ("image.new", {"width": 8, "height": 8})
    return place.run({"a": ("check.image", {"image": {"from": "i"}, "min_width": 9, "on_fail": "fail"}), "i": image})


@provokes("E326")
def _(place: Place) -> Any:
    place.write("rows.csv", "name,price\nLamp\n")
    with place.open() as studio:
        return studio.run(build_graph({"a": ("logic.read_csv", {"file": {"file": "rows.csv"}})})).errors


def keep(studio: Studio, value: Any) -> list[CacheError]:
    """Keep a value in the cache, and return what went wrong."""
    digest = studio.cache.digest(value)
    studio.cache.record(Action("1" * 64, "bad.node", {"value": digest}), {digest: value})
    studio.cache.flush()
    return studio.cache.take_errors()


@provokes("E401")
def _(place: Place) -> Any:
    place.write("cache", "a file")
    with place.open(on_disk=True) as studio:
        studio.run(build_graph({"a": ONE}))


@provokes("E402")
def _(place: Place) -> Any:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with place.open(on_disk=True) as studio:
        place.patch.setattr(os, "fsync", fail)
        return keep(studio, Image(np.zeros((256, 256, 3), np.uint8)))


@provokes("E403")
def _(place: Place) -> Any:
    with place.open() as studio:
        studio.cache.codecs.decode("array:image", b"cut")


@provokes("E404")
def _(place: Place) -> Any:
    place.write("cache/empty", "")
    connection = sqlite3.connect(place.folder / "cache" / "index.sqlite")
    connection.execute("pragma user_version = 9")
    connection.close()
    with place.open(on_disk=True) as studio:
        studio.run(build_graph({"i": SAVE["i"]}))


@provokes("E405")
def _(place: Place) -> Any:
    with place.open(on_disk=True, memory_bytes=1000) as studio:
        return keep(studio, (1, 2))


@provokes("E757")
def _(place: Place) -> Any:
    place.write("shared", "a file")
    with place.open(on_disk=True, cache_url=f"file://{place.folder}/shared/deep") as studio:
        return keep(studio, Image(np.zeros((256, 256, 3), np.uint8)))


@provokes("E999")
def _(place: Place) -> Any:
    from studio.cli.bug_report import report_bug

    raise report_bug(LookupError("out of luck"), [])
