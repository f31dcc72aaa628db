"""`studio new`: a graph or a plugin to start from."""

from __future__ import annotations

import difflib
import json
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import click

from studio.api import Input, NodeType, TypeSpec
from studio.cli.options import create_studio, engine_options
from studio.errors import UsageError
from studio.graph import Catalog, GraphBuilder, validate
from studio.graph.builder import Handle, NodeHandle
from studio.graph.fit import find_fit

_PLUGIN_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
_SCALARS: dict[str, Any] = {
    "text": "Hello",
    "int": 1,
    "float": 1.0,
    "number": 1,
    "bool": True,
    "json": {},
    "any": "Hello",
}
_MAKERS = ("image.gradient", "image.new", "audio.tone")
_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "image.resize": {"width": 512},
    "logic.calculate": {"expression": "1 + 2"},
    "logic.switch": {"if_true": "yes", "if_false": "no"},
    "logic.choose": {"case_1": "first"},
    "logic.match": {"names": ["Hello"], "case_1": "world"},
    "logic.json_get": {"data": {"a": 1}, "pointer": "/a"},
    "logic.parse_json": {"text": "[1, 2]"},
}
"""Inputs without which a node type cannot do anything, though its signature alone does not say so."""
_DEFAULT_NODES = (("image.gradient", "image.caption"), ("logic.template",))


@click.group("new")
def command() -> None:
    """Write a new graph or a new plugin to start from."""


@command.command("graph")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="TYPE",
    help="Use this node type. May be repeated: each takes what the last one made.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@engine_options
def new_graph(file: Path, nodes: tuple[str, ...], force: bool, **engine: Any) -> None:
    """Write a small graph to FILE that runs as it stands."""
    if file.exists() and not force:
        raise UsageError("E022", f"{str(file)!r} is there already", hint="choose another name, or use --force")
    with create_studio(**engine, on_disk=False) as studio:
        builder = create_starter(
            studio.registry, nodes or _choose_nodes(studio.registry), file.stem.replace("_", " ").capitalize()
        )
        findings = [f for f in validate(builder.build(file.parent), studio.registry) if f.severity == "error"]
    builder.save(file)
    click.echo(str(file))
    missing = [
        name
        for name, end in builder.to_json().get("inputs", {}).items()
        if "default" not in end and not end.get("optional")
    ]
    sets = "".join(f" --set {name}=..." for name in missing)
    click.echo(f"run it with: studio run {file}{sets}" if not findings else f"complete it: {findings[0]}", err=True)


def _choose_nodes(catalog: Catalog) -> Sequence[str]:
    for names in _DEFAULT_NODES:
        if all(name in catalog.node_types for name in names):
            return names
    if not catalog.node_types:
        raise UsageError("E022", "no node types are installed", hint="see `studio plugins`")
    return (sorted(catalog.node_types)[0],)


def create_starter(catalog: Catalog, names: Iterable[str], title: str = "") -> GraphBuilder:
    """Return a graph in which each node takes what the last one made.

    What else a node needs becomes an input of the graph, with a default where one can be thought of.

    Raises:
        UsageError: E006 if there is no such node type.
    """
    builder = GraphBuilder(title)
    last: tuple[NodeHandle, NodeType] | None = None
    for name in names:
        node_type = _find_node_type(catalog, name)
        values, used = _connect(builder, catalog, node_type, last)
        if last is not None and not used:
            _add_output(builder, *last)
        last = builder.add(name, inputs=values), node_type
    if last is not None:
        _add_output(builder, *last)
    return builder


def _find_node_type(catalog: Catalog, name: str) -> NodeType:
    node_type = catalog.node_types.get(name)
    if node_type is None:
        near = difflib.get_close_matches(name, catalog.node_types, 1, 0.5)
        raise UsageError(
            "E006",
            f"there is no node type {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else "see `studio nodes`",
        )
    return node_type


def _add_output(builder: GraphBuilder, node: NodeHandle, node_type: NodeType) -> None:
    name, number = next(iter(node_type.outputs)), 1
    stem = name
    while name in builder.to_json().get("outputs", {}):
        number += 1
        name = f"{stem}_{number}"
    builder.output(name, node)


