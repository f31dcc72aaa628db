"""The opener: what it opens, with which options, and what it says of what it cannot open."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from processes import create_environment

from studio.api import Model, ModelError
from studio_diffusion import studio_models
from tests.plugins.studio_diffusion.opening import change_index, expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def write_tensors(path: Path, *names: str) -> Path:
    """Write a safetensors file with tensors of these names."""
    import torch
    from safetensors.torch import save_file

    save_file({name: torch.zeros(2, 2) for name in names}, path)
    return path


def test_looking_at_a_folder_loads_no_torch(tiny_models: dict[str, Path]) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from studio.api import Model\n"
        "from studio_diffusion.opener import DiffusionOpener\n"
        f"path = Path({str(tiny_models['sd15'])!r}); model = Model(f'file:{{path}}'); opener = DiffusionOpener()\n"
        "assert opener.can_open(path, model) and set(opener.parts(path, model)) == {'text_encoder', 'vae'}\n"
        "assert 'torch' not in sys.modules and 'diffusers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=create_environment())


def test_parts_are_used_and_not_loaded_again(opener: Any, sd15: Path) -> None:
    model = Model(f"file:{sd15}")
    vae = opener.open_part("vae", sd15 / "vae", model, device="cpu", dtype="float32")

    opened = opener.open(sd15, model, device="cpu", dtype="float32", parts={"vae": vae})

    assert opened.pipeline.vae is vae


def test_a_closed_model_leaves_its_parts_alone(opener: Any, sd15: Path) -> None:
    model = Model(f"file:{sd15}")
    vae = opener.open_part("vae", sd15 / "vae", model, device="cpu", dtype="float32")
    opened = opener.open(sd15, model, device="cpu", dtype="float32", parts={"vae": vae})

    opener.close(opened)

    assert opener.measure(opened) == 0
    assert opener.measure(vae) > 0


def test_nothing_is_said_while_loading(opener: Any, sd15: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        opened = open_model(opener, sd15)
        for task in opened.tasks:
            if not task.startswith("controlnet"):
                opened.for_task(task)

    assert [str(each.message) for each in said] == []
    assert capfd.readouterr() == ("", "")


def test_a_safety_checker_is_not_loaded(opener: Any, sd15: Path) -> None:
    change_index(
        sd15, safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"], requires_safety_checker=True
    )

    opened = open_model(opener, sd15)

    assert opened.pipeline.safety_checker is None


@pytest.mark.parametrize("name", ["AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline"])
def test_pipelines_that_make_sound_are_left_to_another_opener(opener: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}), encoding="utf-8")

    assert not opener.can_open(tmp_path, Model("local:x"))


def test_a_variant_is_loaded_if_asked_for_and_if_there_is_no_other(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))

    assert open_model(opener, sd15, variant="fp16").family == "sd"
    assert open_model(opener, sd15).family == "sd"


def test_a_variant_that_is_not_there_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, variant="fp16")


def test_a_class_that_diffusers_lacks(opener: Any, sd15: Path) -> None:
    change_index(sd15, _class_name="StableDiffusion9Pipeline")

    expect(opener, sd15, "E610", "StableDiffusion9Pipeline")


def test_a_class_that_is_no_pipeline(opener: Any, sd15: Path) -> None:
    change_index(sd15, _class_name="AutoencoderKL")

    expect(opener, sd15, "E610", "AutoencoderKL")


@pytest.mark.parametrize("name", ["vae", "unet"])
def test_a_single_component_is_no_model(opener: Any, tiny_models: dict[str, Path], name: str) -> None:
    expect(opener, tiny_models["sd15"] / name, "E610", "single component")


def test_running_out_of_memory_is_not_taken_for_a_broken_file(
    opener: Any, sd15: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(diffusers.UNet2DConditionModel, "from_pretrained", fail)

    with pytest.raises(RuntimeError, match="out of memory"):
        open_model(opener, sd15)


def test_a_checkpoint_without_config_says_what_to_type(opener: Any, tmp_path: Path) -> None:
    path = write_tensors(
        tmp_path / "v1-5.safetensors",
        "model.diffusion_model.input_blocks.0.0.weight",
        "first_stage_model.encoder.conv_in.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    )

    error = expect(opener, path, "E614", "v1-5.safetensors")

    assert f'{{"model": "file:{path}", "options": {{"config": "file:FOLDER"}}}}' in error.hint


def test_a_denoiser_without_base_says_what_to_type(opener: Any, tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "flux.safetensors", "double_blocks.0.img_attn.qkv.weight")

    error = expect(opener, path, "E614", "only a denoiser")

    assert '"base": "file:FOLDER"' in error.hint


def test_a_file_of_something_else_is_not_opened(opener: Any, tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "upscaler.safetensors", "conv_first.weight", "body.0.rdb1.conv1.weight")

    assert not opener.can_open(path, Model(f"file:{path}"))


def test_a_checkpoint_is_read_by_the_configs_of_a_folder(
    opener: Any, tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    import torch

    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_checkpoint

    folder = tiny_models["sd15"]
    path = write_tiny_checkpoint(tmp_path / "whole.safetensors", folder)

    opened = open_model(opener, path, config=f"file:{folder}")

    assert opened.family == "sd"
    whole = open_model(opener, folder).pipeline
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = getattr(opened.pipeline, part).state_dict(), getattr(whole, part).state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_denoiser_is_put_into_its_base(opener: Any, tiny_models: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "transformer.safetensors"
    shutil.copy(tiny_models["sd3"] / "transformer" / "diffusion_pytorch_model.safetensors", path)

    opened = open_model(opener, path, base=f"file:{tiny_models['sd3']}")

    assert opened.family == "sd3"
    assert opened.pipeline.vae is not None


def test_gguf_without_its_package_names_the_extra(
    opener: Any, tiny_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "flux.gguf"
    path.write_bytes(b"GGUF")

    error = expect(opener, path, "E615", "gguf", base=f"file:{tiny_models['flux']}")

    assert "pip install 'studio[gguf]'" in error.hint


@pytest.mark.parametrize(("name", "kind"), [("mini", "pipeline"), ("mini-sketch", "controlnet")])
def test_the_models_that_ship_say_what_they_are(opener: Any, name: str, kind: str) -> None:
    assert opener.find_kind(studio_models()[name], Model(f"builtin:{name}")) == kind


def test_a_file_says_what_it_is_by_the_names_of_its_tensors(opener: Any, tmp_path: Path) -> None:
    names = {"lora": "unet.down.lora_A.weight", "denoiser": "model.diffusion_model.in.weight", "odd": "weight"}
    files = {name: write_tensors(tmp_path / f"{name}.safetensors", key) for name, key in names.items()}

    found = {name: opener.find_kind(path, Model("builtin:x")) for name, path in files.items()}

    assert found == {"lora": "lora", "denoiser": "pipeline", "odd": None}
