"""Weights in the cache: whole or not at all, named by their content, least recently used out first."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from fake_models import create_library, write_pipeline, write_weights

from studio.api import Model
from studio.errors import CacheError, ModelError
from studio.runtime.kept import KeptWeights, digest_weights
from studio.runtime.library import Library
from studio.runtime.model_records import ModelRecords


def create_kept(folder: Path, limit_bytes: int = 2**20) -> KeptWeights:
    """Return weights in a folder; its names are those of `create_library`."""
    return KeptWeights(folder / "kept", limit_bytes, ModelRecords(folder / "models"))


def age(kept: KeptWeights, digest: str, seconds: float) -> None:
    """Have weights been used so long ago."""
    then = time.time() - seconds
    os.utime(kept.folder / digest, (then, then))


def test_a_file_and_a_folder_are_kept_under_the_digest_of_their_content(tmp_path: Path) -> None:
    kept = create_kept(tmp_path)
    file = write_weights(tmp_path / "net.safetensors", 1.0)
    folder = write_pipeline(tmp_path / "pipeline", unet=1.0, vae=2.0)
    (folder / "sample.png").write_bytes(b"no weights")

    names = [kept.keep(path) for path in (file, folder)]
    found = {row.digest: row.path for row in kept.list_rows()}

    assert names == [digest_weights(file), digest_weights(folder)]
    assert sorted(found) == sorted(names)
    assert found[names[0]].read_bytes() == file.read_bytes()
    assert not (found[names[1]] / "sample.png").exists()
    assert (found[names[1]] / "unet" / "model.safetensors").is_file()
    assert [kept.find(name) for name in names] == [found[name] for name in names]
    assert kept.size == sum(row.bytes for row in kept.list_rows()) > 0


def test_the_library_takes_kept_weights_as_any_other(tmp_path: Path) -> None:
    kept = create_kept(tmp_path)
    library = Library({}, lambda path: digest_weights(path), folder=tmp_path / "models", kept=kept)
    model = Model(f"kept:{kept.keep(write_weights(tmp_path / 'net.safetensors'))}")

    assert library.digest(model) == model.target
    assert [row.reference for row in library.list_models()] == [model.reference]
    assert library.verify(model).status == "good"
    assert library.describe(model).digest == model.target
    assert library.remove(model) > 0
    with pytest.raises(ModelError, match="the cache has no weights"):
        library.find_path(model)


def test_named_weights_stay_until_their_name_is_forgotten(tmp_path: Path) -> None:
    kept = create_kept(tmp_path, limit_bytes=0)
    library = Library({}, lambda path: digest_weights(path), folder=tmp_path / "models", kept=kept)
    model = Model(f"kept:{kept.keep(write_weights(tmp_path / 'net.safetensors'))}")
    library.add("mine", library.find_path(model))
    age(kept, model.target, 7200)

    assert kept.evict() == (0, 0)
    with pytest.raises(ModelError, match="has the name local:mine"):
        library.remove(model)
    library.remove(Model("local:mine"))
    assert kept.evict()[0] == 1


def test_the_least_recently_used_go_first_and_what_may_be_in_use_stays(tmp_path: Path) -> None:
    kept = create_kept(tmp_path)
    names = [kept.keep(write_weights(tmp_path / "net.safetensors", float(number))) for number in range(4)]
    size = kept.size // 4
    for name, seconds in zip(names, (5000, 9000, 100, 7000), strict=True):
        age(kept, name, seconds)

    assert kept.evict(2 * size) == (2, 2 * size)
    assert sorted(row.digest for row in kept.list_rows()) == sorted([names[0], names[2]])
    assert kept.evict(0) == (1, size)  # the third was used in the last hour
    assert kept.evict(0, spare_seconds=0.0) == (1, size)
    assert kept.size == 0


def test_finding_weights_counts_as_a_use(tmp_path: Path) -> None:
    kept = create_kept(tmp_path)
    name = kept.keep(write_weights(tmp_path / "net.safetensors"))
    age(kept, name, 9000)

    create_kept(tmp_path).find(name)

    assert time.time() - kept.list_rows()[0].used < 600


def test_damaged_weights_are_found_and_replaced(tmp_path: Path) -> None:
    kept, file = create_kept(tmp_path), write_weights(tmp_path / "net.safetensors", 1.0)
    name = kept.keep(file)
    path = kept.find(name)
    assert path is not None
    write_weights(path, 2.0)

    assert kept.keep(file) == name
    assert kept.verify() == []
    write_weights(path, 3.0)
    assert kept.verify() == [name]
    assert kept.find(name) is None


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept, file = create_kept(tmp_path), write_weights(tmp_path / "net.safetensors", 1.0)
    monkeypatch.setattr(shutil, "copyfile", fail)

    with pytest.raises(CacheError, match="E402"):
        kept.keep(file)
    assert list(kept.folder.iterdir()) == []


def test_what_killed_processes_left_is_no_model_and_goes_after_a_day(tmp_path: Path) -> None:
    kept = create_kept(tmp_path)
    left = kept.folder / "tmp-1-abc"
    write_weights(left / "net.safetensors")

    assert kept.list_rows() == []
    assert kept.remove_leftovers() == 0
    os.utime(left, (0, 0))
    assert kept.remove_leftovers() == 1
    assert not left.exists()


def test_a_library_without_kept_weights_says_that_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="E602"):
        create_library(tmp_path).find_path(Model("kept:" + "a" * 64))