def _connect(
    builder: GraphBuilder, catalog: Catalog, node_type: NodeType, last: tuple[NodeHandle, NodeType] | None
) -> tuple[dict[str, Any], bool]:
    """Return a value for each input that needs one, and whether the last node's output is among them."""
    values: dict[str, Any] = {}
    used = False
    ends = [end for end in node_type.inputs.values() if end.required]
    if last is not None:
        made = next(iter(last[1].outputs.values())).spec
        fitting = [end for end in node_type.inputs.values() if end.name not in values and _fits(made, end.spec)]
        fitting.sort(key=lambda end: (not end.required, end.spec.name != made.name))
        if fitting:
            end = fitting[0]
            values[end.name] = [last[0]] if end.spec.depth > made.depth else last[0]
            used = True
    examples = _EXAMPLES.get(node_type.id, {})
    values |= {name: value for name, value in examples.items() if name in node_type.inputs and name not in values}
    for end in ends:
        if end.name not in values:
            values[end.name] = _make_value(builder, catalog, end)
    return values, used


def _fits(made: TypeSpec, wanted: TypeSpec) -> bool:
    if wanted.depth == made.depth + 1:
        wanted = wanted.item()
    fit = find_fit(made, wanted)
    if fit.problem or fit.depth:
        return False
    return wanted.name not in ("text", "choice", "json") or made.name == wanted.name


def _make_value(builder: GraphBuilder, catalog: Catalog, end: Input) -> Any:
    """Return a value for an input: a node that makes one, or an input of the graph."""
    spec = TypeSpec(end.spec.name, choices=end.spec.choices, limits=None if end.spec.depth else end.spec.limits)
    if spec.name == "path":
        return "picture.png"
    if spec.name in catalog.classes:
        maker = _find_maker(catalog, spec.name)
        value: Any = builder.add(maker) if maker else _add_input(builder, end, spec)
    else:
        value = _add_input(builder, end, spec)
    for _ in range(end.spec.depth):
        value = [value]
    return value


def _find_maker(catalog: Catalog, name: str) -> str | None:
    """Return a node type that makes a value of a type out of nothing."""
    fitting = [
        node_type.id
        for node_type in catalog.node_types.values()
        if not any(end.required for end in node_type.inputs.values())
        and node_type.cache == "pure"
        and next(iter(node_type.outputs.values())).spec == TypeSpec(name)
    ]
    return min(fitting, key=lambda i: (i not in _MAKERS, i)) if fitting else None


def _add_input(builder: GraphBuilder, end: Input, spec: TypeSpec) -> Handle:
    name, number = end.name, 1
    while name in builder.to_json().get("inputs", {}):
        number += 1
        name = f"{end.name}_{number}"
    kind = spec.name if spec.name != "any" else "text"
    if spec.name == "choice" and spec.choices:
        return builder.input(name, kind, default=spec.choices[0], choices=spec.choices, description=end.description)
    default: Any = _SCALARS.get(spec.name)
    limits = spec.limits
    if limits is None or spec.name not in ("int", "float", "number"):
        return builder.input(name, kind, default=default, description=end.description)
    whole = 1 if spec.name == "int" else 0
    low = limits.ge if limits.ge is not None else limits.gt + whole if limits.gt is not None else None
    high = limits.le if limits.le is not None else limits.lt - whole if limits.lt is not None else None
    default = max(default, low) if low is not None else default
    default = min(default, high) if high is not None else default
    return builder.input(
        name,
        kind,
        default=type(_SCALARS[spec.name])(default),
        minimum=limits.ge,
        maximum=limits.le,
        description=end.description,
    )


# -- plugins ---------------------------------------------------------------------------------------------


@command.command("plugin")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--name", help="Name of the plugin, the first part of its node types' ids; otherwise the folder's name says it."
)
@click.option(
    "--force", is_flag=True, help="Write into a folder that is not empty; files of the same names are overwritten."
)
def new_plugin(folder: Path, name: str | None, force: bool) -> None:
    """Write a plugin to DIR that installs with pip: one node type, its test, a graph that uses it."""
    name = _check_plugin_name(name if name is not None else _guess_name(folder))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError("E022", f"{str(folder)!r} is not empty", hint="choose another folder, or use --force")
    values = {"name": name, "distribution": f"studio-{name.replace('_', '-')}", "package": f"studio_{name}"}
    try:
        for path, text in PLUGIN_FILES.items():
            file = folder / Template(path).substitute(values)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(text).substitute(values), encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            "E013", f"{str(folder)!r} cannot be written: {error.strerror}", hint="check its rights"
        ) from None
    click.echo(str(folder))
    click.echo(f"next: pip install -e '{folder}[test]' && python -m pytest {folder} && studio nodes {name}", err=True)


