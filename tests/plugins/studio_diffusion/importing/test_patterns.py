"""Whole patterns of ComfyUI become one node by family and task, or a few; no weights are needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.graph import parse_graph
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.parameter_text import read_parameters
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.report import Report
from studio.graph.foreign.weights_folders import WeightsFolders

ABSENT = ("E602", "E603")


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(on_disk=False) as studio:
        yield studio


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """Return a node; a text "name.1" at an input is the output 1 of a node."""
    links = {
        key: value.rpartition(".") for key, value in inputs.items() if isinstance(value, str) and value[-2:-1] == "."
    }
    return {"class_type": kind, "inputs": inputs | {key: [link[0], int(link[2])] for key, link in links.items()}}


def bring(studio: Studio, folder: Path, **nodes: dict[str, Any]) -> tuple[dict[str, Any], Report]:
    """Import a document; the graph must be valid apart from weights."""
    return bring_document(studio, folder, read_prompt(nodes))


def bring_document(studio: Studio, folder: Path, document: ForeignDocument) -> tuple[dict[str, Any], Report]:
    """Import what was read; the graph must be valid apart from weights."""
    rules = find_import_rules(studio.settings)
    folders = WeightsFolders(folder)
    graph, report = import_document(document, rules, studio.registry, folders, media=folder, title="test")
    assert graph is not None, [(one.kind, one.why) for one in report.nodes if one.status == "missing"]
    findings = studio.validate(parse_graph(graph, base=folder))
    assert [one for one in findings if one.severity == "error" and one.code not in ABSENT] == []
    return graph, report


def load_split(unet: str, kind: str) -> dict[str, Any]:
    return {
        "unet": node("UNETLoader", unet_name=unet, weight_dtype="default"),
        "clip": node("CLIPLoader", clip_name="encoder.safetensors", type=kind),
        "vae": node("VAELoader", vae_name="vae.safetensors"),
        "plus": node("CLIPTextEncode", text="a fox", clip="clip.0"),
        "minus": node("CLIPTextEncode", text="blurry", clip="clip.0"),
    }


def sampler(model: str = "unet.0", latent: str = "latent.0", **more: Any) -> dict[str, Any]:
    common = {"seed": 1, "steps": 20, "cfg": 4.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    edges = {"model": model, "positive": "plus.0", "negative": "minus.0", "latent_image": latent}
    return node("KSampler", **edges | common | more)


def end(images: str = "image.0", kind: str = "SaveImage") -> dict[str, Any]:
    return {"image": node("VAEDecode", samples="drawn.0", vae="vae.0"), "save": node(kind, images=images, fps=16.0)}


def get_only(graph: dict[str, Any], type: str) -> dict[str, Any]:
    found = [one["inputs"] for one in graph["nodes"].values() if one["type"] == type]
    assert len(found) == 1
    return dict(found[0])


def test_text_to_image_with_split_files_is_one_node(studio: Studio, tmp_path: Path) -> None:
    latent = node("EmptySD3LatentImage", width=1328, height=1328, batch_size=1)

    nodes = load_split("qwen_image_fp8.safetensors", "qwen_image")

    graph, report = bring(studio, tmp_path, **nodes, latent=latent, drawn=sampler(), **end())

    inputs = get_only(graph, "diffusion.text_to_image")
    assert (inputs["prompt"], inputs["negative_prompt"], inputs["width"]) == ("a fox", "blurry", 1328)
    assert inputs["model"]["options"]["base"] == "hub:Qwen/Qwen-Image"
    assert inputs["model"]["options"]["vae"].endswith("models/vae/vae.safetensors")
    assert {file.name for file in report.files} >= {"vae.safetensors", "encoder.safetensors", "Qwen/Qwen-Image"}


def test_denoise_takes_the_tail_of_more_steps(studio: Studio, tmp_path: Path) -> None:
    photo, latent = node("LoadImage", image="a.png"), node("VAEEncode", pixels="photo.0", vae="vae.0")

    graph, _ = bring(studio, tmp_path, **load_split("z_image_bf16.safetensors", "lumina2"), photo=photo, latent=latent,
                     drawn=sampler(denoise=0.5, steps=10), **end())  # fmt: skip

    inputs = get_only(graph, "diffusion.image_to_image")
    assert (inputs["strength"], inputs["steps"]) == (0.5, 20)
    assert inputs["image"] == {"from": "inputs.image"}


def test_a_mask_becomes_inpainting(studio: Studio, tmp_path: Path) -> None:
    photo = node("LoadImage", image="a.png")
    latent = node("VAEEncodeForInpaint", pixels="photo.0", vae="vae.0", mask="photo.1", grow_mask_by=6)

    graph, report = bring(studio, tmp_path, **load_split("flux1-dev.safetensors", "flux"), photo=photo, latent=latent,
                          drawn=sampler(cfg=1.0), **end())  # fmt: skip

    inputs = get_only(graph, "diffusion.inpaint")
    assert inputs["mask"] == {"from": "mask"}
    assert inputs["guidance_scale"] == 3.5
    assert report.result == "close"


def test_pictures_beside_the_prompt_become_an_edit(studio: Studio, tmp_path: Path) -> None:
    nodes = load_split("qwen_image_edit_2509_fp8.safetensors", "qwen_image")
    edges = {"clip": "clip.0", "vae": "vae.0", "image1": "a.0", "image2": "b.0"}
    nodes["plus"] = node("TextEncodeQwenImageEditPlus", prompt="make it night", **edges)
    latent = node("VAEEncode", pixels="a.0", vae="vae.0")

    graph, _ = bring(studio, tmp_path, **nodes, a=node("LoadImage", image="a.png"), b=node("LoadImage", image="b.png"),
                     latent=latent, drawn=sampler(), **end())  # fmt: skip

    inputs = get_only(graph, "diffusion.edit_image")
    assert inputs["images"] == [{"from": "inputs.image"}, {"from": "inputs.image_2"}]
    assert inputs["prompt"] == "make it night"


def test_two_experts_are_one_video_with_both_files(studio: Studio, tmp_path: Path) -> None:
    nodes = load_split("wan2.2_i2v_high_noise_14B.safetensors", "wan")
    nodes["low"] = node("UNETLoader", unet_name="wan2.2_i2v_low_noise_14B.safetensors", weight_dtype="default")
    still = node("WanImageToVideo", positive="plus.0", negative="minus.0", vae="vae.0", width=640,
                 height=640, length=81,
                 batch_size=1,
                 start_image="photo.0")  # fmt: skip
    common = {"steps": 20, "cfg": 3.5, "sampler_name": "euler", "scheduler": "simple", "noise_seed": 7}
    edges = {"positive": "still.0", "negative": "still.1"}
    first = node("KSamplerAdvanced", model="unet.0", latent_image="still.2", add_noise="enable", start_at_step=0,
                 end_at_step=10, return_with_leftover_noise="enable", **edges, **common)  # fmt: skip
    drawn = node("KSamplerAdvanced", model="low.0", latent_image="first.0", add_noise="disable", start_at_step=10,
                 end_at_step=10000, return_with_leftover_noise="disable", **edges, **common)  # fmt: skip

    graph, _ = bring(studio, tmp_path, **nodes, photo=node("LoadImage", image="a.png"), still=still, first=first,
                     drawn=drawn, **end(kind="SaveAnimatedWEBP"))  # fmt: skip

    inputs = get_only(graph, "video.animate")
    assert inputs["model"]["options"]["transformer_2"].endswith("low_noise_14B.safetensors")
    assert (inputs["fps"], round(inputs["seconds"] * inputs["fps"])) == (16.0, 81)
    assert list(graph["outputs"].values()) == [{"from": "animate"}]


def test_a_switch_between_literals_leaves_the_other_branch_out(studio: Studio, tmp_path: Path) -> None:
    nodes = load_split("flux1-dev.safetensors", "flux")
    nodes["lora"] = node("LoraLoaderModelOnly", model="unet.0", lora_name="a.safetensors", strength_model=1.0)
    nodes["on"] = node("PrimitiveBoolean", value=False)
    nodes["chosen"] = node("ComfySwitchNode", on_false="unet.0", on_true="lora.0", switch="on.0")
    latent = node("EmptySD3LatentImage", width=1024, height=1024, batch_size=1)

    graph, report = bring(studio, tmp_path, **nodes, latent=latent, drawn=sampler("chosen.0"), **end())

    assert "loras" not in get_only(graph, "diffusion.text_to_image")
    assert {one.id: one.status for one in report.nodes}["lora"] == "dropped"


def test_an_unknown_architecture_is_missing_with_what_would_help(studio: Studio, tmp_path: Path) -> None:
    latent = node("EmptySD3LatentImage", width=64, height=64, batch_size=1)
    data = {**load_split("mystery.safetensors", "mystery"), "latent": latent, "drawn": sampler(), **end()}
    rules = find_import_rules(studio.settings)

    graph, report = import_document(
        read_prompt(data), rules, studio.registry, WeightsFolders(tmp_path), media=tmp_path, title="test"
    )

    missing = {one.id: one for one in report.nodes if one.status == "missing"}
    assert graph is None
    assert "known architecture of 'mystery.safetensors'" in missing["image"].why[0]
    assert missing["image"].nearest


def test_a_latent_on_another_is_composited_between_two_stages(studio: Studio, tmp_path: Path) -> None:
    common = {"steps": 16, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "model": "check.0"}
    prompts = {"positive": "plus.0", "negative": "minus.0"}
    starts = {"add_noise": "enable", "start_at_step": 0, "end_at_step": 4, "return_with_leftover_noise": "enable"}
    ends = {"add_noise": "disable", "start_at_step": 4, "end_at_step": 10000, "return_with_leftover_noise": "disable"}
    nodes = {
        "check": node("CheckpointLoaderSimple", ckpt_name="wd15.safetensors"),
        "plus": node("CLIPTextEncode", text="a fox", clip="check.1"),
        "minus": node("CLIPTextEncode", text="blurry", clip="check.1"),
        "large": node("EmptyLatentImage", width=192, height=128, batch_size=1),
        "small": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "scene": node("KSamplerAdvanced", latent_image="large.0", noise_seed=1, **common, **prompts, **starts),
        "figure": node("KSamplerAdvanced", latent_image="small.0", noise_seed=2, **common, **prompts, **starts),
        "both": node("LatentComposite", samples_to="scene.0", samples_from="figure.0", x=64, y=32, feather=16),
        "drawn": node("KSamplerAdvanced", latent_image="both.0", noise_seed=0, **common, **prompts, **ends),
        "image": node("VAEDecode", samples="drawn.0", vae="check.2"),
        "save": node("SaveImage", images="image.0"),
    }

    graph, _ = bring(studio, tmp_path, **nodes)

    inputs = get_only(graph, "diffusion.composite_latents")
    assert {key: inputs[key] for key in ("x", "y", "feather")} == {"x": 64, "y": 32, "feather": 16}
    made = {name: one["inputs"] for name, one in graph["nodes"].items() if one["type"] == "diffusion.sample"}
    scene, figure = made[inputs["base"]["from"]], made[inputs["top"]["from"]]
    assert (scene["last_step"], scene["keep_noise"], scene["seed"], figure["seed"]) == (4, True, 1, 2)
    after = next(one for one in made.values() if one.get("first_step") == 4)
    assert after["add_noise"] is False
    assert graph["nodes"][after["latent"]["from"]]["type"] == "diffusion.composite_latents"


def test_prompts_for_areas_are_combined_in_parts(studio: Studio, tmp_path: Path) -> None:
    area = {"width": 0.5, "height": 0.25, "x": 0.5, "y": 0.125, "strength": 1.5}
    nodes = {
        "check": node("CheckpointLoaderSimple", ckpt_name="wd15.safetensors"),
        "whole": node("CLIPTextEncode", text="a meadow", clip="check.1"),
        "fox": node("CLIPTextEncode", text="a fox", clip="check.1"),
        "minus": node("CLIPTextEncode", text="blurry", clip="check.1"),
        "placed": node("ConditioningSetAreaPercentage", conditioning="fox.0", **area),
        "plus": node("ConditioningCombine", conditioning_1="whole.0", conditioning_2="placed.0"),
        "latent": node("EmptyLatentImage", width=200, height=128, batch_size=1),
        "drawn": sampler("check.0"),
        "image": node("VAEDecode", samples="drawn.0", vae="check.2"),
        "save": node("SaveImage", images="image.0"),
    }

    graph, report = bring(studio, tmp_path, **nodes)

    inputs = get_only(graph, "diffusion.set_conditioning_area")
    assert {key: inputs[key] for key in area} == {"width": 96, "height": 32, "x": 96, "y": 16, "strength": 1.5}
    assert len(get_only(graph, "diffusion.combine_conditioning")["conditionings"]) == 2
    assert report.result == "exact"


STACKED = {"input_mode": "simple", "lora_count": 2, "lora_name_1": "a.safetensors", "lora_wt_1": 0.5,
           "lora_name_2": "None", "lora_name_3": "c.safetensors"}  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (
            {
                "stack": node("CR LoRA Stack", switch_1="On", lora_name_1="b.safetensors", model_weight_1=0.7,
                              clip_weight_1=0.7, switch_2="Off", lora_name_2="d.safetensors"),
                "own": node("LoRA Stacker", lora_stack="stack.0", **STACKED),
                "model": node("CR Apply LoRA Stack", model="check.0", clip="check.1", lora_stack="own.0"),
            },
            [("a", 0.5), ("b", 0.7)],
        ),
        (
            {"model": node("Power Lora Loader (rgthree)", model="check.0", clip="check.1",
                           lora_1={"on": True, "lora": "a.safetensors", "strength": 0.8},
                           lora_2={"on": False, "lora": "b.safetensors", "strength": 1.0})},
            [("a", 0.8)],
        ),
        (
            {"model": node("Lora Loader Stack (rgthree)", model="check.0", clip="check.1", lora_01="a.safetensors",
                           strength_01=0.4, lora_02="None", strength_02=1.0)},
            [("a", 0.4)],
        ),
    ],
)  # fmt: skip
def test_stacks_of_loras_are_loras_in_their_order(
    studio: Studio, tmp_path: Path, nodes: dict[str, Any], expected: list[tuple[str, float]]
) -> None:
    common = {
        "check": node("CheckpointLoaderSimple", ckpt_name="wd15.safetensors"),
        "plus": node("CLIPTextEncode", text="a fox", clip="model.1"),
        "minus": node("CLIPTextEncode", text="blurry", clip="model.1"),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "drawn": sampler("model.0"),
        "image": node("VAEDecode", samples="drawn.0", vae="check.2"),
        "save": node("SaveImage", images="image.0"),
    }

    graph, _ = bring(studio, tmp_path, **common, **nodes)

    inputs = get_only(graph, "diffusion.text_to_image")
    names = [Path(reference).stem for reference in inputs["loras"]]
    assert list(zip(names, inputs["lora_scales"], strict=True)) == expected


def load_checkpoint(name: str) -> dict[str, Any]:
    return {
        "load": node("CheckpointLoaderSimple", ckpt_name=name),
        "plus": node("CLIPTextEncode", text="a fox", clip="load.1"),
        "minus": node("CLIPTextEncode", text="blurry", clip="load.1"),
        "latent": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "photo": node("LoadImage", image="photo.png"),
        "vae": node("VAELoader", vae_name="vae.safetensors"),
        **end(),
    }


def test_an_ip_adapter_is_an_image_prompt(studio: Studio, tmp_path: Path) -> None:
    nodes = load_checkpoint("sd_xl_base_1.0.safetensors") | {
        "preset": node("IPAdapterUnifiedLoader", preset="PLUS (high strength)", model="load.0"),
        "see": node(
            "IPAdapter", model="preset.0", ipadapter="preset.1", image="photo.0", weight=0.7, start_at=0, end_at=1,
            weight_type="style transfer",
        ),
    }  # fmt: skip

    graph, report = bring(studio, tmp_path, **nodes, drawn=sampler("see.0"))

    inputs = get_only(graph, "diffusion.text_to_image")
    assert (inputs["image_prompt_scale"], inputs["image_prompt_use"]) == (0.7, "style")
    reader = inputs["image_prompt_model"]
    assert reader["model"].endswith("ipadapter/ip-adapter-plus_sdxl_vit-h.safetensors")
    assert reader["options"]["image_encoder"].endswith("CLIP-ViT-H-14-laion2B-s32B-b79K.safetensors")
    assert {"ipadapter", "clip_vision"} <= {one.folder for one in report.files}


def test_unclip_of_sdxl_and_redux_are_image_prompts(studio: Studio, tmp_path: Path) -> None:
    seen = {
        "eyes": node("CLIPVisionLoader", clip_name="clip_vision_g.safetensors"),
        "seen": node("CLIPVisionEncode", clip_vision="eyes.0", image="photo.0", crop="center"),
    }
    unclip = node(
        "unCLIPConditioning", conditioning="plus.0", clip_vision_output="seen.0", strength=0.75, noise_augmentation=0
    )
    nodes = load_checkpoint("sd_xl_base_1.0.safetensors") | seen | {"look": unclip}

    graph, _ = bring(studio, tmp_path, **nodes, drawn=sampler("load.0", positive="look.0"))

    inputs = get_only(graph, "diffusion.text_to_image")
    assert inputs["image_prompt_model"].endswith("clip_vision/clip_vision_g.safetensors")
    assert inputs["image_prompt_scale"] == 0.75

    redux = {
        "style": node("StyleModelLoader", style_model_name="flux1-redux-dev.safetensors"),
        "look": node(
            "StyleModelApply", conditioning="plus.0", style_model="style.0", clip_vision_output="seen.0", strength=0.5,
            strength_type="multiply",
        ),
    }  # fmt: skip
    photo = {name: nodes[name] for name in ("photo", "latent", *seen)}
    flux = load_split("flux1-dev.safetensors", "flux") | photo | redux

    graph, _ = bring(studio, tmp_path, **flux, drawn=sampler("unet.0", positive="look.0", cfg=1.0), **end())

    inputs = get_only(graph, "diffusion.text_to_image")
    assert inputs["image_prompt_model"]["model"].endswith("style_models/flux1-redux-dev.safetensors")


def test_controlnets_are_controls_also_several_over_an_image(studio: Studio, tmp_path: Path) -> None:
    span = {"strength": 0.8, "start_percent": 0.1, "end_percent": 0.6, "image": "photo.0"}
    nodes = load_checkpoint("v1-5-pruned-emaonly.safetensors") | {
        "pose": node("ControlNetLoader", control_net_name="pose.safetensors"),
        "depth": node("ControlNetLoader", control_net_name="depth.safetensors"),
        "one": node(
            "ControlNetApplyAdvanced", positive="plus.0", negative="minus.0", control_net="pose.0", **span
        ),
        "two": node(
            "ControlNetApplyAdvanced", positive="one.0", negative="one.1", control_net="depth.0", **span
        ),
        "latent": node("VAEEncode", pixels="photo.0", vae="load.2"),
    }  # fmt: skip

    graph, _ = bring(
        studio, tmp_path, **nodes, drawn=sampler("load.0", positive="two.0", negative="two.1", denoise=0.5)
    )

    assert len(get_only(graph, "diffusion.image_to_image")["control"]) == 2
    controls = [one["inputs"] for one in graph["nodes"].values() if one["type"] == "diffusion.control"]
    assert [one["controlnet"].rpartition("/")[2] for one in controls] == ["pose.safetensors", "depth.safetensors"]
    assert all((one["scale"], one["start"], one["end"]) == (0.8, 0.1, 0.6) for one in controls)


def test_embeddings_in_prompts_are_a_load_option_of_the_model(studio: Studio, tmp_path: Path) -> None:
    graph, report = bring(
        studio,
        tmp_path,
        ckpt=node("CheckpointLoaderSimple", ckpt_name="v1-5-pruned-emaonly.safetensors"),
        plus=node("CLIPTextEncode", text="a fox", clip="ckpt.1"),
        minus=node("CLIPTextEncode", text="blurry, (embedding:ugly:1.2), embedding:xl/bad.pt", clip="ckpt.1"),
        latent=node("EmptyLatentImage", width=512, height=512, batch_size=1),
        ks=sampler(model="ckpt.0"),
        out=node("VAEDecode", samples="ks.0", vae="ckpt.2"),
        save=node("SaveImage", images="out.0", filename_prefix="x"),
    )

    (drawn,) = (each for each in graph["nodes"].values() if each["type"] == "diffusion.text_to_image")
    assert drawn["inputs"]["model"]["options"]["embeddings"].endswith("models/embeddings")
    assert drawn["inputs"]["prompt_syntax"] == "comfyui"
    assert {"ugly.safetensors", "xl/bad.safetensors"} <= {file.name for file in report.files}
    assert not any("embedding" in one.why for one in report.nodes)


def test_a_second_pass_by_a_network_enlarges_the_image_and_draws_over_it(studio: Studio, tmp_path: Path) -> None:
    settings = "Steps: 20, Sampler: Euler a, CFG scale: 7, Size: 512x768, Model: dream, Denoising strength: 0.5"
    text = f"a fox\n{settings}, Hires upscale: 1.5, Hires upscaler: R-ESRGAN 4x+, Hires steps: 9"

    graph, report = bring_document(studio, tmp_path, read_parameters(text))

    assert report.result == "exact"
    types = [one["type"] for one in graph["nodes"].values()]
    assert types == ["diffusion.text_to_image", "upscale.image", "image.resize", "diffusion.image_to_image"]
    assert get_only(graph, "upscale.image")["model"].endswith("upscale_models/RealESRGAN_x4plus.safetensors")
    assert {"width": 768, "height": 1152}.items() <= get_only(graph, "image.resize").items()
    assert get_only(graph, "diffusion.image_to_image")["strength"] == 0.5


def follow_video(unet: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return a document that follows a video, with references and a mask."""
    sizes = {"width": 832, "height": 480, "length": 81, "batch_size": 1}
    ends = {"positive": "plus.0", "negative": "minus.0", "vae": "vae.0"}
    return {
        **load_split(unet, "wan"),
        "load": node("LoadVideo", file="dance.mp4"),
        "parts": node("GetVideoComponents", video="load.0"),
        "look": node("LoadImage", image="look.png"),
        "latent": node(kind, **ends, **sizes, control_video="parts.0", **more),
        "drawn": sampler(latent="latent.2", positive="latent.0", negative="latent.1"),
        **end(),
        "film": node("CreateVideo", images="image.0", fps=16.0),
        "save": node("SaveVideo", video="film.0", filename_prefix="film"),
    }  # fmt: skip


