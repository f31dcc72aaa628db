"""Weights of ours and of spandrel: what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import Model, ModelError
from studio_upscale.opener import UpscaleOpener
from studio_upscale.weights_file import KEY
from tests.plugins.studio_upscale.tiny_networks import write_compact, write_spandrel

ANY = Model("file:weights.safetensors")


def _open(path: Path, model: Model = ANY) -> Any:
    opener = UpscaleOpener()
    assert opener.can_open(path, model)
    return opener.open(path, model, device="cpu", dtype="float32", parts={})


SPOILED_GAUGES: dict[str, Any] = {
    "another shape": lambda tensors: tensors.update({"gauge.mean": torch.zeros(4)}),
    "none": lambda tensors: tensors.pop("gauge.mean"),
    "no members": lambda tensors: tensors.update({"gauge.first": torch.zeros(0, 2, 131)}),
    "a number": lambda tensors: tensors.update({"gauge.first": torch.zeros(())}),
    "no deviation": lambda tensors: tensors["gauge.deviation"].zero_(),
    "less than no temperature": lambda tensors: tensors["gauge.temperature"].neg_(),
}


def _set_nan(tensors: dict[str, Any]) -> None:
    next(iter(tensors.values())).view(-1)[0] = float("nan")


def _set_infinite(tensors: dict[str, Any]) -> None:
    list(tensors.values())[-1].view(-1)[0] = float("inf")


def _drop_one(tensors: dict[str, Any]) -> None:
    del tensors[next(name for name in tensors if "body" in name and "2" in name)]


def _reshape_one(tensors: dict[str, Any]) -> None:
    name = next(name for name in tensors if name.endswith("weight") and "body" in name)
    tensors[name] = torch.zeros(3, 3)


@pytest.mark.parametrize("kind", SPOILED_GAUGES)
def test_a_damaged_gauge_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors", coded=True, spoil=SPOILED_GAUGES[kind]))

    assert caught.value.code == "E690"
    assert kind != "none" or "'gauge.mean' is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("width", -1), ("width", float("inf")), ("blocks", 10**9), ("coded", 7), ("scales", []), ("scales", [10**6])],
)
def test_a_description_that_makes_no_sense_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = write_compact(tmp_path / "net.safetensors", coded=True)
    tensors, facts = load_file(path), {"width": 8, "blocks": 1, "coded": 1, "scales": [2, 3, 4], "prefix": "net."}
    save_file(tensors, path, metadata={KEY: json.dumps({"networks": [facts | {key: value}], "fast": False})})

    with pytest.raises(ModelError) as caught:
        _open(path)

    assert caught.value.code == "E690"
    assert "invalid description" in str(caught.value)


@pytest.mark.parametrize("spoil", [_set_nan, _set_infinite])
def test_weights_with_nan_or_infinity_are_refused(tmp_path: Path, spoil: Any) -> None:
    for path in (
        write_compact(tmp_path / "a.safetensors", spoil=spoil),
        write_spandrel(tmp_path / "b.safetensors", "Compact", spoil),
    ):
        with pytest.raises(ModelError) as caught:
            _open(path)
        assert caught.value.code == "E691"


@pytest.mark.parametrize("spoil", [_drop_one, _reshape_one])
def test_weights_that_do_not_fit_their_architecture_are_refused(tmp_path: Path, spoil: Any) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_spandrel(tmp_path / "net.safetensors", "Compact", spoil))

    assert caught.value.code == "E690"
    assert "Compact" in caught.value.message


@pytest.mark.parametrize("spoil", [_reshape_one, lambda tensors: tensors.clear()])
def test_our_own_weights_that_are_incomplete_are_refused(tmp_path: Path, spoil: Any) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors", spoil=spoil))

    assert caught.value.code == "E690"


@pytest.mark.parametrize("facts", ["{", "[]", "{}", '{"networks": []}', '{"networks": [{"width": -1}]}'])
def test_descriptions_that_are_none_are_refused(tmp_path: Path, facts: str) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"studio_upscale": facts})

    with pytest.raises(ModelError) as caught:
        _open(path)

    assert caught.value.code == "E690"
