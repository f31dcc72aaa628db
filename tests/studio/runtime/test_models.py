"""Models: finding weights, hashing them by content, opening them, refusing what is unsafe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import Model
from studio.cache.digest import hash_file
from studio.errors import ModelError
from studio.runtime.devices import Device
from studio.runtime.models import Models

CPU = Device("cpu", "float32")


class FakeOpener:
    """Opens `.safetensors`; counts what is open."""

    def __init__(self) -> None:
        self.open_count = 0

    def can_open(self, path: Path, model: Model) -> bool:
        """Say yes to one suffix."""
        return path.suffix == ".safetensors"

    def open(self, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Return a description."""
        self.open_count += 1
        return (path.name, device, dtype)

    def measure(self, opened: Any) -> int:
        """Return a size."""
        return 1

    def close(self, opened: Any) -> None:
        """Count down."""
        self.open_count -= 1


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of weights."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def opener() -> FakeOpener:
    """The opener."""
    return FakeOpener()


@pytest.fixture
def models(weights: Path, opener: FakeOpener) -> Models:
    """Models with one builtin."""
    return Models({"net": weights}, [opener], lambda path: hash_file(path).hex())


def test_weights_are_found_by_name_and_by_path(models: Models, weights: Path) -> None:
    assert models.find_path(Model("builtin:net")) == models.find_path(Model(f"file:{weights}")) == weights


@pytest.mark.parametrize(
    ("reference", "code"), [("builtin:other", "E602"), ("file:/nowhere/x.safetensors", "E602"), ("hub:a/b", "E602")]
)
def test_weights_that_are_not_there_are_told(models: Models, reference: str, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        models.find_path(Model(reference))

    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".PKL"])
def test_a_pickle_is_refused(models: Models, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"x")

    with pytest.raises(ModelError, match="E604"):
        models.find_path(Model(f"file:{path}"))


def test_the_digest_is_of_the_content(models: Models, weights: Path) -> None:
    before = models.digest(Model("builtin:net"))
    weights.write_bytes(b"others")

    assert before != models.digest(Model("builtin:net"))


def test_the_digest_of_a_folder_has_names_and_contents(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    (folder / "part").mkdir(parents=True)
    digests = set()
    for name, content in (("a", b"1"), ("a", b"2"), ("part/a", b"1")):
        for old in folder.rglob("a"):
            old.unlink()
        (folder / name).write_bytes(content)
        digests.add(models.digest(Model(f"file:{folder}")))

    assert len(digests) == 3


def test_a_lease_closes_what_it_opened_also_after_an_error(models: Models, opener: FakeOpener) -> None:
    with models.open(Model("builtin:net"), CPU) as net:
        assert net == ("net.safetensors", "cpu", "float32")
        assert opener.open_count == 1

    def fail() -> None:
        with models.open(Model("builtin:net"), CPU):
            raise RuntimeError("nope")

    with pytest.raises(RuntimeError):
        fail()
    assert opener.open_count == 0


def test_weights_that_nobody_can_open_are_told(models: Models, tmp_path: Path) -> None:
    (tmp_path / "net.xyz").write_bytes(b"x")

    with pytest.raises(ModelError, match="E603"), models.open(Model(f"file:{tmp_path / 'net.xyz'}"), CPU):
        pass
