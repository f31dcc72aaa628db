"""Imported documents draw what ComfyUI draws: images against a reference of its sampling, on tiny weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.app import Studio, read_settings
from studio.cli.import_rules import find_import_rules
from studio.graph import parse_graph
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.parameter_text import read_parameters
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.weights_folders import WeightsFolders
from tests.plugins.studio_diffusion.importing.comfy_reference import (
    AreaModel,
    FlowModel,
    NoiseModel,
    list_sigmas,
    list_tail,
    open_pipeline,
    sample,
)
from tests.plugins.studio_diffusion.test_weighted_prompts import run_clip, scale_row

pytestmark = pytest.mark.xdist_group("diffusers")

SEED, SIDE = 1234, 64
PROMPT, NEGATIVE = "a red apple on a blue background", "small dog"


@pytest.fixture(scope="module")
def desk(tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights where the documents of these tests look for them."""
    folder = tmp_path_factory.mktemp("comfy")
    checkpoints = folder / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    for name in ("sd15", "sd3"):
        (checkpoints / name).symlink_to(tiny(name))
    return folder


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(read_settings(device="cpu", dtype="float32"), on_disk=False) as studio:
        yield studio


def make_document(name: str, **nodes: dict[str, Any]) -> dict[str, Any]:
    """Return a document with a model, both prompts, an empty latent, and more nodes; "last" is decoded."""
    return {
        "model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": f"{name}.safetensors"}},
        "plus": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT, "clip": ["model", 1]}},
        "minus": {"class_type": "CLIPTextEncode", "inputs": {"text": NEGATIVE, "clip": ["model", 1]}},
        "empty": {"class_type": "EmptyLatentImage", "inputs": {"width": SIDE, "height": SIDE, "batch_size": 1}},
        **nodes,
        "image": {"class_type": "VAEDecode", "inputs": {"samples": ["last", 0], "vae": ["model", 2]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["image", 0], "filename_prefix": "drawn"}},
    }


def make_sampler(kind: str = "KSampler", latent: str = "empty", model: str = "model", **inputs: Any) -> dict[str, Any]:
    """Return a node that samples."""
    edges = {"model": [model, 0], "positive": ["plus", 0], "negative": ["minus", 0], "latent_image": [latent, 0]}
    common = {"steps": 6, "cfg": 5.0, "sampler_name": "euler", "scheduler": "normal"}
    own = {"seed": SEED, "denoise": 1.0} if kind == "KSampler" else {"noise_seed": SEED}
    return {"class_type": kind, "inputs": {**edges, **common, **own, **inputs}}


def draw(studio: Studio, desk: Path, document: dict[str, Any], **values: Any) -> tuple[np.ndarray, set[str]]:
    """Import a document and run it; return the image and the types of the nodes."""
    rules = find_import_rules(studio.settings)
    graph, report = import_document(
        read_prompt(document), rules, studio.registry, WeightsFolders(desk), media=desk, title="test"
    )
    assert graph is not None
    assert report.result in ("exact", "close"), [node for node in report.nodes if node.status == "missing"]
    result = studio.run(parse_graph(graph, base=desk), values, cache="off")
    assert result.status == "done", result.errors
    return result.outputs["drawn"].pixels, {node["type"] for node in graph["nodes"].values()}


def open_reference(desk: Path, name: str, shift: float = 3.0) -> NoiseModel:
    pipeline = open_pipeline(desk / "models/checkpoints" / name)
    return FlowModel(pipeline, PROMPT, NEGATIVE, shift) if name == "sd3" else NoiseModel(pipeline, PROMPT, NEGATIVE)


def make_empty(model: NoiseModel) -> torch.Tensor:
    vae = model.pipeline.vae.config
    side = SIDE // 2 ** (len(vae.block_out_channels) - 1)
    return torch.zeros(1, vae.latent_channels, side, side)


