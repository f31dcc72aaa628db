"""What release 0.1.0 wrote is read by this one: digests, fingerprints, caches, files that carry their graph."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from golden.values import make_node_types, make_values

from studio.app import Studio
from studio.execution.fingerprint import Fingerprints
from studio.settings import Settings

FOLDER = Path(__file__).parent.parent / "golden" / "0.1.0"
GOLDEN = json.loads((FOLDER / "golden.json").read_text(encoding="utf-8"))
VALUES = make_values()
FILES = sorted(path.name for path in FOLDER.iterdir() if path.stem in ("picture", "sound"))


@pytest.fixture(scope="module")
def studio() -> Any:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.mark.parametrize("name", GOLDEN["digests"])
def test_a_digest_is_what_it_was(studio: Studio, name: str) -> None:
    assert studio.cache.digest(VALUES[name]) == GOLDEN["digests"][name]


@pytest.mark.parametrize("name", GOLDEN["fingerprints"])
def test_a_fingerprint_is_what_it_was(name: str) -> None:
    node_type, _, device = name.rpartition(", ")
    inputs = {"a": "1" * 64, "b": "2" * 64}

    found = Fingerprints(device, "float32").find(make_node_types()[node_type], inputs)

    assert found == GOLDEN["fingerprints"][name]


def test_digests_of_different_values_differ() -> None:
    assert len(set(GOLDEN["digests"].values())) == len(VALUES)


@pytest.mark.parametrize(("index", "name"), list(enumerate(GOLDEN["stored"])))
def test_a_cache_gives_back_what_was_stored(tmp_path: Path, index: int, name: str) -> None:
    shutil.copytree(FOLDER / "cache", tmp_path / "cache")

    with Studio(Settings(device="cpu", cache_dir=tmp_path / "cache")) as opened:
        action = opened.cache.find(f"{index:064x}")
        assert action is not None
        loaded = opened.cache.load(action.outputs["value"])

        assert (action.node_type, dict(action.parts)) == ("golden.make", {"part": name})
        assert opened.cache.digest(loaded) == GOLDEN["digests"][name]
        assert type(loaded) is type(VALUES[name])


@pytest.mark.parametrize("name", FILES)
def test_a_file_runs_again_and_makes_the_same(studio: Studio, tmp_path: Path, name: str) -> None:
    shutil.copy(FOLDER / name, tmp_path / name)
    output = Path(name).stem

    made = studio.run(tmp_path / name, only=[output])

    assert not made.errors
    if output == "picture":
        assert (made[output].width, made[output].height) == (20, 16)
    if name == "picture.png":
        written = studio.registry.value_types["image"].read_file(FOLDER / name, studio.settings.media)
        assert made[output].pixels == pytest.approx(written.pixels, abs=0.501 / 255)
    if name == "sound.wav":
        written = studio.registry.value_types["audio"].read_file(FOLDER / name, studio.settings.media)
        assert made[output].samples == pytest.approx(written.samples, abs=1 / 32768)
