"""A run of release 0.1.0 goes on with this one: its cache answers, its files run again, nothing is made twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.make_run import install_plugin, install_studio, run_studio
from golden.studio_golden import studio_golden_types

import studio as package
from studio.app import Studio
from studio.settings import Settings
from studio.version import VERSION

FOLDER = Path(__file__).parents[1] / "golden" / "0.1.0" / "run"
FILES = sorted(path.name for path in (FOLDER / "files").iterdir() if path.is_file() and path.suffix != ".txt")
CACHED = ("picture", "shades", "mask", "sound", "name")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with the graph, the files, the cache and the plugin of the run, all but what it counted."""
    shutil.copytree(FOLDER, tmp_path / "work")
    (tmp_path / "work" / "calls.txt").unlink()
    install_plugin(tmp_path / "work" / "plugin")
    # the code of an installation from sources counts in fingerprints, that of a release does not
    install_studio(tmp_path / "work" / "plugin", Path(package.__file__).parent, VERSION)
    return tmp_path / "work"


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugin, in memory."""
    plugins = [("studio-golden", studio_golden_types)]
    with Studio(Settings(device="cpu"), plugins=plugins, on_disk=False) as opened:
        yield opened


def test_the_cache_of_a_run_answers_and_nothing_is_made_again(work: Path) -> None:
    only = [word for output in CACHED for word in ("--only", output)]

    done = run_studio(work, "run", "graph.json", "-o", "again", "--device", "cpu", "--json", *only)

    assert done.returncode == 0, done.stderr
    cache = json.loads(done.stdout)["data"]["cache"]
    assert (cache["calls"], cache["hits"]) == (7, 7)
    assert not (work / "calls.txt").exists()
    assert (work / "again" / "name.txt").read_bytes() == (FOLDER / "files" / "name.txt").read_bytes()


def test_a_picture_runs_again_and_nothing_is_made_again(work: Path) -> None:
    done = run_studio(work, "run", "files/picture.png", "-o", "again", "--device", "cpu", "--only", "picture")

    assert done.returncode == 0, done.stderr
    assert "0 run, 1 from the cache" in done.stderr
    assert not (work / "calls.txt").exists()


def test_a_changed_graph_runs_what_changed(work: Path) -> None:
    """The plugin does count its calls, so that the tests above could fail."""
    only = ("--only", "picture", "--only", "sound")

    done = run_studio(work, "run", "graph.json", "-o", "again", "--device", "cpu", "--set", "pitch=220", *only)

    assert done.returncode == 0, done.stderr
    assert (work / "calls.txt").read_text(encoding="utf-8") == "ring\n"


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_every_format_carries_its_graph(studio: Studio, tmp_path: Path, name: str) -> None:
    document = json.loads((FOLDER / "graph.json").read_text(encoding="utf-8"))
    output = Path(name).stem.partition("_")[0]
    (tmp_path / "calls").mkdir()

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "calls")
        made = studio.run(FOLDER / "files" / name, only=[output])

    assert not made.errors
    assert studio.load(FOLDER / "files" / name).document.nodes.keys() >= find_ancestry(document, output)
    check_value(made[output])


def find_ancestry(document: dict[str, Any], output: str) -> set[str]:
    """Return the nodes that an output needs."""
    node = document["outputs"][output]["from"]
    return {node, "paint"} if node in ("cut", "film") else {node}


def check_value(value: Any) -> None:
    """Compare a value with what the plugin's formulas say."""
    ramp = np.linspace(0, 1, 24, dtype=np.float32)
    kind = type(value).__name__
    if kind == "Image":
        assert value.pixels[3, :, 0] == pytest.approx(ramp)
    elif kind == "Mask":
        assert np.squeeze(value.pixels[3]) == pytest.approx((ramp > 0.5).astype(np.float32))
    elif kind == "Audio":
        wave = np.sin(np.arange(800) * 2 * np.pi * 440 / 8000) / 2
        assert value.samples[:, 0] == pytest.approx(wave, abs=1e-4)
    elif kind == "Video":
        assert sum(1 for _ in value.frames()) == 3
    else:
        assert len(value) == 3
