"""Files of tensors: a disk that is full says so, and leaves the file of before."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from studio.api import is_disk_full
from studio_train import tensor_file
from studio_train.checkpoint import save_checkpoint
from studio_train.tensor_file import save_tensors


def fail_half_way(message: str) -> Callable[..., None]:
    """Return a function that writes half a file and fails as safetensors does."""

    def save(tensors: Any, path: Path, metadata: Any = None) -> None:
        path.write_bytes(b"half")
        raise SafetensorError(message)

    return save


def test_tensors_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_tensors({"a": torch.zeros(2)}, path)
    save_tensors({"a": torch.nn.Parameter(torch.ones(3, 2)).T}, path, {"kind": "test"})

    assert torch.equal(load_file(path)["a"], torch.ones(2, 3))
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_says_so_and_leaves_the_checkpoint_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"a": torch.nn.Parameter(torch.zeros(2))}
    optimizer = torch.optim.AdamW(weights.values())
    save_checkpoint(tmp_path, weights, optimizer, [1.0])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    message = "Error while serializing: I/O error: No space left on device (os error 28)"
    monkeypatch.setattr(tensor_file, "save_file", fail_half_way(message))

    with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOSPC))) as raised:
        save_checkpoint(tmp_path, weights, optimizer, [1.0, 0.5])

    assert raised.value.errno == errno.ENOSPC
    assert is_disk_full(raised.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_the_system_refuses_is_its_error(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.with_name("new_a.safetensors").mkdir()  # stands where the file is written

    with pytest.raises(IsADirectoryError):
        save_tensors({"a": torch.zeros(2)}, path)

    assert not path.exists()


def test_other_errors_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_file, "save_file", fail_half_way("Error while serializing: InvalidHeader"))

    with pytest.raises(SafetensorError, match="InvalidHeader"):
        save_tensors({"a": torch.zeros(2)}, tmp_path / "a.safetensors")

    assert list(tmp_path.iterdir()) == []