def compare(made: np.ndarray, model: NoiseModel, latent: torch.Tensor) -> None:
    np.testing.assert_allclose(made, model.decode(latent).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "sampler", "schedule"),
    [
        ("sd15", "euler", "normal"),
        ("sd15", "euler", "simple"),
        ("sd15", "ddim", "sgm_uniform"),
        ("sd15", "heun", "normal"),
        ("sd15", "dpmpp_2m", "karras"),
        ("sd3", "euler", "simple"),
        ("sd3", "heun", "sgm_uniform"),
    ],
)
def test_an_image_from_words_is_comfys(studio: Studio, desk: Path, name: str, sampler: str, schedule: str) -> None:
    document = make_document(name, last=make_sampler(sampler_name=sampler, scheduler=schedule))

    made, types = draw(studio, desk, document)

    model = open_reference(desk, name)
    sigmas = list_sigmas(model, schedule, 6)
    compare(made, model, sample(model, make_empty(model), seed=SEED, sampler=sampler, sigmas=sigmas, scale=5.0))
    assert types == {"diffusion.text_to_image"}


def test_a_shift_is_comfys(studio: Studio, desk: Path) -> None:
    shifted = {"class_type": "ModelSamplingSD3", "inputs": {"model": ["model", 0], "shift": 6.0}}

    made, _ = draw(studio, desk, make_document("sd3", shifted=shifted, last=make_sampler(model="shifted")))

    model = open_reference(desk, "sd3", shift=6.0)
    sigmas = list_sigmas(model, "normal", 6)
    compare(made, model, sample(model, make_empty(model), seed=SEED, sampler="euler", sigmas=sigmas, scale=5.0))


def test_a_custom_sampler_is_comfys(studio: Studio, desk: Path) -> None:
    document = make_document(
        "sd15",
        noise={"class_type": "RandomNoise", "inputs": {"noise_seed": SEED}},
        solver={"class_type": "KSamplerSelect", "inputs": {"sampler_name": "dpmpp_2m"}},
        levels={"class_type": "ManualSigmas", "inputs": {"sigmas": "9.5, 4.0, 1.5, 0.4, 0.0"}},
        guide={
            "class_type": "CFGGuider",
            "inputs": {"model": ["model", 0], "positive": ["plus", 0], "negative": ["minus", 0], "cfg": 4.0},
        },
        last={
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["noise", 0], "guider": ["guide", 0], "sampler": ["solver", 0], "sigmas": ["levels", 0],
                "latent_image": ["empty", 0],
            },
        },
    )  # fmt: skip

    made, _ = draw(studio, desk, document)

    model = open_reference(desk, "sd15")
    sigmas = [9.5, 4.0, 1.5, 0.4, 0.0]
    compare(made, model, sample(model, make_empty(model), seed=SEED, sampler="dpmpp_2m", sigmas=sigmas, scale=4.0))


def test_two_stages_with_leftover_noise_are_comfys(studio: Studio, desk: Path) -> None:
    first = make_sampler("KSamplerAdvanced", add_noise="enable", start_at_step=0, end_at_step=4,
                         return_with_leftover_noise="enable")  # fmt: skip
    last = make_sampler("KSamplerAdvanced", "first", add_noise="disable", start_at_step=4, end_at_step=10000,
                        return_with_leftover_noise="disable", cfg=2.0)  # fmt: skip

    made, types = draw(studio, desk, make_document("sd15", first=first, last=last))

    model = open_reference(desk, "sd15")
    sigmas = list_sigmas(model, "normal", 6)
    half = sample(model, make_empty(model), seed=SEED, sampler="euler", sigmas=sigmas[:5], scale=5.0)
    compare(made, model, sample(model, half, seed=SEED, sampler="euler", sigmas=sigmas[4:], scale=2.0, noise=False))
    assert "diffusion.sample" in types


@pytest.mark.parametrize("name", ["sd15", "sd3"])
def test_a_second_pass_over_an_enlarged_latent_is_comfys(studio: Studio, desk: Path, name: str) -> None:
    larger = {
        "class_type": "LatentUpscaleBy",
        "inputs": {"samples": ["first", 0], "upscale_method": "nearest-exact", "scale_by": 1.5},
    }
    last = make_sampler(latent="larger", denoise=0.5, seed=SEED + 1)

    made, _ = draw(studio, desk, make_document(name, first=make_sampler(), larger=larger, last=last))

    model = open_reference(desk, name)
    sigmas = list_sigmas(model, "normal", 6)
    drawn = sample(model, make_empty(model), seed=SEED, sampler="euler", sigmas=sigmas, scale=5.0)
    drawn = torch.nn.functional.interpolate(drawn, scale_factor=1.5, mode="nearest-exact")
    tail = list_tail(model, "normal", 6, 0.5)
    compare(made, model, sample(model, drawn, seed=SEED + 1, sampler="euler", sigmas=tail, scale=5.0))


