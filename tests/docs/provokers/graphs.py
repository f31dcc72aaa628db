"""Provokers of E0xx, the command or the call, and of E1xx, the graph."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from studio.api import Context, Migration, hookimpl, node
from studio.graph import GraphBuilder, load_graph
from studio.graph.drawing.sketch import MAX_NODES
from tests.docs.provokers.place import Place, build_graph, provokes

INVERT = ("image.invert", {"image": {"from": "inputs.i"}})
ONE = ("logic.calculate", {"expression": "1"})
PHOTO = {"i": {"type": "image"}}


@provokes("E001")
def _(place: Place) -> Any:
    place.patch.setenv("STUDIO_WORKERS", "many")
    place.command("plugins")


@provokes("E002")
def _(place: Place) -> Any:
    place.command("plugins", "--device", "cuda:7")


@provokes("E003")
def _(place: Place) -> Any:
    place.write_graph("g.json", {"a": ONE})
    place.command("run", "g.json", "--name", "{foo}")


@provokes("E004")
def _(place: Place) -> Any:
    with place.open(executor="ray") as studio:
        studio.run(build_graph({"a": ONE}))


@provokes("E005")
def _(place: Place) -> Any:
    place.write_graph("g.json", {"a": ONE})
    place.command("run", "g.json", "--set", "x")


@provokes("E006")
def _(place: Place) -> Any:
    place.command("nodes", "image.resise")


@provokes("E007")
def _(place: Place) -> Any:
    with place.open() as studio:
        studio.run(build_graph({"a": ONE}), cache="of")  # type: ignore[arg-type]


@provokes("E008")
def _(place: Place) -> Any:
    studio = place.open()
    studio.close()
    studio.run(build_graph({"a": ONE}))


@provokes("E010")
def _(place: Place) -> Any:
    GraphBuilder().add("image.invert", id="a b")


@provokes("E011")
def _(place: Place) -> Any:
    builder = GraphBuilder()
    builder.add("image.invert", id="a")
    builder.add("image.invert", id="a")


@provokes("E012")
def _(place: Place) -> Any:
    GraphBuilder().add("image.invert", id="a", when=True)  # type: ignore[arg-type]


@provokes("E013")
def _(place: Place) -> Any:
    place.write("poster.json/file", "")
    builder = GraphBuilder()
    builder.output("o", builder.add("logic.calculate", id="a", expression="1"))
    builder.save("poster.json")


@provokes("E020")
def _(place: Place) -> Any:
    place.write_graph("g.json", {f"n{i}": ONE for i in range(MAX_NODES + 1)})
    place.command("draw", "g.json", "-o", "g.svg")


@provokes("E021")
def _(place: Place) -> Any:
    place.write_graph("g.json", {"a": ONE})
    place.command("draw", "g.json", "-o", "graph.jpg")


@provokes("E022")
def _(place: Place) -> Any:
    place.write("first.json", "{}")
    place.command("new", "graph", "first.json")


@provokes("E024")
def _(place: Place) -> Any:
    place.command("find", "seed=9..1")


@provokes("E025")
def _(place: Place) -> Any:
    place.command("find", "seed=7", "nosuch")


@provokes("E026")
def _(place: Place) -> Any:
    place.command("diff", "nosuch.png", "nosuch.png")


@provokes("E023")
def _(place: Place) -> Any:
    place.write_graph("g.json", {"a": {"type": "image.new", "inputs": {"width": 8, "height": 8}}})
    place.command("run", "g.json", "-o", ".", "--name", "poster.png")
    place.command("validate", "poster.png", "--fix")


def parse(place: Place, text: str, name: str = "g.json", **options: Any) -> Any:
    """Parse a text as a graph file."""
    place.write(name, text)
    return load_graph(name, **options)


@provokes("E100")
def _(place: Place) -> Any:
    parse(place, '{"studio" 1}')


@provokes("E101")
def _(place: Place) -> Any:
    parse(place, '{"studio": 2, "nodes": {}, "outputs": {}}')


@provokes("E102")
def _(place: Place) -> Any:
    parse(place, '{"studio": 1, "nodes": {"a": {"type": "image.invert", "input": {}}}, "outputs": {}}')


@provokes("E103")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.resise", {})})


@provokes("E104")
def _(place: Place) -> Any:
    parse(place, '{"studio": 1, "nodes": {"a": {"type": "x.y"}, "a": {"type": "x.y"}}, "outputs": {}}')


@provokes("E105")
def _(place: Place) -> Any:
    parse(place, '{"studio": 1, "nodes": {"a": {"type": "x.y", "inputs": {"x": NaN}}}, "outputs": {}}')


@provokes("E106")
def _(place: Place) -> Any:
    parse(place, " " * 2000, "big.json", max_bytes=1000)


@provokes("E107")
def _(place: Place) -> Any:
    parse(place, '{"studio": 1, "nodes": {"a": {}}, "outputs": {}}')


@provokes("E108")
def _(place: Place) -> Any:
    parse(place, '{"studio": 1, "nodes": {}, "outputs": {}, "ui": ' + "[" * 100 + "]" * 100 + "}")


@provokes("E110")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.blur", {"image": {"from": "inputs.i"}, "radus": 2})}, inputs=PHOTO)


@provokes("E111")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.invert", {})})


@provokes("E112")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.invert", {"image": {"from": "paint"}})})


@provokes("E113")
def _(place: Place) -> Any:
    return place.validate({"b": ("image.invert", {"image": {"from": "a.picture"}}), "a": INVERT}, inputs=PHOTO)


@provokes("E114")
def _(place: Place) -> Any:
    text = ("logic.template", {"template": "x"})
    return place.validate({"b": ("image.invert", {"image": {"from": "a"}}), "a": text})


@provokes("E115")
def _(place: Place) -> Any:
    nodes = {"a": ("image.invert", {"image": {"from": "inputs.p"}})}
    return place.validate(nodes, inputs={"p": {"type": "image", "optional": True}})


@provokes("E116")
def _(place: Place) -> Any:
    nodes = {"a": ("image.resize", {"image": {"from": "inputs.i"}, "width": 4, "fit": {"from": "inputs.p"}})}
    return place.validate(nodes, inputs=PHOTO | {"p": {"type": "choice", "choices": ["a", "b"], "default": "a"}})


@provokes("E117")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.resize", {"image": {"from": "inputs.i"}, "width": 0})}, inputs=PHOTO)


@provokes("E118")
def _(place: Place) -> Any:
    nodes = {"a": ("image.resize", {"image": {"from": "inputs.i"}, "width": 4, "fit": "fti"})}
    return place.validate(nodes, inputs=PHOTO)


@provokes("E119")
def _(place: Place) -> Any:
    nodes = {"c": ("image.invert", {"image": {"from": "d"}}), "d": ("image.invert", {"image": {"from": "c"}})}
    return place.validate(nodes)


@provokes("E120")
def _(place: Place) -> Any:
    place.command("run", "graphs/nosuch.json")


@provokes("E121")
def _(place: Place) -> Any:
    path = place.write_graph("self.json", {"a": ("graph:./self.json", {})})
    with place.open() as studio:
        return studio.validate(studio.load(path))


@provokes("E123")
def _(place: Place) -> Any:
    with place.open(discover=False) as studio:
        return studio.validate(studio.load(build_graph({"a": INVERT}, requires={"studio-diffusion": ">=0.1"})))


@provokes("E124")
def _(place: Place) -> Any:
    return place.validate({"a": INVERT}, inputs=PHOTO, requires={"studio-image": ">=99"})


@provokes("E125")
def _(place: Place) -> Any:
    return place.validate({"a": INVERT}, inputs=PHOTO, outputs={})


@provokes("E126")
def _(place: Place) -> Any:
    node = {"type": "image.invert", "inputs": {"image": {"from": "inputs.i"}}, "when": {"from": "n"}}
    return place.validate({"a": node, "n": ONE}, inputs=PHOTO)


@provokes("E127")
def _(place: Place) -> Any:
    return place.validate({"a b": INVERT}, inputs=PHOTO)


@provokes("E128")
def _(place: Place) -> Any:
    return place.validate({"n": ("logic.calculate", {"expression": "a + b", "a": [1, 2], "b": [1, 2, 3]})})


@provokes("E129")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.invert", {"image": {"file": "media/nosuch.jpg"}})})


@provokes("E130")
def _(place: Place) -> Any:
    return place.validate({"a": ("image.invert", {"image": {"file": "../README.md"}})})


@provokes("E131")
def _(place: Place) -> Any:
    return place.validate({"a": INVERT}, inputs={"i": {"type": "imge"}})


@provokes("E132")
def _(place: Place) -> Any:
    nodes = {"a": ("image.invert", {"image": {"from": "inputs.p"}})}
    with place.open() as studio:
        studio.run(build_graph(nodes, inputs={"p": {"type": "image"}}))


@provokes("E133")
def _(place: Place) -> Any:
    place.write_graph("hello.json", {"a": ONE}, outputs={"picture": {"from": "a"}})
    place.command("run", "hello.json", "--only", "poster")


@provokes("E134")
def _(place: Place) -> Any:
    place.write_image("starry_night.jpg")
    place.command("run", "starry_night.jpg")


@provokes("E135")
def _(place: Place) -> Any:
    place.write_image("shot.0001.png")
    nodes = {"a": {"type": "image.grid", "inputs": {"images": {"files": "shot.####.png 1-1o"}}}}
    return place.validate(nodes)


@provokes("W101")
def _(place: Place) -> Any:
    return place.validate({"a": INVERT, "b": INVERT}, inputs=PHOTO)


@provokes("W102")
def _(place: Place) -> Any:
    return place.validate({"a": INVERT}, inputs=PHOTO | {"x": {"type": "int", "default": 1}})


@node("test.dot", version="2.0", migrations={1: Migration(inputs={"n": "count"})}, replaces="test.spot")
def _dot(ctx: Context, *, count: int = 1) -> str:
    """Count."""
    return ""


@node("test.old", deprecated="use test.dot")
def _old(ctx: Context) -> str:
    """Age."""
    return ""


@node("test.new", experimental=True)
def _new(ctx: Context) -> str:
    """Try."""
    return ""


def _validate(place: Place, type: str, **inputs: Any) -> Any:
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [_dot, _old, _new]))
    studio = place.open(("given", plugin))
    return studio.validate(studio.load(build_graph({"a": (type, inputs)})))


@provokes("W103")
def _(place: Place) -> Any:
    return _validate(place, "test.spot")


@provokes("W104")
def _(place: Place) -> Any:
    return _validate(place, "test.dot", n=2)


@provokes("W105")
def _(place: Place) -> Any:
    return _validate(place, "test.old")


@provokes("W106")
def _(place: Place) -> Any:
    return _validate(place, "test.new")


@provokes("W108")
def _(place: Place) -> Any:
    nodes = {"s": ("audio.spectrogram", {"audio": {"from": "inputs.a"}})}
    return place.validate(nodes, inputs={"a": {"type": "audio"}}, outputs={"o": {"from": "s"}})
