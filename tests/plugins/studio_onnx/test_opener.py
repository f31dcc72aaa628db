"""ONNX models behind `ctx.open`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import Model, ModelError
from studio.app import Studio
from studio.runtime.devices import Device
from studio.runtime.models import Models
from studio.runtime.weights import hash_bytes
from studio.settings import Settings
from studio.testing import check_model_opener
from studio_onnx.opener import OnnxOpener
from tests.onnx_files import write_affine

CPU = Device("cpu", "float32")


@pytest.fixture
def models() -> Models:
    return Models({}, [OnnxOpener()], hash_bytes)


@pytest.fixture
def runtime() -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra studio[onnx]")


@pytest.mark.usefixtures("runtime")
def test_a_file_is_leased_like_any_model(models: Models, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(write_affine(2.0, 1.0))

    with models.open(Model(f"file:{tmp_path / 'net.onnx'}"), CPU) as network:
        found = network.run({"x": np.float32([[1, 2]])})

    assert found["y"].tolist() == [[3.0, 5.0]]
    assert [each.bytes for each in models.residents()] == [8]


@pytest.mark.usefixtures("runtime")
def test_a_load_option_names_one_file_of_several(models: Models, tmp_path: Path) -> None:
    for name, factor in (("a", 2.0), ("b", 5.0)):
        (tmp_path / f"{name}.onnx").write_bytes(write_affine(factor, 0.0))

    with models.open(Model(f"file:{tmp_path}", (("file", "b.onnx"),)), CPU) as network:
        assert network.run({"x": np.float32([[1, 1]])})["y"].tolist() == [[5.0, 5.0]]
    with pytest.raises(ModelError, match="contains 2 ONNX files"), models.open(Model(f"file:{tmp_path}"), CPU):
        pass


def test_an_unknown_load_option_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(write_affine())
    model = Model(f"file:{tmp_path / 'net.onnx'}", (("half", True),))

    with pytest.raises(ModelError, match="E633"):
        OnnxOpener().open(tmp_path / "net.onnx", model, device="cpu", dtype="float32", parts={})


def test_a_folder_with_weights_of_another_format_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(write_affine())
    assert OnnxOpener().can_open(tmp_path, Model(f"file:{tmp_path}"))

    (tmp_path / "model.safetensors").write_bytes(b"")
    assert not OnnxOpener().can_open(tmp_path, Model(f"file:{tmp_path}"))


def test_other_plugins_are_asked_before() -> None:
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        openers = list(studio.registry.model_openers)

    assert isinstance(openers[-1], OnnxOpener)
    assert len(openers) > 3


@pytest.mark.usefixtures("runtime")
def test_the_opener_keeps_its_promises(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(write_affine())

    check_model_opener(OnnxOpener(), tmp_path / "net.onnx")
