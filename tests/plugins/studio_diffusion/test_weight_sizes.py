"""Sizes of networks from the heads of files, against those of opened ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_diffusion.pipeline_model import measure_modules
from studio_diffusion.weight_sizes import _split_checkpoint, measure_parts
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux", "sd3"])
def test_parts_are_as_large_as_opened_networks(opener: Any, tiny: Callable[..., Path], name: str) -> None:
    pipeline = open_model(opener, tiny(name)).pipeline

    for part in measure_parts(tiny(name), {}):
        taken = measure_modules([pipeline.components[part.name]])
        assert part.count_bytes(4) == pytest.approx(taken, rel=0.05), part.name


def test_blocks_of_a_denoiser_are_told_apart(tiny: Callable[..., Path]) -> None:
    part = next(part for part in measure_parts(tiny("flux"), {}) if part.is_denoiser)

    names = {name.partition(".")[0] for name in part.blocks}
    assert {"transformer_blocks", "single_transformer_blocks", ""} <= names
    assert part.count_moving_bytes(4) < part.count_bytes(4)


def test_a_file_that_a_load_option_names_counts_in_place_of_the_model_s_own(
    tiny: Callable[..., Path], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    file = tmp_path / "vae.safetensors"
    save_file({"decoder.conv_in.weight": torch.zeros(1000, 10)}, file)

    parts = {part.name: part for part in measure_parts(tiny("sd15"), {"vae": f"file:{file}"})}

    assert parts["vae"].count_bytes(2) == 20_000


def test_averages_of_training_in_a_checkpoint_do_not_count(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    file = tmp_path / "all.safetensors"
    names = ("model.diffusion_model.out.weight", "model_ema.diffusion_modeloutweight", "model_ema.decay")
    save_file({name: torch.zeros(100, 10) for name in names}, file)

    assert {part.name: part.count_bytes(2) for part in _split_checkpoint(file)} == {"unet": 2000}


def test_a_gguf_file_keeps_its_size(tiny: Callable[..., Path], tmp_path: Path) -> None:
    file = tmp_path / "net.gguf"
    file.write_bytes(b"GGUF" + bytes(996))

    parts = {part.name: part for part in measure_parts(file, {"base": f"file:{tiny('flux')}"})}

    assert parts["transformer"].count_bytes(2) == parts["transformer"].count_bytes(4) == 1000
    assert "text_encoder" in parts