def test_a_video_that_vace_follows_is_drawn_again(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("wan2.1_vace_14B_fp16.safetensors", "WanVaceToVideo", strength=0.8, reference_image="look.0")
    mask = node("LoadImageMask", image="mask.png", channel="red")
    nodes["latent"]["inputs"]["control_masks"] = ["mask", 0]

    graph, report = bring(studio, tmp_path, **nodes, mask=mask)

    inputs = get_only(graph, "video.redraw")
    assert inputs["video"] == {"from": "inputs.video"}
    assert (inputs["control_scale"], inputs["seconds"], inputs["fps"]) == (0.8, 5.0625, 16.0)
    assert (len(inputs["masks"]), len(inputs["references"])) == (1, 1)
    assert "strength" not in inputs
    assert any("by time" in why for one in report.nodes for why in one.why)


def test_images_that_vace_follows_are_a_video_first(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("wan2.1_vace_14B_fp16.safetensors", "WanVaceToVideo")
    nodes["parts"] = node("BatchImagesNode", **{"images.image0": ["look", 0], "images.image1": ["look", 0]})

    graph, _ = bring(studio, tmp_path, **nodes)

    assert get_only(graph, "video.redraw")["video"] == {"from": "frames"}
    assert get_only(graph, "video.from_frames")["fps"] == 16.0


def test_a_video_that_is_encoded_is_drawn_again_with_its_denoise(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("wan2.1_t2v_1.3B.safetensors", "WanVaceToVideo")
    nodes["latent"] = node("VAEEncode", pixels="parts.0", vae="vae.0")
    nodes["drawn"] = sampler(denoise=0.5)

    graph, _ = bring(studio, tmp_path, **nodes)

    inputs = get_only(graph, "video.redraw")
    assert (inputs["strength"], inputs["steps"]) == (0.5, 40)


def test_a_model_that_draws_no_video_again_is_missing(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("wan2.2_fun_control_high_noise_14B.safetensors", "Wan22FunControlToVideo")
    rules, folders = find_import_rules(studio.settings), WeightsFolders(tmp_path)

    graph, report = import_document(read_prompt(nodes), rules, studio.registry, folders, media=tmp_path, title="test")

    assert graph is None
    assert any("a video drawn again by Wan 2.2" in why for one in report.nodes for why in one.why)


def test_lines_of_a_video_are_a_video_that_vace_follows(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("wan2.1_vace_14B_fp16.safetensors", "WanVaceToVideo")
    nodes["lines"] = node("Canny", image="parts.0", low_threshold=0.4, high_threshold=0.8)
    nodes["latent"]["inputs"]["control_video"] = ["lines", 0]

    graph, _ = bring(studio, tmp_path, **nodes)

    assert get_only(graph, "video.redraw")["video"] == {"from": "edges"}


def test_frames_that_an_image_model_draws_over_are_drawn_one_by_one(studio: Studio, tmp_path: Path) -> None:
    nodes = follow_video("qwen_image_fp8.safetensors", "WanVaceToVideo")
    nodes["latent"] = node("VAEEncode", pixels="parts.0", vae="vae.0")
    nodes["drawn"] = sampler(denoise=0.5)

    graph, report = bring(studio, tmp_path, **nodes)

    assert get_only(graph, "diffusion.image_to_image")["image"] == {"from": "inputs.video"}
    assert [one["type"] for one in graph["nodes"].values()] == ["diffusion.image_to_image"]
    assert any("same seed" in why for one in report.nodes for why in one.why)
