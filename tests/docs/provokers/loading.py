"""Provokes the errors of plugins that cannot be loaded here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import click

from studio.api import Context, PluginSettings, hookimpl, node
from studio.cli.usage_errors import describe_lost_folder, describe_usage_error
from tests.docs.provokers.place import Place, build_graph, provokes


def list_problems(place: Place, *plugins: tuple[str, Any], **settings: Any) -> list[dict[str, str]]:
    """Return why plugins are not loaded, as rows."""
    with place.open(*plugins, **settings) as studio:
        problems = [row.problem for row in studio.registry.plugins if row.problem]
    return [{"code": text[:4], "where": "", "message": text[5:].partition(" (")[0]} for text in problems]


@provokes("E208")
def _(place: Place) -> Any:
    path = place.write("plugins/studio_image.py", "")
    return list_problems(place, plugins_dir=path.parent)


@provokes("E209")
def _(place: Place) -> Any:
    info = "site/studio_tint-1.0.dist-info"
    place.write(
        f"{info}/METADATA", "Metadata-Version: 2.1\nName: studio-tint\nVersion: 1.0\nRequires-Dist: studio>=9\n"
    )
    place.write(f"{info}/entry_points.txt", "[studio]\ntint = studio_tint\n")
    place.patch.syspath_prepend(str(place.folder / "site"))
    return list_problems(place)


@provokes("W107")
def _(place: Place) -> Any:
    def check(inputs: Any, find_path: Any) -> Any:
        raise ValueError("no")

    @node("tint.apply", check=check)
    def apply(ctx: Context) -> int:
        """Do nothing."""
        return 1

    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [apply]))
    with place.open(("tint", plugin)) as studio:
        return studio.validate(studio.load(build_graph({"n": ("tint.apply", {})})))


@provokes("E027")
def _(place: Place) -> Any:
    try:
        place.command("nodes", "--jsn")
    except click.UsageError as error:
        raise describe_usage_error(error) from None


@provokes("E030")
def _(place: Place) -> Any:
    before, gone = os.getcwd(), place.folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    try:
        gone.rmdir()
        os.getcwd()
    except FileNotFoundError as error:
        return describe_lost_folder(error)
    finally:
        os.chdir(before)


@provokes("E028")
def _(place: Place) -> Any:
    place.write("file", "")
    place.command("man", "--output", "file/man")


@provokes("E029")
def _(place: Place) -> Any:
    place.write("workflow.json", '{"a": 1}')
    place.command("import", "workflow.json")


@provokes("E009")
def _(place: Place) -> Any:
    place.command("plugins", "vido")


@provokes("E211")
def _(place: Place) -> Any:
    source = (
        "from studio.api import Context, hookimpl, node\n\n\n"
        '@node("tint.amount")\ndef amount(ctx: Context) -> int:\n    """Return 1."""\n    return 1\n\n\n'
        "@hookimpl\ndef studio_node_types():\n    return [amount]\n"
    )
    path = place.write("plugins/studio_tint.py", source)
    with place.open(plugins_dir=path.parent) as studio:
        graph = studio.load(place.write_graph("graph.json", {"a": ("tint.amount", {})}))
        assert "tint.amount" in studio.registry.node_types
        path.write_text(source.replace("1", "2"), encoding="utf-8")
        studio.plan(graph)


@provokes("E213")
def _(place: Place) -> Any:
    path = place.write("plugins/studio_rude.py", "import os\n\nos.close(1)\n")
    return list_problems(place, plugins_dir=path.parent)


@provokes("E210")
def _(place: Place) -> Any:
    @dataclass(frozen=True)
    class TintSettings(PluginSettings):
        """Settings of tints."""

        strength: float = 0.5

    plugin = SimpleNamespace(studio_settings=hookimpl(lambda: TintSettings))
    return list_problems(place, ("studio-tint", plugin), plugins={"tint": {"strenght": 1}})


@provokes("E600")
def _(place: Place) -> Any:
    nodes = {"n": ("diffusion.sketch_to_image", {"sketch": {"from": "s"}, "prompt": "", "controlnet": "builtin:mini"})}
    return place.validate({**nodes, "s": ("image.new", {"width": 8, "height": 8})})


@provokes("E212")
def _(place: Place) -> Any:
    plugin = SimpleNamespace(studio_executors=hookimpl(lambda: {"far": lambda local: 1 / 0}))
    with place.open(("choir", plugin), executor="far") as studio:
        return studio.executor
