"""`write_plugin`: a small plugin that installs with pip, with a node type, its test and a graph that uses it."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from studio.errors import UsageError
from studio.files import resolve_path
from studio.graph.builder import format_document
from studio.version import REQUIREMENT

_PLUGIN_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
_TAKEN_NAMES = (
    "studio", "graph", "audio", "check", "diffusion", "image", "latent", "logic", "onnx", "provenance", "scenes",
    "speech", "style", "text", "train", "upscale", "video", "vision",
)  # fmt: skip


def write_plugin(folder: Path, name: str) -> None:
    """Write the files of a plugin.

    Args:
        folder: Where to; files of the same names are overwritten.
        name: Name of the plugin, see `check_plugin_name`.

    Raises:
        UsageError: E013 if a file cannot be written.
    """
    values = {
        "name": name,
        "distribution": f"studio-{name.replace('_', '-')}",
        "package": f"studio_{name}",
        "requirement": REQUIREMENT,
        "testing": REQUIREMENT.replace("studio", "studio[testing]"),
    }
    try:
        for path, text in PLUGIN_FILES.items():
            file = folder / Template(path).substitute(values)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(text).substitute(values), encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            "E013", f"{str(folder)!r} cannot be written: {error.strerror}", hint="check its permissions"
        ) from None


def guess_plugin_name(folder: Path) -> str:
    """Return the name of a plugin from its folder: "glow" for "studio-glow"."""
    return re.sub(r"^studio[-_]", "", resolve_path(folder).name).replace("-", "_").lower()


def check_plugin_name(name: str) -> None:
    """Check a plugin's name, the first part of its node types' ids.

    Raises:
        UsageError: E010 if it is invalid or taken.
    """
    if not _PLUGIN_NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_"):
        hint = "use 2 to 31 lower case letters, digits and _, a letter first; give it with --name"
        raise UsageError("E010", f"invalid plugin name {name!r}", hint=hint)
    if name in _TAKEN_NAMES:
        raise UsageError("E010", f"the plugin name {name!r} is taken", hint="give another with --name")


_EXAMPLE_GRAPH: Mapping[str, Any] = {
    "studio": 1,
    "title": "A tinted gradient",
    "inputs": {"strength": {"type": "float", "default": 0.6, "minimum": 0, "maximum": 1}},
    "nodes": {
        "ground": {"type": "image.gradient", "version": "1.0", "inputs": {"width": 640, "height": 400}},
        "tint": {
            "type": "$name.tint_image",
            "version": "1.0",
            "inputs": {"image": {"from": "ground"}, "strength": {"from": "inputs.strength"}},
        },
    },
    "outputs": {"picture": {"from": "tint"}},
    "requires": {"$distribution": ">=0.1"},
}

_NODE_TYPE_EXAMPLE: Mapping[str, Any] = {
    "studio": 1,
    "title": "A sky at dusk",
    "nodes": {
        "sky": {"type": "image.gradient", "inputs": {"width": 320, "height": 200}},
        "tint": {"type": "$name.tint_image", "inputs": {"image": {"from": "sky"}, "strength": 0.9}},
    },
    "outputs": {"picture": {"from": "tint"}},
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
dependencies = ["$requirement", "numpy>=2.1"]

[project.optional-dependencies]
test = ["$testing", "setuptools>=77"]

[project.entry-points.studio]
$distribution = "$package"

# every file in the package is part of the wheel: code, subpackages, weights
[tool.setuptools.packages.find]
include = ["$package", "$package.*"]

[tool.setuptools.package-data]
"$package" = ["**/*"]

[tool.setuptools.exclude-package-data]
"*" = ["**/__pycache__/*"]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
extend-select = ["I"]

[tool.mypy]
strict = true
""",
    "README.md": """\
# $distribution

Node types `$name.*` for Studio. Install it once; the code is then used as it lies here:

    pip install -e '.[test]'

After an edit of the code, nothing is installed again:

    python -m pytest                          # does each node type behave?
    studio nodes $name.tint_image             # its inputs, outputs, documentation and example
    studio run graphs/example.json -o out     # what changed runs again, the rest comes from the cache
    studio explain graphs/example.json        # why a node runs, or does not

After an edit of `pyproject.toml` (entry points, dependencies), install it again: `pip install -e '.[test]'`.
If Studio does not find a node type, `studio plugins` says why.

- Results of a node type change: raise its `code`.
- Its inputs or outputs change: raise the first number of its `version`, and add a migration.
- Each node type has an example: a small graph in `$package/examples/` that bears its name and shows what it does.
- Weights go into `$package/weights/`; the hook `studio_models` names them. All files of `$package` are in the wheel.

To ship it, raise `version` in `pyproject.toml` and build the wheel: `pip wheel --no-deps -w dist .`
Then check it whole: `studio plugins check $name --wheel dist/$package-0.1.0-py3-none-any.whl`
""",
    "$package/py.typed": "",
    "$package/__init__.py": '''\
"""Node types `$name.*`. Studio imports this module by its entry point; heavy imports wait until needed."""

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
"""The node types: typed functions. Studio and its users see only their signatures and docstrings."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, node


@node("$name.tint_image", version="1.0", code=1)
def tint_image(
    ctx: Context,
    image: Image,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5,
    red: Annotated[float, Field(ge=0, le=1)] = 0.9,
    green: Annotated[float, Field(ge=0, le=1)] = 0.5,
    blue: Annotated[float, Field(ge=0, le=1)] = 0.3,
) -> Image:
    """Tint an image with one color.

    Args:
        image: Image to tint.
        strength: 0 leaves it as it is, 1 keeps only its brightness.
        red: Red of the color.
        green: Green of the color.
        blue: Blue of the color.
    """
    from $package.tint import tint

    return Image(tint(image.pixels, strength, (red, green, blue)))
''',
    "$package/tint.py": '''\
"""The algorithm: arrays in, arrays out; it does not import Studio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BRIGHTNESS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # ITU-R BT.709


def tint(
    pixels: npt.NDArray[np.float32], strength: float, color: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """Mix H x W x C samples in [0, 1] with a color of their brightness; alpha stays."""
    rgb = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    tinted = (rgb @ _BRIGHTNESS)[..., None] * np.asarray(color, dtype=np.float32)
    mixed = rgb * (1 - strength) + tinted * strength
    result = np.concatenate([mixed, pixels[..., 3:]], axis=2)
    limited: npt.NDArray[np.float32] = np.clip(result, 0, 1, dtype=np.float32)
    return limited
''',
    "$package/examples/$name.tint_image.json": format_document(_NODE_TYPE_EXAMPLE),
    "tests/test_nodes.py": '''\
"""The node types behave as Studio expects of node types."""

from __future__ import annotations

import numpy as np
from studio.api import Image
from studio.testing import TestContext, check_node_type

from $package.nodes import tint_image


def make_image() -> Image:
    """Make a small image with a different value everywhere."""
    return Image(np.linspace(0, 1, 8 * 6 * 3, dtype=np.float32).reshape(6, 8, 3))


def test_tint_image_behaves_as_a_node_type() -> None:
    check_node_type(tint_image, example_graph=True, image=make_image(), strength=0.5)


def test_strength_zero_leaves_an_image_as_it_is() -> None:
    original = make_image()

    tinted = tint_image(TestContext(), original, strength=0.0)

    np.testing.assert_allclose(tinted.pixels, original.pixels, atol=1e-6)
''',
    "tests/test_plugin.py": '''\
"""The plugin as a whole: its wheel, and the example graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio import RunResult
from studio.testing import build_wheel, check_plugin

ROOT = Path(__file__).parents[1]


def test_the_plugin_is_whole(tmp_path: Path) -> None:
    print(check_plugin("$package", wheel=build_wheel(ROOT, tmp_path)))


def test_the_example_graph_runs(studio_run: Callable[..., RunResult]) -> None:
    result = studio_run(ROOT / "graphs" / "example.json")

    assert result["picture"].width == 640
''',
    "graphs/example.json": json.dumps(_EXAMPLE_GRAPH, indent=2) + "\n",
}