def test_weights_of_words_and_a_skipped_layer_are_comfys(studio: Studio, desk: Path) -> None:
    document = make_document("sd15", last=make_sampler())
    document["skip"] = {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["model", 1], "stop_at_clip_layer": -2}}
    document["plus"]["inputs"] = {"text": "a (red:1.6) sun", "clip": ["skip", 0]}

    made, _ = draw(studio, desk, document)

    model = open_reference(desk, "sd15")
    weights = {"a": 1.0, "red": 1.6, "sun": 1.0}
    wide, empty = (run_clip(model.pipeline, "", words, 1) for words in (list(weights), []))
    plus = empty + (wide - empty) * scale_row(model.pipeline, "", weights)
    minus = run_clip(model.pipeline, "", NEGATIVE.split(), 1)
    model.prompts = (plus, minus)
    sigmas = list_sigmas(model, "normal", 6)
    compare(made, model, sample(model, make_empty(model), seed=SEED, sampler="euler", sigmas=sigmas, scale=5.0))


def test_parameters_of_the_web_ui_keep_its_weights(studio: Studio, desk: Path) -> None:
    text = (
        "a [red] sun\nNegative prompt: dog\nSteps: 4, Sampler: Euler, CFG scale: 5, Seed: 3, Size: 64x64, Model: sd15"
    )
    rules = find_import_rules(studio.settings)

    graph, _ = import_document(
        read_parameters(text), rules, studio.registry, WeightsFolders(desk), media=desk, title="test"
    )

    assert graph is not None
    assert [node["inputs"]["prompt_syntax"] for node in graph["nodes"].values()] == ["webui"]


def condition(kind: str, **inputs: Any) -> dict[str, Any]:
    """Return a node for a conditioning; a text at an input names the node that it comes from."""
    links = {name: [value, 0] for name, value in inputs.items() if isinstance(value, str)}
    return {"class_type": kind, "inputs": {**inputs, **links}}


def test_prompts_in_areas_masks_and_parts_of_the_steps_are_comfys(studio: Studio, desk: Path) -> None:
    words = {"class_type": "CLIPTextEncode", "inputs": {"text": "a green apple", "clip": ["model", 1]}}
    document = make_document(
        "sd15",
        words=words,
        area=condition("ConditioningSetArea", conditioning="words", x=24, y=0, width=40, height=64, strength=1.5),
        shape={"class_type": "SolidMask", "inputs": {"value": 1.0, "width": SIDE, "height": SIDE}},
        masked=condition("ConditioningSetMask", conditioning="words", mask="shape", strength=0.5,
                         set_cond_area="default"),
        late=condition("ConditioningSetTimestepRange", conditioning="masked", start=0.5, end=1.0),
        both=condition("ConditioningCombine", conditioning_1="plus", conditioning_2="area"),
        every=condition("ConditioningCombine", conditioning_1="both", conditioning_2="late"),
        last=make_sampler(positive=["every", 0]),
    )  # fmt: skip

    made, types = draw(studio, desk, document)

    pipeline = open_pipeline(desk / "models/checkpoints/sd15")
    factor = 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
    side = SIDE // factor
    prompts = [
        (PROMPT, {}),
        ("a green apple", {"area": (24 // factor, 0, side, side), "strength": 1.5}),
        ("a green apple", {"mask": torch.full((side, side), 0.5), "start": 0.5, "end": 1.0}),
    ]
    model = AreaModel(pipeline, prompts, NEGATIVE)
    sigmas = list_sigmas(model, "normal", 6)
    compare(made, model, sample(model, make_empty(model), seed=SEED, sampler="euler", sigmas=sigmas, scale=5.0))
    assert types >= {"diffusion.set_conditioning_area", "diffusion.set_conditioning_mask",
                     "diffusion.set_conditioning_range", "diffusion.combine_conditioning"}  # fmt: skip
