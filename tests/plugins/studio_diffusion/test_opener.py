"""The opener: what it opens, with which options, and what it says of what it cannot open."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model, ModelError

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture(scope="module")
def opener() -> Any:
    """The opener."""
    from studio_diffusion.opener import DiffusionOpener

    return DiffusionOpener()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models, written once; tests copy what they damage."""
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    folder = tmp_path_factory.mktemp("opener")
    return {name: WRITERS[name](folder / name) for name in ("sd15", "sd2", "sdxl", "sd3", "flux")}


@pytest.fixture
def sd15(tiny: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of Stable Diffusion 1.5."""
    return Path(shutil.copytree(tiny["sd15"], tmp_path / "sd15"))


def open_model(opener: Any, path: Path, **options: Any) -> Any:
    """Open a model with its parts, as the runtime does."""
    model = Model(f"file:{path}", tuple(options.items()))
    assert opener.can_open(path, model)
    parts = {
        name: opener.open_part(name, place, model, device="cpu", dtype="float32")
        for name, place in opener.parts(path, model).items()
    }
    return opener.open(path, model, device="cpu", dtype="float32", parts=parts)


def change_index(path: Path, **changes: Any) -> None:
    """Change a model's index."""
    index = json.loads((path / "model_index.json").read_text())
    (path / "model_index.json").write_text(json.dumps(index | changes))


# -- what is opened ------------------------------------------------------------------------------------


def test_looking_at_a_folder_loads_no_torch(tiny: dict[str, Path]) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from studio.api import Model\n"
        "from studio_diffusion.opener import DiffusionOpener\n"
        f"path = Path({str(tiny['sd15'])!r}); model = Model(f'file:{{path}}'); opener = DiffusionOpener()\n"
        "assert opener.can_open(path, model) and set(opener.parts(path, model)) == {'text_encoder', 'vae'}\n"
        "assert 'torch' not in sys.modules and 'diffusers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


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


def test_bytes_are_counted_once(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)
    weights = sum(path.stat().st_size for path in sd15.rglob("*.safetensors"))

    assert opener.measure(opened) == pytest.approx(weights, rel=0.1)
    assert opener.measure(opened) == opened.measure()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_half_precision_files_take_the_dtype_that_is_asked_for(opener: Any, sd15: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    for path in sd15.rglob("*.safetensors"):
        save_file({name: each.half() for name, each in load_file(path).items()}, path, {"format": "pt"})

    opened = opener.open(sd15, Model(f"file:{sd15}"), device="cpu", dtype=dtype, parts={})

    assert opened.pipeline.unet.dtype == getattr(torch, dtype)
    assert opened.pipeline.vae.dtype == getattr(torch, dtype)


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


def test_defaults_come_from_the_file_beside_the_model(opener: Any, sd15: Path) -> None:
    (sd15 / "studio.json").write_text('{"steps": 14, "width": 96, "height": 64, "words": ["apple"]}')

    opened = open_model(opener, sd15)

    assert opened.native_size == (96, 64)
    assert opened.defaults["steps"] == 14
    assert opened.defaults["words"] == ["apple"]
    assert opened.defaults["guidance_scale"] == 7.5


def test_views_share_modules_and_are_made_once(opener: Any, tiny: dict[str, Path]) -> None:
    opened = open_model(opener, tiny["sd15"])

    view = opened.for_task("image_to_image")

    assert view is opened.for_task("image_to_image")
    assert view.unet is opened.pipeline.unet
    assert type(view).__name__ == "StableDiffusionImg2ImgPipeline"


def test_a_task_that_a_model_cannot_do_lists_those_that_it_can(opener: Any, tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    opened = open_model(opener, WRITERS["pixart_alpha"](tmp_path / "model"))

    with pytest.raises(ModelError, match="E616") as caught:
        opened.for_task("inpaint")

    assert "text_to_image" in caught.value.hint


def test_equal_autoencoders_have_one_latent_space(opener: Any, tiny: dict[str, Path]) -> None:
    one, two, other = (open_model(opener, tiny[name]).latent_space for name in ("sd15", "sd2", "sd3"))

    assert one == two
    assert one != other


@pytest.mark.parametrize("name", ["AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline"])
def test_pipelines_that_make_sound_are_left_to_another_opener(opener: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))

    assert not opener.can_open(tmp_path, Model("local:x"))


# -- load options --------------------------------------------------------------------------------------


def test_an_unknown_option_lists_those_that_there_are(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619") as caught:
        open_model(opener, sd15, quantize=True)

    assert "variant" in caught.value.hint


def test_an_option_of_the_wrong_kind_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, compile="yes")


def test_another_autoencoder_can_be_named(opener: Any, sd15: Path, tiny: dict[str, Path]) -> None:
    import torch

    other = Path(shutil.copytree(tiny["sd15"] / "vae", sd15.parent / "other"))
    from safetensors.torch import load_file, save_file

    weights = next(other.glob("*.safetensors"))
    save_file({name: each * 0 for name, each in load_file(weights).items()}, weights, {"format": "pt"})

    opened = open_model(opener, sd15, vae=f"file:{other}")

    assert all(not torch.any(each) for each in opened.pipeline.vae.parameters())


def test_a_variant_is_loaded_if_asked_for_and_if_there_is_no_other(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))

    assert open_model(opener, sd15, variant="fp16").family == "sd"
    assert open_model(opener, sd15).family == "sd"


def test_a_variant_that_is_not_there_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, variant="fp16")


