"""Which weights are opened."""

from __future__ import annotations

from pathlib import Path

import torch

from studio.api import Model
from studio_style.opener import StyleOpener
from tests.plugins.studio_style.tiny_networks import make_adain_tensors, make_vgg_tensors, save


def test_the_opener_opens_a_file_and_a_folder_with_one(tmp_path: Path) -> None:
    file = save(make_vgg_tensors() | {"classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg19.safetensors")

    for path in (file, tmp_path):
        model = Model(f"file:{path}")
        assert StyleOpener().can_open(path, model)
        opened = StyleOpener().open(path, model, device="cpu", dtype="bfloat16", parts={})
        assert next(opened.parameters()).dtype == torch.float32
        assert StyleOpener().measure(opened) > 10_000


def test_the_opener_leaves_weights_of_others_alone(tmp_path: Path) -> None:
    file = save({"body.0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "upscaler.safetensors")

    assert not StyleOpener().can_open(file, Model(f"file:{file}"))
    assert not StyleOpener().can_open(tmp_path / "none.gguf", Model("file:none.gguf"))


def test_the_opener_says_which_of_the_two_networks_it_is(tmp_path: Path) -> None:
    vgg = save(make_vgg_tensors(), tmp_path / "vgg.safetensors")
    adain = save(make_adain_tensors(), tmp_path / "adain.safetensors")

    kinds = [StyleOpener().find_kind(path, Model(f"file:{path}")) for path in (vgg, adain, tmp_path / "none.gguf")]

    assert kinds == ["vgg", "adain", None]
