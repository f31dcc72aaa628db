"""`check_plugin` checks all that a plugin provides, its metadata and its wheel."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.api import PluginSettings, Secret
from studio.runtime.weights import write_digest_list
from studio.testing import build_wheel, check_node_type, check_plugin

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "studio-gains"
version = "0.1"
dependencies = ["studio"]

[project.entry-points.studio]
gains = "studio_gains"

[tool.setuptools.packages.find]
include = ["studio_gains*"]

[tool.setuptools.package-data]
studio_gains = ["weights/*"]
"""
PLUGIN = '''
import json
from pathlib import Path
from typing import ClassVar

from studio.api import Context, Image, Model, ModelOpener, Packed, ValueType, hookimpl, node


class Gain:
    """A gain."""

    studio_type: ClassVar[str] = "gain"

    def __init__(self, value):
        self.value = value


class GainType(ValueType[Gain]):
    """How gains are stored."""

    name = "gain"
    python = Gain

    def pack(self, value):
        return Packed({"value": value.value})

    def unpack(self, packed):
        return Gain(packed.header["value"])


class GainOpener(ModelOpener):
    """Opens gains."""

    def can_open(self, path, model):
        if path.suffix != ".safetensors":
            return False
        data = path.read_bytes()
        return "gain" in json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])

    def open(self, path, model, *, device, dtype, parts):
        from safetensors.numpy import load_file

        return load_file(path)

    def measure(self, opened):
        return 4


@node("gains.open", version="2.0", migrations={1: dict})
def open_gain(ctx: Context, *, model: Model = Model("builtin:gain")) -> Gain:
    """Open a gain.

    Args:
        model: Weights to use.
    """
    with ctx.open(model) as table:
        return Gain(float(table["gain"][0]))


@node("gains.apply")
def apply_gain(ctx: Context, image: Image, gain: Gain) -> Image:
    """Change an image.

    Args:
        image: Image to change.
        gain: Factor to apply.
    """
    return Image(image.pixels * gain.value)


@hookimpl
def studio_node_types():
    return [open_gain, apply_gain]


@hookimpl
def studio_value_types():
    return [GainType()]


@hookimpl
def studio_model_openers():
    return [GainOpener()]


@hookimpl
def studio_models():
    return {"gain": Path(__file__).parent / "weights" / "gain.safetensors"}
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "studio_gains" / "weights").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "studio_gains" / "__init__.py").write_text(PLUGIN)
    save_file({"gain": np.full(1, 0.5, np.float32)}, folder / "studio_gains" / "weights" / "gain.safetensors")
    return folder


@pytest.fixture
def load(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Import the plugin, after changes of its text."""
    monkeypatch.syspath_prepend(str(project))

    def load(*changes: tuple[str, str]) -> ModuleType:
        file = project / "studio_gains" / "__init__.py"
        text = file.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)
        return importlib.import_module("studio_gains")

    yield load
    sys.modules.pop("studio_gains", None)


def make_examples(plugin: ModuleType) -> dict[str, Any]:
    image = __import__("studio.api").api.Image(np.full((4, 3, 3), 100, np.uint8))
    return {"gains.apply": {"image": image, "gain": plugin.Gain(0.5)}}


def fail_of(plugin: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check_plugin(plugin, **options)
    return str(caught.value)


def test_a_good_plugin_passes_every_check(load: Callable[..., ModuleType]) -> None:
    plugin = load()
    examples = make_examples(plugin)
    examples["gains.apply"]["gain"] = plugin.Gain(0.5)

    report = check_plugin(plugin, examples=examples, values=[plugin.Gain(1.0), plugin.Gain(0.25)])

    assert "gains.apply: sensitivity to gain" not in [check.name for check in report.skipped]
    assert {
        "loading", "examples", "gains.open: runs", "gains.apply: runs", "gains.open: migrations",
        "gains.apply: call order", "value type 'gain': codec", "model builtin:gain",
        "opener GainOpener with 'gain.safetensors': open",
    } <= set(report.passed)  # fmt: skip


def test_what_has_no_example_is_skipped_with_the_words_to_type(load: Callable[..., ModuleType]) -> None:
    skipped = {check.name: check.message for check in check_plugin(load()).skipped}

    assert skipped["gains.apply: example"] == "give its inputs: examples={'gains.apply': {'image': ...}}"
    assert skipped["value type 'gain'"] == "give values: values=[Gain(...)]"
    assert "wheel" in skipped


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("weights", "elsewhere"), "failed   model builtin:gain"),
        (("@hookimpl\ndef studio_models", "def studio_models"), "studio_models is not marked as a hook"),
        (('float(table["gain"][0])', 'table["nothing"]'), "gains.open: call"),
        (('packed.header["value"]', "0"), "value type 'gain': codec"),
        (("return 4", "return None"), "GainOpener"),
        (("from typing import ClassVar", "import nosuch"), "importing 'studio_gains' raised ModuleNotFoundError"),
    ],
)
def test_each_part_that_fails_is_named(load: Callable[..., ModuleType], change: tuple[str, str], words: str) -> None:
    try:
        plugin: Any = load(change)
    except ModuleNotFoundError:
        plugin = "studio_gains"
    values = [plugin.Gain(2.0)] if isinstance(plugin, ModuleType) else []

    assert words in fail_of(plugin, values=values)


def test_an_example_of_no_node_type_is_named(load: Callable[..., ModuleType]) -> None:
    assert "it has no node type 'gains.aply'" in fail_of(load(), examples={"gains.aply": {}})


def test_a_plugin_without_hooks_is_named() -> None:
    assert "it implements no hook" in fail_of(ModuleType("studio_nothing"))


def test_a_wheel_with_everything_passes(project: Path, load: Callable[..., ModuleType], tmp_path: Path) -> None:
    wheel = build_wheel(project, tmp_path / "dist")

    report = check_plugin(load(), wheel=wheel)

    assert wheel.name == "studio_gains-0.1-py3-none-any.whl"
    assert "wheel" in report.passed
    assert sorted(path.name for path in project.iterdir()) == ["pyproject.toml", "studio_gains"]


def test_weights_and_packages_that_a_wheel_lacks_are_named(
    project: Path, load: Callable[..., ModuleType], tmp_path: Path
) -> None:
    text = PROJECT.replace("[tool.setuptools.packages.find]\ninclude = [\"studio_gains*\"]",
                           "[tool.setuptools]\npackages = [\"studio_gains\"]")  # fmt: skip
    (project / "pyproject.toml").write_text(text.replace("weights/*", "nothing/*").replace('["studio"]', "[]"))
    (project / "studio_gains" / "networks").mkdir()
    (project / "studio_gains" / "networks" / "__init__.py").write_text("")

    told = fail_of(load(), wheel=build_wheel(project, tmp_path / "dist"))

    assert "'studio_gains/weights/gain.safetensors' is not in the wheel" in told
    assert "'studio_gains/networks/__init__.py' is not in the wheel" in told
    assert "it does not depend on studio" in told


def test_digests_of_other_weights_are_named(load: Callable[..., ModuleType], project: Path) -> None:
    plugin = load()
    weights = project / "studio_gains" / "weights" / "gain.safetensors"
    write_digest_list(weights)
    assert "model builtin:gain" in check_plugin(plugin, examples=make_examples(plugin)).passed

    save_file({"gain": np.full(1, 0.25, np.float32)}, weights)

    told = fail_of(plugin, examples=make_examples(plugin))
    assert "model builtin:gain: gain.safetensors: the recorded digests do not match the weights" in told
    assert f"studio models write-digests {weights}" in told


def test_equal_values_are_not_taken_for_other_ones(load: Callable[..., ModuleType]) -> None:
    plugin = load()

    report = check_plugin(plugin, examples=make_examples(plugin), values=[plugin.Gain(0.5), plugin.Gain(2.0)])

    assert "gains.apply: fingerprint" in report.passed


SUBGRAPH = """

from studio.api import Subgraph


@node("gains.blur")
def blur(ctx: Context, image: Image) -> Subgraph[Image]:
    \"\"\"Blur an image with the node type of an installed plugin.

    Args:
        image: Image to change.
    \"\"\"
    graph = Subgraph[Image]()
    graph.output("image", graph.add("image.blur", image=image, radius=1))
    return graph
"""


def test_node_types_of_installed_plugins_are_known(load: Callable[..., ModuleType]) -> None:
    plugin = load(
        ("return [open_gain, apply_gain]", "return [open_gain, apply_gain, blur]"),
        ("@hookimpl", SUBGRAPH + "@hookimpl"),
    )
    image = make_examples(plugin)["gains.apply"]["image"]

    report = check_plugin(plugin, examples={"gains.blur": {"image": image}})

    assert "gains.blur: runs" in report.passed


def test_others_are_modules_or_their_names(
    load: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = load()
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "uses_gains.py").write_text(USER)
    try:
        assert "no plugin provides the value type 'gain'" in fail_of("uses_gains")
        report = check_plugin(
            "uses_gains", examples={"uses.double": {"gain": plugin.Gain(2.0)}}, others=["studio_gains"]
        )
        assert "importing 'no_gains' raised ModuleNotFoundError" in fail_of("uses_gains", others=["no_gains"])
    finally:
        sys.modules.pop("uses_gains", None)

    assert "uses.double: runs" in report.passed


USER = """
import sys
from studio.api import Context, find_node_types, hookimpl, node
from studio_gains import Gain


@node("uses.double")
def double(ctx: Context, gain: Gain) -> float:
    \"\"\"Double a gain.

    Args:
        gain: Factor to apply.
    \"\"\"
    return gain.value * 2


@hookimpl
def studio_node_types():
    return find_node_types(sys.modules[__name__])
"""

KEYED = """
import sys
from dataclasses import dataclass
from studio.api import Context, PluginSettings, Secret, find_node_types, hookimpl, node


@dataclass(frozen=True)
class KeyedSettings(PluginSettings):
    key: Secret
    times: int = 1


@node("keyed.repeat")
def repeat(ctx: Context, text: str, settings: KeyedSettings) -> str:
    \"\"\"Repeat a text.

    Args:
        text: Text to use.
    \"\"\"
    assert settings.key.reveal() == "kept-key-71"
    return text * settings.times


@hookimpl
def studio_settings():
    return KeyedSettings


@hookimpl
def studio_node_types():
    return find_node_types(sys.modules[__name__])
"""


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("STUDIO_PLUGINS_KEYED_TIMES", "nonsense")
    (tmp_path / "studio_keyed.py").write_text(KEYED)
    yield importlib.import_module("studio_keyed")
    sys.modules.pop("studio_keyed", None)


def test_required_settings_are_an_argument(keyed: ModuleType) -> None:
    settings = keyed.KeyedSettings(Secret("kept-key-71"), times=3)
    examples = {"keyed.repeat": {"text": "a"}}

    assert "missing setting plugins.keyed.key" in fail_of(keyed, examples=examples)
    assert "keyed.repeat: runs" in check_plugin(keyed, examples=examples, settings=settings).passed
    assert "runs" in check_node_type(keyed.repeat, text="a", settings=settings).passed


def test_wrong_settings_are_a_finding(keyed: ModuleType) -> None:
    examples = {"keyed.repeat": {"text": "a"}}

    told = fail_of(keyed, examples=examples, settings=keyed.KeyedSettings(Secret("kept-key-71"), times="three"))
    assert "invalid setting plugins.keyed.times" in told
    assert "the settings of plugin 'keyed' are KeyedSettings, not PluginSettings" in fail_of(
        keyed, settings=PluginSettings()
    )


REMEMBERING = """
import sys
from pathlib import Path

from studio.api import Context, PluginHome, find_node_types, hookimpl, node


@node("remembering.note", cache="recompute")
def note(ctx: Context, text: str, home: PluginHome) -> str:
    \"\"\"Keep a text.

    Args:
        text: Text to use.
    \"\"\"
    (home.data_dir / "note.txt").write_text(text)
    return text


@hookimpl
def studio_models(home: PluginHome):
    assert list(home.data_dir.iterdir()) == []
    return {}


@hookimpl
def studio_node_types():
    return find_node_types(sys.modules[__name__])
"""


def test_the_data_folder_of_the_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data/studio/plugins/remembering"
    data.mkdir(parents=True)
    (data / "note.txt").write_text("mine")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "studio_remembering.py").write_text(REMEMBERING)

    report = check_plugin("studio_remembering", examples={"remembering.note": {"text": "a"}})

    assert "remembering.note: runs" in report.passed
    assert (data / "note.txt").read_text() == "mine"
    sys.modules.pop("studio_remembering", None)


def test_graphs_of_earlier_versions_must_be_valid(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    plugin = load()
    old = tmp_path / "old.json"
    old.write_text(
        json.dumps(
            {
                "studio": 1,
                "nodes": {"a": {"type": "gains.open", "version": "1.0", "inputs": {"weights": "builtin:gain"}}},
                "outputs": {},
            }
        )
    )

    told = fail_of(plugin, examples=make_examples(plugin), graphs=[old])

    assert "graph old.json: E110 /nodes/a/inputs/weights: unknown input 'weights'" in told