def test_an_unknown_attention_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, attention="telepathy")


def test_attention_whose_code_comes_from_the_hub_is_refused(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="fetches from the hub"):
        open_model(opener, sd15, attention="flash_hub")


# -- what is wrong with a folder -----------------------------------------------------------------------


def expect(opener: Any, path: Path, code: str, *words: str, **options: Any) -> ModelError:
    """Expect that opening fails with a code and words."""
    with pytest.raises(ModelError) as caught:
        open_model(opener, path, **options)
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words)
    return caught.value


def test_a_class_that_diffusers_lacks(opener: Any, sd15: Path) -> None:
    change_index(sd15, _class_name="StableDiffusion9Pipeline")

    expect(opener, sd15, "E610", "StableDiffusion9Pipeline")


def test_a_class_that_is_no_pipeline(opener: Any, sd15: Path) -> None:
    change_index(sd15, _class_name="AutoencoderKL")

    expect(opener, sd15, "E610", "AutoencoderKL")


def test_a_component_of_an_unknown_class(opener: Any, sd15: Path) -> None:
    change_index(sd15, unet=["diffusers", "UNet9D"])

    expect(opener, sd15, "E610", "UNet9D")


def test_a_pipeline_with_code_of_its_own_is_refused_and_the_code_not_run(opener: Any, sd15: Path) -> None:
    (sd15 / "mine.py").write_text(f"open({str(sd15 / 'ran')!r}, 'w')")
    change_index(sd15, _class_name=["mine", "MyPipeline"])

    expect(opener, sd15, "E611", "mine")
    assert not (sd15 / "ran").exists()


def test_a_component_with_code_of_its_own_is_refused_and_the_code_not_run(opener: Any, sd15: Path) -> None:
    (sd15 / "unet" / "my_unet.py").write_text(f"open({str(sd15 / 'ran')!r}, 'w')")
    change_index(sd15, unet=["my_unet", "MyUNet"])

    expect(opener, sd15, "E611", "my_unet.py")
    assert not (sd15 / "ran").exists()


@pytest.mark.parametrize("name", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_component_is_named(opener: Any, sd15: Path, name: str) -> None:
    shutil.rmtree(sd15 / name)

    expect(opener, sd15, "E612", f"lacks its {name}")


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}", "\x00"])
def test_a_damaged_index_is_an_error(opener: Any, sd15: Path, text: str) -> None:
    (sd15 / "model_index.json").write_text(text)

    expect(opener, sd15, "E612", "model_index.json")


def test_a_component_outside_of_the_folder_is_an_error(opener: Any, sd15: Path) -> None:
    change_index(sd15, **{"../unet": ["diffusers", "UNet2DConditionModel"]})

    expect(opener, sd15, "E612", "'../unet'")


@pytest.mark.parametrize("place", ["unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"])
def test_a_damaged_config_is_an_error(opener: Any, sd15: Path, place: str) -> None:
    (sd15 / place).write_text("{")

    expect(opener, sd15, "E612", place.partition("/")[0])


def test_damaged_weights_are_an_error(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])

    expect(opener, sd15, "E612", "unet")


def test_weights_that_lack_a_layer_are_an_error(opener: Any, sd15: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = sd15 / "text_encoder" / "model.safetensors"
    kept = {name: each for name, each in load_file(weights).items() if "final_layer_norm" not in name}
    save_file(kept, weights, {"format": "pt"})

    expect(opener, sd15, "E612", "final_layer_norm")


def test_weights_of_another_shape_are_an_error(opener: Any, sd15: Path) -> None:
    config = json.loads((sd15 / "unet" / "config.json").read_text())
    (sd15 / "unet" / "config.json").write_text(json.dumps(config | {"block_out_channels": [16, 32]}))

    expect(opener, sd15, "E612", "unet")


def test_a_pickle_is_refused(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))

    expect(opener, sd15, "E613", "diffusion_pytorch_model.bin")


