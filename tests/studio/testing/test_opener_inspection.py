"""`check_model_opener` opens weights as a run would, and names what an opener does wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from studio.api import Model, ModelOpener
from studio.testing import check_model_opener


class TableOpener(ModelOpener):
    """Opens tables of gains."""

    def can_open(self, path: Path, model: Model) -> bool:
        if path.suffix != ".safetensors":
            return False
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        return "gains" in json.loads(data[8 : 8 + length])

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        return dict(load_file(path), dtype=dtype)

    def measure(self, opened: Any) -> int:
        return int(opened["gains"].nbytes)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    save_file({"gains": np.ones(4, np.float32)}, tmp_path / "gains.safetensors")
    return tmp_path / "gains.safetensors"


def test_a_good_opener_passes_every_check(weights: Path) -> None:
    report = check_model_opener(TableOpener(), weights, dtype="float16")

    assert report.passed == [
        "registration", "weights", "can_open", "find_kind", "open", "measure", "save_memory", "close and open again"
    ]  # fmt: skip


def fail(self: Any, *_: Any, **__: Any) -> Any:
    raise ValueError("no luck")


def open_and_keep(self: Any, path: Path, model: Model, **more: Any) -> Any:
    self.last = TableOpener.open(self, path, model, **more)
    return self.last


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"can_open": lambda self, path, model: True}, "can_open returned True for 'foreign'; return False"),
        ({"can_open": lambda self, path, model: False}, "can_open returned False for 'gains.safetensors'"),
        ({"can_open": fail}, "can_open raised ValueError: no luck"),
        ({"open": fail}, "open: 'builtin:checked' cannot be opened: ValueError: no luck"),
        ({"open": open_and_keep}, "state: opening changed the attributes"),
        ({"measure": lambda self, opened: 0}, "measure returned 0"),
        ({"save_memory": lambda self, opened: 3}, "save_memory returned 3"),
        ({"save_memory": lambda self, opened: "again"}, "save_memory took 100 measures"),
        ({"undo_measures": fail}, "saving memory raised ValueError"),
        ({"find_kind": fail}, "find_kind raised ValueError: no luck"),
        ({"find_kind": lambda self, path, model: ["lora"]}, "find_kind returned ['lora']; return a word"),
        ({"find_kind": lambda self, path, model: ""}, "find_kind returned ''; return a word"),
    ],
)
def test_a_bad_opener_is_found(weights: Path, methods: dict[str, Any], words: str) -> None:
    bad = type("BadOpener", (TableOpener,), methods)()

    with pytest.raises(AssertionError) as caught:
        check_model_opener(bad, weights)

    assert words in str(caught.value)


def test_weights_that_are_a_pickle_or_missing_are_found(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"\x80\x04K\x01.")

    for name in ("net.pt", "nothing.safetensors"):
        with pytest.raises(AssertionError, match="failed   weights"):
            check_model_opener(TableOpener(), tmp_path / name)
