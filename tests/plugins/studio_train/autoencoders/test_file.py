"""Files of autoencoders: there and back, and what is not believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from studio.api import Model, ModelError
from studio_train.autoencoders.file import load_autoencoder, save_autoencoder
from studio_train.autoencoders.model import Autoencoder, measure
from studio_train.autoencoders.network import VaeCoder
from studio_train.facts import KEY, read_facts
from studio_train.opener import AutoencoderOpener
from tests.plugins.studio_train.small_autoencoders import make_autoencoder, make_waves, write_autoencoder


def make_vae() -> Autoencoder:
    torch.manual_seed(1)
    coder, waves = VaeCoder((16, 24), 3).eval(), make_waves(12, columns=24)
    return Autoencoder("vae", (16, 24), coder, measure(coder, waves[:8], waves[8:]))


def change(path: Path, facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    """Write a file again with other facts or tensors."""
    with safe_open(path, "pt") as file:
        old_facts = json.loads(file.metadata()[KEY])
        old = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(old | tensors, path, {KEY: json.dumps(old_facts | facts)})


@pytest.mark.parametrize("made", [make_autoencoder, make_vae])
def test_what_is_written_is_what_is_read(tmp_path: Path, made: Any) -> None:
    autoencoder = made()
    images = make_waves(3, rows=autoencoder.shape[0], columns=autoencoder.shape[1], seed=5)
    save_autoencoder(autoencoder, tmp_path / "a.safetensors")

    again = load_autoencoder(tmp_path / "a.safetensors")

    assert torch.equal(again.rebuild(images), autoencoder.rebuild(images))
    assert torch.equal(again.compare(images)[0], autoencoder.compare(images)[0])
    assert torch.equal(
        again.sample(2, 1.0, torch.Generator().manual_seed(1)),
        autoencoder.sample(2, 1.0, torch.Generator().manual_seed(1)),
    )


@pytest.mark.parametrize(
    ("facts", "tensors"),
    [
        ({"version": 2}, {}),
        ({"method": "magic"}, {}),
        ({"rows": 1_000_000}, {}),
        ({"rows": 12}, {}),
        ({"rows": "many"}, {}),
        ({"components": 10**9}, {}),
        ({"components": -1}, {}),
        ({"method": "vae"}, {}),
        ({}, {"mean": torch.zeros(3)}),
        ({}, {"basis": torch.zeros(6, 3)}),
        ({}, {"normal.threshold": torch.tensor(0.0)}),
        ({}, {"codes.center": torch.full((6,), torch.nan)}),
    ],
)
def test_a_file_that_lies_is_refused(tmp_path: Path, facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    path = write_autoencoder(tmp_path / "a.safetensors")
    change(path, facts, tensors)

    with pytest.raises(ModelError) as caught:
        load_autoencoder(path)

    assert caught.value.code == "E699"
    assert "a.safetensors" in str(caught.value)


def test_the_opener_knows_its_own_files_alone(tmp_path: Path) -> None:
    path, other = write_autoencoder(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    save_file({"mean": torch.zeros(3)}, other)
    opener, model = AutoencoderOpener(), Model("file:a.safetensors")

    assert opener.can_open(path, model)
    assert opener.find_kind(path, model) == "autoencoder"
    assert not opener.can_open(other, model)
    assert not opener.can_open(tmp_path, model)
    opened = opener.open(path, model, device="cpu", dtype="float32", parts={})
    assert opener.measure(opened) > 6 * 3 * 16 * 16 * 4


def test_a_load_option_is_refused(tmp_path: Path) -> None:
    path = write_autoencoder(tmp_path / "a.safetensors")

    with pytest.raises(ModelError, match="variant"):
        AutoencoderOpener().open(
            path, Model("file:a", options=(("variant", "fp16"),)), device="cpu", dtype="float32", parts={}
        )


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 8])
def test_a_broken_file_is_nobodys(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)

    assert read_facts(path) is None