@pytest.mark.parametrize("name", ["vae", "unet"])
def test_a_single_component_is_no_model(opener: Any, tiny: dict[str, Path], name: str) -> None:
    expect(opener, tiny["sd15"] / name, "E610", "single component")


def test_running_out_of_memory_is_not_taken_for_a_broken_file(
    opener: Any, sd15: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(diffusers.UNet2DConditionModel, "from_pretrained", fail)

    with pytest.raises(RuntimeError, match="out of memory"):
        open_model(opener, sd15)


# -- single files --------------------------------------------------------------------------------------


def write_tensors(path: Path, *names: str) -> Path:
    """Write a safetensors file with tensors of these names."""
    import torch
    from safetensors.torch import save_file

    save_file({name: torch.zeros(2, 2) for name in names}, path)
    return path


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

    error = expect(opener, path, "E614", "denoiser alone")

    assert '"base": "file:FOLDER"' in error.hint


def test_a_file_of_something_else_is_not_opened(opener: Any, tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "upscaler.safetensors", "conv_first.weight", "body.0.rdb1.conv1.weight")

    assert not opener.can_open(path, Model(f"file:{path}"))


def test_a_checkpoint_is_read_by_the_configs_of_a_folder(opener: Any, tiny: dict[str, Path], tmp_path: Path) -> None:
    import torch

    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_checkpoint

    folder = tiny["sd15"]
    path = write_tiny_checkpoint(tmp_path / "whole.safetensors", folder)

    opened = open_model(opener, path, config=f"file:{folder}")

    assert opened.family == "sd"
    whole = open_model(opener, folder).pipeline
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = getattr(opened.pipeline, part).state_dict(), getattr(whole, part).state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_denoiser_is_put_into_its_base(opener: Any, tiny: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "transformer.safetensors"
    shutil.copy(tiny["sd3"] / "transformer" / "diffusion_pytorch_model.safetensors", path)

    opened = open_model(opener, path, base=f"file:{tiny['sd3']}")

    assert opened.family == "sd3"
    assert opened.pipeline.vae is not None


def test_a_base_that_is_no_folder_is_an_error(opener: Any, tiny: dict[str, Path], tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "flux.safetensors", "double_blocks.0.img_attn.qkv.weight")

    expect(opener, path, "E614", "nowhere", base="file:nowhere")


def test_gguf_without_its_package_names_the_extra(
    opener: Any, tiny: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "flux.gguf"
    path.write_bytes(b"GGUF")

    error = expect(opener, path, "E615", "gguf", base=f"file:{tiny['flux']}")

    assert "pip install 'studio[gguf]'" in error.hint


# -- ControlNets ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nets(tiny: dict[str, Path], opener: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Opened ControlNets."""
    from tests.plugins.studio_diffusion import tiny_pipelines

    folder = tmp_path_factory.mktemp("nets")
    paths = {name: tiny_pipelines.write_tiny_controlnet(folder / name, tiny[name]) for name in ("sd15", "sd2", "sdxl")}
    paths["sd3"] = tiny_pipelines.write_tiny_sd3_controlnet(folder / "sd3", tiny["sd3"])
    paths["sd3_inpaint"] = tiny_pipelines.write_tiny_sd3_controlnet(
        folder / "sd3_inpaint", tiny["sd3"], extra_conditioning_channels=1
    )
    paths["flux"] = tiny_pipelines.write_tiny_flux_controlnet(folder / "flux", tiny["flux"])
    return {name: open_model(opener, path) for name, path in paths.items()}


@pytest.mark.parametrize(
    ("name", "family"), [("sd15", "sd"), ("sd2", "sd"), ("sdxl", "sdxl"), ("sd3", "sd3"), ("flux", "flux")]
)
def test_a_controlnet_knows_its_family(opener: Any, nets: dict[str, Any], name: str, family: str) -> None:
    assert nets[name].family == family
    assert opener.measure(nets[name]) > 0
    assert opener.save_memory(nets[name]) is None


@pytest.mark.parametrize(
    ("model", "net", "words"),
    [
        ("sd15", "sd2", "cross_attention_dim"),
        ("sd15", "sdxl", "is for Stable Diffusion XL, and the model is Stable Diffusion 1 and 2"),
        ("sdxl", "sd15", "is for Stable Diffusion 1 and 2"),
        ("sd3", "flux", "is for Flux"),
        ("flux", "sd3", "is for Stable Diffusion 3"),
        ("sd3", "sd3_inpaint", "for inpainting, with a mask"),
    ],
)
def test_a_controlnet_for_another_model_is_found_before_drawing(
    opener: Any, tiny: dict[str, Path], nets: dict[str, Any], model: str, net: str, words: str
) -> None:
    opened = open_model(opener, tiny[model])

    with pytest.raises(ModelError, match="E617") as caught:
        opened.for_task("controlnet", controlnet=nets[net])

    assert words in str(caught.value)


def test_a_controlnet_of_another_latent_depth_is_found(
    opener: Any, tiny: dict[str, Path], nets: dict[str, Any], tmp_path: Path
) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3

    opened = open_model(opener, write_tiny_sd3(tmp_path / "model", t5=False, channels=8))

    with pytest.raises(ModelError, match="in_channels is 16, and the model's is 8"):
        opened.for_task("controlnet", controlnet=nets["sd3"])


def test_a_controlnet_task_needs_a_controlnet(opener: Any, tiny: dict[str, Path]) -> None:
    opened = open_model(opener, tiny["sd15"])

    with pytest.raises(ModelError, match="E617"):
        opened.for_task("controlnet")


# -- memory --------------------------------------------------------------------------------------------


def test_memory_is_saved_rung_by_rung(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)

    taken = [opener.save_memory(opened) for _ in range(5)]

    assert taken == ["attention slicing", "VAE slicing", "VAE tiling", None, None]


def test_an_autoencoder_works_in_tiles_only_while_the_model_that_is_short_of_memory_uses_it(
    opener: Any, sd15: Path
) -> None:
    opened = open_model(opener, sd15)
    for _ in range(3):
        opener.save_memory(opened)

    outside = opened.find_vae().use_tiling
    with opened.measures.applied():
        inside = opened.find_vae().use_tiling

    assert (outside, inside, opened.find_vae().use_tiling) == (False, True, False)


def test_measures_that_are_undone_can_be_taken_again(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)
    taken = [opener.save_memory(opened) for _ in range(3)]

    opener.undo_measures(opened)

    assert [opener.save_memory(opened) for _ in range(3)] == taken


def test_a_transformer_has_no_attention_to_slice(opener: Any, tiny: dict[str, Path]) -> None:
    opened = open_model(opener, tiny["sd3"])

    assert opener.save_memory(opened) == "VAE slicing"


def test_a_model_that_saves_memory_still_draws(opener: Any, sd15: Path) -> None:
    import numpy as np
    import torch

    from studio.api.quiet import hush

    opened = open_model(opener, sd15)
    images = []
    for _ in range(4):
        opened.set_scheduler(opened.pipeline, opened.make_scheduler())
        arguments, _ = opened.arguments(
            "text_to_image", prompt="a cat", steps=2, width=64, height=64, output_type="np",
            generator=torch.Generator().manual_seed(0),
        )  # fmt: skip
        with hush("diffusers", "transformers"), opened.measures.applied():
            images.append(opened.pipeline(**arguments).images[0])
        opener.save_memory(opened)

    plain, attention_sliced, vae_sliced, tiled = images
    assert np.allclose(plain, attention_sliced, atol=1e-4)
    assert np.allclose(plain, vae_sliced, atol=1e-4)
    assert np.isfinite(tiled).all()
    assert tiled.shape == plain.shape


# -- damaged folders -----------------------------------------------------------------------------------


def test_a_tokenizer_without_vocabulary_is_refused(opener: Any, sd15: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd15, tmp_path / "speechless")
    for file in (folder / "tokenizer").iterdir():
        if "config" not in file.name:
            file.unlink()

    with pytest.raises(ModelError, match=r"E612.*no vocabulary"):
        open_model(opener, folder)


@pytest.mark.parametrize(
    "about", [{"steps": "many"}, {"width": -3}, {"words": 5}, {"guidance_scale": True}, {"max_sequence_length": 0.5}]
)
def test_defaults_that_are_none_are_refused(opener: Any, sd15: Path, tmp_path: Path, about: dict[str, Any]) -> None:
    folder = shutil.copytree(sd15, tmp_path / "strange")
    (folder / "studio.json").write_text(json.dumps(about))

    with pytest.raises(ModelError, match="E612"):
        open_model(opener, folder)
