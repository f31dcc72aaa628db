"""What is known of each architecture: its pipelines by task, sizes, defaults, samplers and prompt windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.api import StudioError

TEXT = "text_to_image"
IMAGE = "image_to_image"
INPAINT = "inpaint"
CONTROL = "controlnet"
CONTROL_IMAGE = "controlnet_image_to_image"
CONTROL_INPAINT = "controlnet_inpaint"

EDIT = "edit_image"
EDIT_INPAINT = "edit_image_with_mask"

TASKS = (TEXT, IMAGE, INPAINT, CONTROL, CONTROL_IMAGE, CONTROL_INPAINT, EDIT, EDIT_INPAINT)

PARTS = frozenset({"sd", "sdxl", "sd3", "flux", "pixart_alpha", "pixart_sigma", "sana"})
"""Families whose steps are known well enough to be taken apart."""


@dataclass(frozen=True)
class Family:
    """An architecture.

    Attributes:
        name: What nodes and errors call it.
        title: What people call it.
        pipelines: Pipeline class of diffusers by task.
        others: Further pipeline classes whose folders hold the same modules.
        controlnets: ControlNet classes that go with it.
        size: Side of an image, in pixels, where neither the user nor the model's config says one.
        pack: Latent pixels per side that the denoiser takes as one, where its config does not say it.
        multiple: What width and height must divide by; 0 to work it out from autoencoder and denoiser.
        steps: Steps where the user gives none.
        guidance_scale: Guidance scale where the user gives none.
        guidance_input: The pipeline's argument that the guidance scale goes to.
        own_sampler: It takes no sampler but its own.
        prompt_window: Tokens of a prompt that it reads; 0 for the tokenizer's own limit.
        several: It takes several images to edit.
        blank_negative: It needs a negative prompt for its guidance, if only an empty one.
        step_scale: Further step counts that the pipeline takes, as shares of `steps`.
        decoder: For a decoder alone, the load option that names the prior it needs.
    """

    name: str
    title: str
    pipelines: Mapping[str, str]
    others: tuple[str, ...] = ()
    controlnets: tuple[str, ...] = ()
    size: int = 1024
    pack: int = 1
    multiple: int = 0
    steps: int = 30
    guidance_scale: float = 5.0
    guidance_input: str = "guidance_scale"
    own_sampler: bool = False
    prompt_window: int = 0
    several: bool = False
    blank_negative: bool = False
    step_scale: Mapping[str, float] = field(default_factory=dict)


OTHER = Family("other", "another architecture", {})

_SD = "StableDiffusion"
_XL = "StableDiffusionXL"
_SD3 = "StableDiffusion3"
_K22 = "KandinskyV22"

FAMILIES = (
    Family(
        "sd",
        "Stable Diffusion 1 and 2",
        {
            TEXT: f"{_SD}Pipeline",
            IMAGE: f"{_SD}Img2ImgPipeline",
            INPAINT: f"{_SD}InpaintPipeline",
            CONTROL: f"{_SD}ControlNetPipeline",
            CONTROL_IMAGE: f"{_SD}ControlNetImg2ImgPipeline",
            CONTROL_INPAINT: f"{_SD}ControlNetInpaintPipeline",
        },
        controlnets=("ControlNetModel",),
        size=512,
        guidance_scale=7.5,
    ),
    Family(
        "lcm",
        "Latent Consistency Models",
        {TEXT: "LatentConsistencyModelPipeline", IMAGE: "LatentConsistencyModelImg2ImgPipeline"},
        size=512,
        steps=4,
        guidance_scale=8.5,
        own_sampler=True,
    ),
    Family(
        "instruct_pix2pix",
        "InstructPix2Pix",
        {IMAGE: f"{_SD}InstructPix2PixPipeline"},
        size=512,
        guidance_scale=7.5,
    ),
    Family(
        "sdxl",
        "Stable Diffusion XL",
        {
            TEXT: f"{_XL}Pipeline",
            IMAGE: f"{_XL}Img2ImgPipeline",
            INPAINT: f"{_XL}InpaintPipeline",
            CONTROL: f"{_XL}ControlNetPipeline",
            CONTROL_IMAGE: f"{_XL}ControlNetImg2ImgPipeline",
            CONTROL_INPAINT: f"{_XL}ControlNetInpaintPipeline",
        },
        controlnets=("ControlNetModel", "ControlNetUnionModel"),
    ),
    Family(
        "sdxl_refiner",
        "Stable Diffusion XL refiner",
        {IMAGE: f"{_XL}Img2ImgPipeline", INPAINT: f"{_XL}InpaintPipeline"},
    ),
    Family(
        "sd3",
        "Stable Diffusion 3",
        {
            TEXT: f"{_SD3}Pipeline",
            IMAGE: f"{_SD3}Img2ImgPipeline",
            INPAINT: f"{_SD3}InpaintPipeline",
            CONTROL: f"{_SD3}ControlNetPipeline",
            CONTROL_INPAINT: f"{_SD3}ControlNetInpaintingPipeline",
        },
        controlnets=("SD3ControlNetModel",),
        steps=28,
        guidance_scale=7.0,
        prompt_window=256,
    ),
    Family(
        "flux",
        "Flux",
        {
            TEXT: "FluxPipeline",
            IMAGE: "FluxImg2ImgPipeline",
            INPAINT: "FluxInpaintPipeline",
            CONTROL: "FluxControlNetPipeline",
            CONTROL_IMAGE: "FluxControlNetImg2ImgPipeline",
            CONTROL_INPAINT: "FluxControlNetInpaintPipeline",
        },
        controlnets=("FluxControlNetModel",),
        pack=2,
        steps=28,
        guidance_scale=3.5,
        prompt_window=512,
    ),
    Family(
        "flux_kontext",
        "Flux Kontext",
        {TEXT: "FluxKontextPipeline", EDIT: "FluxKontextPipeline", EDIT_INPAINT: "FluxKontextInpaintPipeline"},
        pack=2,
        steps=28,
        guidance_scale=3.5,
        prompt_window=512,
    ),
    Family("flux_fill", "Flux Fill", {INPAINT: "FluxFillPipeline"}, pack=2, steps=50, guidance_scale=30.0),
    Family("flux_control", "Flux Control", {EDIT: "FluxControlPipeline"}, pack=2, steps=28, guidance_scale=3.5),
    Family(
        "flux2",
        "Flux 2",
        {TEXT: "Flux2Pipeline", EDIT: "Flux2Pipeline"},
        pack=2,
        guidance_scale=4.0,
        prompt_window=512,
        several=True,
    ),
    Family(
        "flux2_klein",
        "Flux 2 Klein",
        {TEXT: "Flux2KleinPipeline", EDIT: "Flux2KleinPipeline", INPAINT: "Flux2KleinInpaintPipeline"},
        pack=2,
        steps=4,
        guidance_scale=4.0,
        prompt_window=512,
        several=True,
    ),
    Family("krea2", "Krea 2", {TEXT: "Krea2Pipeline"}, pack=2, steps=28, guidance_scale=4.5, prompt_window=512),
    Family(
        "chroma",
        "Chroma",
        {TEXT: "ChromaPipeline", IMAGE: "ChromaImg2ImgPipeline", INPAINT: "ChromaInpaintPipeline"},
        pack=2,
        steps=35,
        prompt_window=512,
    ),
    Family(
        "pixart_alpha", "PixArt-alpha", {TEXT: "PixArtAlphaPipeline"}, steps=20, guidance_scale=4.5, prompt_window=120
    ),
    Family(
        "pixart_sigma", "PixArt-Sigma", {TEXT: "PixArtSigmaPipeline"}, steps=20, guidance_scale=4.5, prompt_window=300
    ),
    Family("sana", "Sana", {TEXT: "SanaPipeline"}, steps=20, guidance_scale=4.5, prompt_window=300),
    Family(
        "sana_sprint",
        "Sana Sprint",
        {TEXT: "SanaSprintPipeline", IMAGE: "SanaSprintImg2ImgPipeline"},
        steps=2,
        guidance_scale=4.5,
        own_sampler=True,
        prompt_window=300,
    ),
    Family(
        "kandinsky22",
        "Kandinsky 2.2",
        {
            TEXT: f"{_K22}CombinedPipeline",
            IMAGE: f"{_K22}Img2ImgCombinedPipeline",
            INPAINT: f"{_K22}InpaintCombinedPipeline",
        },
        size=512,
        multiple=64,
        steps=50,
        guidance_scale=4.0,
        own_sampler=True,
        step_scale={"prior_num_inference_steps": 0.5},
    ),
    Family(
        "kandinsky3",
        "Kandinsky 3",
        {TEXT: "Kandinsky3Pipeline", IMAGE: "Kandinsky3Img2ImgPipeline"},
        steps=25,
        guidance_scale=3.0,
        multiple=64,
        prompt_window=128,
    ),
    Family(
        "kandinsky5", "Kandinsky 5", {TEXT: "Kandinsky5T2IPipeline", IMAGE: "Kandinsky5I2IPipeline"}, prompt_window=512
    ),
    Family(
        "qwenimage",
        "Qwen-Image",
        {
            TEXT: "QwenImagePipeline",
            IMAGE: "QwenImageImg2ImgPipeline",
            INPAINT: "QwenImageInpaintPipeline",
            CONTROL: "QwenImageControlNetPipeline",
            CONTROL_INPAINT: "QwenImageControlNetInpaintPipeline",
        },
        controlnets=("QwenImageControlNetModel",),
        pack=2,
        steps=50,
        guidance_scale=4.0,
        guidance_input="true_cfg_scale",
        prompt_window=512,
    ),
    Family(
        "qwenimage_edit",
        "Qwen-Image-Edit",
        {EDIT: "QwenImageEditPipeline", EDIT_INPAINT: "QwenImageEditInpaintPipeline"},
        pack=2,
        steps=50,
        guidance_scale=4.0,
        guidance_input="true_cfg_scale",
        prompt_window=512,
        blank_negative=True,
    ),
    Family(
        "qwenimage_edit_plus",
        "Qwen-Image-Edit-Plus",
        {EDIT: "QwenImageEditPlusPipeline"},
        pack=2,
        steps=50,
        guidance_scale=4.0,
        guidance_input="true_cfg_scale",
        prompt_window=512,
        several=True,
        blank_negative=True,
    ),
    Family(
        "qwenimage21",
        "Qwen-Image 2.1",
        {TEXT: "QwenImage21Pipeline", EDIT: "QwenImage21Pipeline"},
        steps=40,
        guidance_scale=1.0,
        guidance_input="true_cfg_scale",
        several=True,
    ),
    Family(
        "stable_cascade",
        "Stable Cascade",
        {TEXT: "StableCascadeCombinedPipeline"},
        multiple=128,
        steps=20,
        guidance_scale=4.0,
        guidance_input="prior_guidance_scale",
        own_sampler=True,
        step_scale={"num_inference_steps": 0.5, "prior_num_inference_steps": 1.0},
    ),
    Family(
        "wuerstchen",
        "Wuerstchen",
        {TEXT: "WuerstchenCombinedPipeline"},
        multiple=128,
        steps=60,
        guidance_scale=4.0,
        guidance_input="prior_guidance_scale",
        own_sampler=True,
        step_scale={"num_inference_steps": 0.2, "prior_num_inference_steps": 1.0},
    ),
    Family("auraflow", "AuraFlow", {TEXT: "AuraFlowPipeline"}, steps=50, guidance_scale=3.5, prompt_window=256),
    Family("lumina2", "Lumina 2", {TEXT: "Lumina2Pipeline"}, pack=2, guidance_scale=4.0, prompt_window=256),
    Family(
        "hunyuandit",
        "HunyuanDiT",
        {TEXT: "HunyuanDiTPipeline", CONTROL: "HunyuanDiTControlNetPipeline"},
        controlnets=("HunyuanDiT2DControlNetModel",),
        multiple=16,
        steps=50,
        guidance_scale=5.0,
    ),
    Family(
        "cogview3",
        "CogView3-Plus",
        {TEXT: "CogView3PlusPipeline"},
        pack=2,
        steps=50,
        own_sampler=True,
        prompt_window=224,
    ),
    Family("cogview4", "CogView4", {TEXT: "CogView4Pipeline"}, pack=2, steps=50, prompt_window=1024),
    Family(
        "zimage",
        "Z-Image",
        {TEXT: "ZImagePipeline", IMAGE: "ZImageImg2ImgPipeline", INPAINT: "ZImageInpaintPipeline"},
        pack=2,
        steps=9,
        guidance_scale=5.0,
        prompt_window=512,
    ),
    Family("hidream", "HiDream-I1", {TEXT: "HiDreamImagePipeline"}, pack=2, steps=50, prompt_window=128),
    Family(
        "kolors",
        "Kolors",
        {TEXT: "KolorsPipeline", IMAGE: "KolorsImg2ImgPipeline"},
        steps=50,
        prompt_window=256,
    ),
    Family("deepfloyd_if", "DeepFloyd IF", {TEXT: "IFPipeline"}, size=64, own_sampler=True, prompt_window=77),
)

_BY_CLASS = {
    pipeline: family for family in reversed(FAMILIES) for pipeline in (*family.pipelines.values(), *family.others)
}
_BY_NAME = {family.name: family for family in (*FAMILIES, OTHER)}

# Decoders that cannot draw from a prompt without their prior: the combined class, and what both parts are called in it.
DECODERS: Mapping[str, tuple[str, str]] = {
    "KandinskyV22Pipeline": ("KandinskyV22CombinedPipeline", "prior_"),
    "StableCascadeDecoderPipeline": ("StableCascadeCombinedPipeline", "prior_"),
    "WuerstchenDecoderPipeline": ("WuerstchenCombinedPipeline", "prior_"),
}

CONTROLNET_FAMILIES: Mapping[str, str] = {
    name: family.name for family in reversed(FAMILIES) for name in family.controlnets
}


def find_family(pipeline_class: str, *, refiner: bool = False) -> Family:
    """Return the family of a pipeline class; `OTHER` if it is in none."""
    family = _BY_CLASS.get(pipeline_class, OTHER)
    return _BY_NAME["sdxl_refiner"] if refiner and family.name.startswith("sdxl") else family


def get_family(name: str) -> Family:
    """Return a family by its name."""
    return _BY_NAME[name]


def refuse_parts(family: Family) -> StudioError:
    """Return the error for a family whose steps are not taken apart."""
    return StudioError(
        "E623",
        f"a model of {family.title} does not support separate encoding, sampling and decoding",
        hint="use diffusion.text_to_image or diffusion.image_to_image, which take every model",
    )
