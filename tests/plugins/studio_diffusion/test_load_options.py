"""Load options: unknown ones and invalid ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from tests.plugins.studio_diffusion.opening import expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def write_tensors(path: Path, *names: str) -> Path:
    """Write a safetensors file with tensors of these names."""
    import torch
    from safetensors.torch import save_file

    save_file({name: torch.zeros(2, 2) for name in names}, path)
    return path


def test_an_unknown_option_lists_those_that_there_are(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619") as caught:
        open_model(opener, sd15, quantize=True)

    assert "variant" in caught.value.hint


def test_an_option_of_the_wrong_kind_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, compile="yes")


def test_a_base_that_is_no_folder_is_an_error(opener: Any, tiny_models: dict[str, Path], tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "flux.safetensors", "double_blocks.0.img_attn.qkv.weight")

    expect(opener, path, "E614", "nowhere", base="file:nowhere")
