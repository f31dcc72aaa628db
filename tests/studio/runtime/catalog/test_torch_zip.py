"""Zip files of PyTorch with tensors alone become safetensors; anything else in them is refused, and nothing runs."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from studio.errors import ModelError
from studio.runtime.catalog.torch_zip import convert_torch_zip

MADE: list[str] = []


def convert(folder: Path, content: Any, **more: Any) -> dict[str, torch.Tensor]:
    torch.save(content, folder / "w.pth", **more)
    convert_torch_zip({"w.pth": folder / "w.pth"}, folder)
    return load_file(folder / "model.safetensors")


def make_tensors() -> OrderedDict[str, torch.Tensor]:
    kinds = [
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int8,
        torch.uint8,
        torch.bool,
    ]
    tensors = OrderedDict((f"a.{kind}", torch.arange(6).reshape(2, 3).to(kind)) for kind in kinds)
    tensors["transposed"] = torch.arange(12.0).reshape(3, 4).T
    tensors["middle"] = torch.arange(12.0)[3:7]
    tensors["single"] = torch.tensor(3.5)
    tensors["parameter"] = torch.nn.Parameter(torch.ones(2))
    return tensors


@pytest.mark.parametrize("key", [None, "params_ema", "params", "state_dict"])
def test_tensors_of_every_kind_arrive_as_torch_reads_them(tmp_path: Path, key: str | None) -> None:
    tensors = make_tensors()

    found = convert(tmp_path, tensors if key is None else {key: tensors})

    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


def test_a_network_with_what_torch_notes_of_its_layers_is_converted(tmp_path: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))

    found = convert(tmp_path, network.state_dict())

    assert all(torch.equal(found[name], tensor) for name, tensor in network.state_dict().items())


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    convert(tmp_path / "a", make_tensors())
    convert(tmp_path / "b", OrderedDict(reversed(make_tensors().items())))

    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


class Evil:
    def __reduce__(self) -> Any:
        return MADE.append, ("ran",)


class EvilState:
    def __setstate__(self, state: Any) -> None:
        MADE.append("ran")

    def __getstate__(self) -> Any:
        return {"a": 1}


@pytest.mark.parametrize("content", [Evil(), EvilState(), slice(1), {1, 2}, b"bytes"])
def test_a_pickle_with_more_than_tensors_is_refused_and_does_not_run(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ModelError) as caught:
        convert(tmp_path, {"a": torch.ones(2), "more": content}, pickle_protocol=4)

    assert caught.value.code == "E604"
    assert MADE == []


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02ctorch\nload\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x02Q.",
    ],
)
def test_a_pickle_written_by_hand_is_refused(tmp_path: Path, data: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("w/data.pkl", data)

    with pytest.raises(ModelError) as caught:
        convert_torch_zip({"w.pth": tmp_path / "w.pth"}, tmp_path)

    assert caught.value.code in ("E604", "E605")


def test_a_pickle_that_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"a": 1}))

    with pytest.raises(ModelError, match="is not a zip file of PyTorch"):
        convert_torch_zip({"w.pth": tmp_path / "w.pth"}, tmp_path)


def test_a_tensor_that_reaches_over_its_bytes_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(4)}, tmp_path / "w.pth")
    with zipfile.ZipFile(tmp_path / "w.pth") as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    data = next(name for name in members if "/data/" in name)
    members[data] = members[data][:8]
    with zipfile.ZipFile(tmp_path / "cut.pth", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    with pytest.raises(ModelError, match="tensor 'a' reaches over its 8 bytes"):
        convert_torch_zip({"w.pth": tmp_path / "cut.pth"}, tmp_path)


def test_an_expanded_tensor_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reaches over"):
        convert(tmp_path, {"a": torch.ones(1).expand(10**9)})