def _guess_name(folder: Path) -> str:
    return re.sub(r"^studio[-_]", "", folder.resolve().name).replace("-", "_").lower()


def _check_plugin_name(name: str) -> str:
    if not _PLUGIN_NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_"):
        raise UsageError(
            "E010",
            f"{name!r} is not a name for a plugin",
            hint="use 2 to 31 lower case letters, digits and _, a letter first; give it with --name",
        )
    if name in ("studio", "graph", "image", "logic", "style"):
        raise UsageError(
            "E010", f"a plugin cannot be named {name!r}", hint="that name is taken; give another with --name"
        )
    return name


_EXAMPLE_GRAPH: Mapping[str, Any] = {
    "studio": 1,
    "title": "A tinted gradient",
    "inputs": {"strength": {"type": "float", "default": 0.6, "minimum": 0, "maximum": 1}},
    "nodes": {
        "ground": {"type": "image.gradient", "inputs": {"width": 640, "height": 400}},
        "tint": {
            "type": "$name.tint_image",
            "inputs": {"image": {"from": "ground"}, "strength": {"from": "inputs.strength"}},
        },
    },
    "outputs": {"picture": {"from": "tint"}},
    "requires": {"$distribution": ">=0.1"},
}

PLUGIN_FILES: Mapping[str, str] = {
    "pyproject.toml": """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "$distribution"
version = "0.1.0"
description = "Node types $name.* for Studio."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["studio>=0.1", "numpy>=2.1"]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points.studio]
$distribution = "$package"

[tool.setuptools]
packages = ["$package"]
""",
    "README.md": """\
# $distribution

Node types `$name.*` for Studio.

    pip install -e '.[test]'
    studio nodes $name
    studio run graphs/example.json
    python -m pytest
""",
    "$package/__init__.py": '''\
"""Node types `$name.*`. Studio imports this module through its entry point; what is heavy waits until it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types."""
    from $package import nodes

    return [nodes.tint_image]
''',
    "$package/nodes.py": '''\
"""The node types: typed functions. Their signatures and docstrings are all that Studio and its users see of them."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, node


@node("$name.tint_image", version="1.0", code=1)
def tint_image(
    ctx: Context, image: Image, *, strength: Annotated[float, Field(ge=0, le=1)] = 0.5,
    red: Annotated[float, Field(ge=0, le=1)] = 0.9, green: Annotated[float, Field(ge=0, le=1)] = 0.5,
    blue: Annotated[float, Field(ge=0, le=1)] = 0.3,
) -> Image:
    """Tint a picture with one colour.

    Args:
        image: Picture to tint.
        strength: 0 leaves it as it is, 1 keeps only its brightness.
        red: Red of the colour.
        green: Green of the colour.
        blue: Blue of the colour.
    """
    from $package.tint import tint

    return Image(tint(image.pixels, strength, (red, green, blue)))
''',
    "$package/tint.py": '''\
"""The algorithm: arrays in, arrays out; it knows nothing of Studio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BRIGHTNESS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # ITU-R BT.709


def tint(
    pixels: npt.NDArray[np.float32], strength: float, color: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """Mix H x W x C samples in [0, 1] with a colour of their brightness; alpha stays."""
    rgb = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    tinted = (rgb @ _BRIGHTNESS)[..., None] * np.asarray(color, dtype=np.float32)
    mixed = rgb * (1 - strength) + tinted * strength
    result = np.concatenate([mixed, pixels[..., 3:]], axis=2)
    return np.clip(result, 0, 1).astype(np.float32)
''',
    "tests/test_nodes.py": '''\
"""The node types keep the promises that Studio makes for them."""

from __future__ import annotations

import numpy as np
from $package.nodes import tint_image

from studio.api import Image
from studio.testing import TestContext, check_node_type


def make_picture() -> Image:
    """A small picture with a different value everywhere."""
    return Image(np.linspace(0, 1, 8 * 6 * 3, dtype=np.float32).reshape(6, 8, 3))


def test_tint_image_keeps_the_promises_of_a_node_type() -> None:
    check_node_type(tint_image, image=make_picture(), strength=0.5)


def test_strength_zero_leaves_a_picture_as_it_is() -> None:
    picture = make_picture()

    tinted = tint_image(TestContext(), picture, strength=0.0)

    np.testing.assert_allclose(tinted.pixels, picture.pixels, atol=1e-6)
''',
    "graphs/example.json": json.dumps(_EXAMPLE_GRAPH, indent=2) + "\n",
}
