"""`studio models`, and the options of `studio run` for models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_hub import FakeHub
from fake_models import write_pipeline, write_weights

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

PLUGIN = '''
from pathlib import Path
from studio.api import Context, Model, ModelOpener, hookimpl, node


class Opener(ModelOpener):
    def can_open(self, path, model):
        return True

    def open(self, path, model, *, device, dtype, parts):
        return path.name

    def measure(self, opened):
        return 1000


@node("weigh.name", lane="device")
def name(ctx: Context, model: Model) -> str:
    """Name weights.

    Args:
        model: The weights.
    """
    with ctx.open(model) as opened:
        return opened


@hookimpl
def studio_node_types():
    return [name]


@hookimpl
def studio_model_openers():
    return [Opener()]


@hookimpl
def studio_models():
    return {"tiny": Path(__file__).parent / "tiny.safetensors"}
'''


@pytest.fixture(autouse=True)
def folders(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of models of this test's own, and a plugin with a model."""
    monkeypatch.setenv("STUDIO_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("STUDIO_HUB_DIR", str(tmp_path / "hub"))
    monkeypatch.setenv("STUDIO_PLUGINS_DIR", str(desk / "plugins"))
    (desk / "plugins").mkdir()
    (desk / "plugins" / "studio_weigh.py").write_text(PLUGIN, encoding="utf-8")
    write_weights(desk / "plugins" / "tiny.safetensors")


@pytest.fixture
def hub(desk: Desk) -> Iterator[FakeHub]:
    """A hub with one model."""
    with FakeHub.serve_folder("ada/net", write_pipeline(desk / "served", unet=1, vae=2)) as made:
        yield made


def write_graph(desk: Desk, model: str) -> Path:
    """Write a graph that opens a model."""
    nodes = {"name": {"type": "weigh.name", "inputs": {"model": model}}}
    return desk.write_graph("weigh.json", {"nodes": nodes, "outputs": {"name": {"from": "name"}}})


def test_a_model_is_added_listed_shown_verified_and_removed(desk: Desk) -> None:
    path = write_weights(desk / "mine.safetensors", 3)

    assert desk.call("models", "add", "mine", "mine.safetensors").out == "local:mine\n"
    rows = {row["reference"]: row for row in desk.call("models", "list", "--json").json}
    assert rows["local:mine"]["path"] == str(path)
    assert "builtin:tiny" in rows
    told = desk.call("models", "show", "local:mine", "--json").json
    assert (told["kind"], told["components"][0]["numbers"]) == ("safetensors file", {"float32": 4})
    assert desk.call("models", "verify", "local:mine").out.startswith("local:mine: good, ")
    assert "its files stay" in desk.call("models", "remove", "local:mine").out
    assert path.exists()
    assert desk.call("models", "show", "local:mine").code == 2


def test_a_person_reads_sizes_and_classes(desk: Desk) -> None:
    write_pipeline(desk / "pipe", unet=1, vae=2)

    text = desk.call("models", "show", f"file:{desk / 'pipe'}").out

    assert "FakePipeline" in text
    assert "4 float32" in text
    assert "builtin:tiny" in desk.call("models", "list").out


def test_a_model_that_changed_is_an_error_until_it_is_accepted(desk: Desk) -> None:
    desk.succeed("models", "verify", "builtin:tiny")
    write_weights(desk / "plugins" / "tiny.safetensors", 5)

    done = desk.call("models", "verify", "builtin:tiny")

    assert (done.code, "changed" in done.out) == (1, True)
    assert "recorded" in desk.call("models", "verify", "--accept", "builtin:tiny").out
    assert desk.call("models", "verify", "builtin:tiny").code == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("show", "nonsense"), "E601"),
        (("show", "builtin:other"), "E602"),
        (("add", "x", "nosuch"), "E602"),
        (("add", "a b", "plugins/tiny.safetensors"), "E609"),
        (("pull", "builtin:tiny"), "E609"),
        (("remove", "builtin:tiny"), "E609"),
        (("remove", "hub:a/b"), "E602"),
        (("verify", "local:nosuch"), "E602"),
    ],
)
def test_mistakes_are_reported_with_their_code(desk: Desk, args: tuple[str, ...], code: str) -> None:
    done = desk.call("models", *args)

    assert (done.code, code in done.err) == (2, True)
    assert "hint:" in done.err


def test_a_run_names_the_command_and_the_command_works(desk: Desk, hub: FakeHub) -> None:
    graph = write_graph(desk, "hub:ada/net")
    environment = {**os.environ, "HF_ENDPOINT": hub.url}

    failed = desk.call_process("run", graph, env=environment)
    assert failed.code == 2
    assert "studio models pull hub:ada/net" in failed.err
    assert hub.asked == []

    pulled = desk.call_process("models", "pull", "hub:ada/net", env=environment)
    assert pulled.code == 0, pulled.text
    hub.asked.clear()
    assert desk.call_process("run", graph, "--json", env=environment).code == 0
    assert hub.asked == []
    assert "freed" in desk.call("models", "remove", "hub:ada/net").out


def test_download_fetches_what_a_run_needs(desk: Desk, hub: FakeHub) -> None:
    graph = write_graph(desk, "hub:ada/net")

    done = desk.call_process("run", graph, "--download", "--json", env={**os.environ, "HF_ENDPOINT": hub.url})

    assert done.code == 0, done.text


def test_budgets_are_options(desk: Desk) -> None:
    graph = write_graph(desk, "builtin:tiny")

    kept = desk.call("run", graph, "--no-cache", "--json", "--ram", "1MB", "--vram", "1GB").json
    freed = desk.call("run", graph, "--no-cache", "--json", "--ram", "10B").json

    assert kept["models"]["resident_bytes"] == 1000
    assert freed["models"] == {"opened": 1, "planned": {}, "resident_bytes": 0, "resident": []}


def test_rerun_and_batch_take_budgets_too(desk: Desk) -> None:
    graph = write_graph(desk, "builtin:tiny")
    options = ("--ram", "10B", "--vram", "1GB", "--memory", "1MB", "--timeout", "60")

    assert desk.call("run", graph).code == 0
    (made,) = (desk / "out").glob("*.txt")
    assert desk.call("rerun", made, "-o", "again", *options).code == 0
    assert desk.call("batch", graph, "--repeat", "1", "-o", "many", "--workers", "0", *options).code == 0


def test_digests_are_written_under_the_new_name_and_the_old(desk: Desk) -> None:
    weights = desk / "plugins/tiny.safetensors"

    told = [desk.call("models", command, weights).out for command in ("write-digests", "list-digests")]

    assert told == [f"{weights}.blake3.txt\n"] * 2
    assert "list-digests" not in desk.call("models", "--help").out


def test_looking_after_models_loads_nothing_heavy(desk: Desk) -> None:
    for args in (("models", "list"), ("models", "show", "builtin:tiny"), ("models", "verify", "builtin:tiny")):
        assert not {"torch", "diffusers", "transformers"} & desk.list_modules(*args)


def test_an_error_of_a_command_that_prints_json_is_json(desk: Desk) -> None:
    done = desk.call("models", "show", "file:/nope", "--json")

    assert done.answer["error"]["code"] == "E602"
    assert done.code == 2
