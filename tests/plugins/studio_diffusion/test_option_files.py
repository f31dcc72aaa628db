"""Load options that name files: each changes the model, or is an error that says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio_diffusion.prediction import find_prediction
from tests.plugins.studio_diffusion.opening import expect, open_model
from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_checkpoint

pytestmark = pytest.mark.xdist_group("diffusers")


def write_zeros(path: Path, source: Path) -> Path:
    """Write a file with the names and shapes of another, of zeros."""
    save_file({name: torch.zeros_like(tensor) for name, tensor in load_file(source).items()}, path)
    return path


@pytest.fixture
def checkpoint(tiny: Callable[..., Path], tmp_path: Path) -> Path:
    """Stable Diffusion 1.5 as one file."""
    return write_tiny_checkpoint(tmp_path / "whole.safetensors", tiny("sd15"))


def is_zero(module: Any) -> bool:
    return all(not parameter.any() for parameter in module.parameters())


@pytest.mark.parametrize("base", ["checkpoint", "folder", "denoiser"])
def test_a_vae_of_a_file_is_put_in(
    opener: Any, tiny: Callable[..., Path], checkpoint: Path, tmp_path: Path, base: str
) -> None:
    folder = tiny("sd15")
    vae = write_zeros(tmp_path / "vae.safetensors", folder / "vae" / "diffusion_pytorch_model.safetensors")
    denoiser = tmp_path / "unet.safetensors"
    save_file(
        {name: each for name, each in load_file(checkpoint).items() if name.startswith("model.diffusion_model.")},
        denoiser,
    )
    path, options = {
        "checkpoint": (checkpoint, {"config": f"file:{folder}"}),
        "folder": (folder, {}),
        "denoiser": (denoiser, {"base": f"file:{folder}"}),
    }[base]

    opened = open_model(opener, path, vae=f"file:{vae}", **options)

    assert is_zero(opened.pipeline.vae)
    assert not is_zero(opened.pipeline.unet)


def test_a_vae_of_a_folder_is_put_into_a_checkpoint(
    opener: Any, tiny: Callable[..., Path], checkpoint: Path, tmp_path: Path
) -> None:
    import shutil

    folder = tiny("sd15")
    shutil.copytree(folder / "vae", tmp_path / "vae")
    write_zeros(
        tmp_path / "vae" / "diffusion_pytorch_model.safetensors", folder / "vae" / "diffusion_pytorch_model.safetensors"
    )

    opened = open_model(opener, checkpoint, config=f"file:{folder}", vae=f"file:{tmp_path / 'vae'}")

    assert is_zero(opened.pipeline.vae)


def test_a_text_encoder_of_a_file_is_put_in(opener: Any, tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = tiny("sd15")
    encoder = write_zeros(tmp_path / "clip.safetensors", folder / "text_encoder" / "model.safetensors")

    opened = open_model(opener, folder, text_encoder=f"file:{encoder}")

    assert is_zero(opened.pipeline.text_encoder)


def test_an_encoder_that_lacks_tensors_names_them(opener: Any, tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = tiny("sd15")
    tensors = load_file(folder / "text_encoder" / "model.safetensors")
    gone = next(name for name in tensors if "layers.1" in name)
    save_file({name: each for name, each in tensors.items() if name != gone}, tmp_path / "clip.safetensors")

    expect(
        opener, folder, "E612", "incomplete", gone.rpartition("layers.1.")[2],
        text_encoder=f"file:{tmp_path / 'clip.safetensors'}",
    )  # fmt: skip


def test_a_checkpoint_that_lacks_tensors_names_them(
    opener: Any, tiny: Callable[..., Path], checkpoint: Path, tmp_path: Path
) -> None:
    tensors = load_file(checkpoint)
    gone = next(name for name in tensors if "attn1.to_q" in name)
    save_file({name: each for name, each in tensors.items() if name != gone}, tmp_path / "part.safetensors")

    expect(opener, tmp_path / "part.safetensors", "E612", "incomplete", "attn1.to_q", config=f"file:{tiny('sd15')}")


@pytest.mark.parametrize(
    ("kind", "option"),
    [("folder", "base"), ("folder", "config"), ("folder", "prior"), ("checkpoint", "variant"), ("checkpoint", "prior")],
)
def test_an_option_that_is_not_used_is_an_error(
    opener: Any, tiny: Callable[..., Path], checkpoint: Path, kind: str, option: str
) -> None:
    folder = tiny("sd15")
    path, given = (folder, {}) if kind == "folder" else (checkpoint, {"config": f"file:{folder}"})

    expect(opener, path, "E619", option, **given, **{option: f"file:{folder}" if option != "variant" else "fp16"})


def test_a_network_that_the_model_does_not_have_is_an_error(opener: Any, tiny: Callable[..., Path]) -> None:
    folder = tiny("sd15")

    expect(opener, folder, "E619", "transformer_2", transformer_2=f"file:{folder / 'unet'}")


@pytest.mark.parametrize(
    ("mark", "expected"),
    [("v_pred", ("v_prediction", False)), ("ztsnr", ("v_prediction", True)), ("", ("epsilon", False))],
)
def test_a_checkpoint_says_what_it_predicts(
    opener: Any, tiny: Callable[..., Path], checkpoint: Path, tmp_path: Path, mark: str, expected: tuple[str, bool]
) -> None:
    tensors = load_file(checkpoint) | ({mark: torch.zeros(0)} if mark else {})
    save_file(tensors, tmp_path / "marked.safetensors")

    opened = open_model(opener, tmp_path / "marked.safetensors", config=f"file:{tiny('sd15')}")

    config = opened.make_scheduler().config
    assert (config["prediction_type"], bool(config.get("rescale_betas_zero_snr"))) == expected


def test_the_user_says_what_a_model_predicts(opener: Any, tiny: Callable[..., Path]) -> None:
    opened = open_model(opener, tiny("sd15"), prediction="v_prediction")

    assert opened.make_scheduler("euler").config["prediction_type"] == "v_prediction"
    expect(opener, tiny("sd15"), "E619", "velocity", prediction="velocity")
    expect(opener, tiny("sd3"), "E619", "no choice", prediction="epsilon")


def test_the_head_of_a_file_says_what_it_predicts() -> None:
    assert find_prediction([], {"modelspec.prediction_type": "v"}) == "v_prediction"
    assert find_prediction([], {}) is None
