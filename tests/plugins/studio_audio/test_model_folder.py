"""Folders with a model that makes audio from text, inspected without loading."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api import Model, ModelError
from tests.plugins.studio_audio.opened import open_folder

pytestmark = pytest.mark.xdist_group("diffusers")


def test_weights_of_half_precision_alone_are_found(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("audioldm"), tmp_path / "model")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").rename(
        folder / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    )

    assert open_folder(folder).networks


def test_a_folder_that_is_not_whole_says_what_is_missing(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("stable_audio"), tmp_path / "model")
    config = json.loads((folder / "text_encoder" / "config.json").read_text(encoding="utf-8"))
    (folder / "text_encoder" / "config.json").write_text(json.dumps(config | {"num_layers": 2}), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E648.*text_encoder.*lack"):
        open_folder(folder)
    (folder / "text_encoder" / "model.safetensors").rename(folder / "text_encoder" / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"E648.*missing safetensors.*text_encoder"):
        open_folder(folder)
    shutil.rmtree(folder / "vae")
    with pytest.raises(ModelError, match=r"E648.*lacks its vae"):
        open_folder(folder)
    with pytest.raises(ModelError, match=r"E648.*unknown load option"):
        open_folder(folder, Model("local:x", (("vae", "file:x"),)))
