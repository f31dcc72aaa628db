"""Inputs that all node types which sample share, from what ComfyUI's samplers say."""

from __future__ import annotations

import re
from typing import Any

from studio.api.foreign import Importer, ImportGap
from studio_diffusion.importing.known_models import KnownModel, find_known
from studio_diffusion.importing.values import Prompt, Sampling, VaePart

_SAMPLERS = {
    "ddim": "euler",
    "dpm_2": "dpm2",
    "dpm_2_ancestral": "dpm2_a",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun": "dpmpp_2m_sde",
    "dpmpp_2s_ancestral": "dpmpp_2s_a",
    "dpmpp_3m_sde_gpu": "dpmpp_3m_sde",
    "dpmpp_sde_gpu": "dpmpp_sde",
    "euler_ancestral": "euler_a",
    "heunpp2": "heun",
    "ipndm_v": "ipndm",
    "res_multistep_ancestral": "res_multistep_a",
    "uni_pc": "unipc",
    "uni_pc_bh2": "unipc",
} | {
    name: name
    for name in (
        "ddpm", "deis", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpmpp_sde", "er_sde", "euler", "heun", "ipndm",
        "lcm", "lms", "res_multistep",
    )
}  # fmt: skip
_NEAREST = {
    "res_multistep": "dpmpp_2m", "dpmpp_sde": "dpmpp_2m_sde", "dpmpp_3m_sde": "dpmpp_2m_sde", "er_sde": "dpmpp_2m_sde",
    "dpmpp_2s_a": "euler_a", "lms": "euler", "ipndm": "dpmpp_2m", "res_multistep_a": "euler_a", "ddpm": "euler_a",
    "dpm2": "heun", "dpm2_a": "euler_a", "deis": "dpmpp_2m",
}  # fmt: skip
_OTHER_NOISE = ("_gpu", "_heun", "heunpp2", "uni_pc_bh2", "ipndm_v")
_PREDICTIONS = {"v_prediction": "v_prediction"}
_LONE_ENCODER = (("text_encoder", ""),)
_ENCODERS: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    (("Flux 2", "Flux 3"), _LONE_ENCODER),
    (("Flux",), (("text_encoder", "clip"), ("text_encoder_2", "t5"))),
    (("Stable Diffusion 3",), (("text_encoder", "clip_?l"), ("text_encoder_2", "clip_?g"), ("text_encoder_3", "t5"))),
    (("SDXL",), (("text_encoder", "clip_?l"), ("text_encoder_2", "clip_?g"))),
    (("HiDream",), (("text_encoder", "clip_?l"), ("text_encoder_2", "clip_?g"), ("text_encoder_3", "t5"))),
    (("HunyuanVideo",), (("text_encoder", "llama|llava|qwen"), ("text_encoder_2", "clip|byt5"))),
    (("Kandinsky",), (("text_encoder", "qwen"), ("text_encoder_2", "clip"))),
)
"""Which files of text encoders go to which option, by architecture and what their names contain."""
_OWN_SPACING = ("deis", "unipc")
_WEIGHTED = re.compile(r"[()]|\bBREAK\b")
_STRONG = re.compile(r"\([^()]{1,500}:\s*-?\d*\.?\d+\)|(?<!\\)\(\(")
_EMBEDDING = re.compile(r"embedding:([^\s,:()\[\]<>]+)", re.IGNORECASE)
_CLIP_MODELS = ("SD 1.5", "SD 1.5 inpainting", "SD 2", "SD 2 inpainting", "SD Turbo", "SDXL", "SDXL Turbo")
_ZEROING = ("SDXL", "SDXL Turbo")
_ONE_LAYER_LESS = ("SD 2", "SD 2 inpainting", "SD Turbo", "SDXL", "SDXL Turbo")
_LARGEST_SEED = 2**63 - 1


def find_model(sampling: Sampling) -> KnownModel:
    """Return which architecture is sampled.

    Raises:
        ImportGap: It is not known.
    """
    model = sampling.model
    known = find_known(model.file, sampling.positive.clip.type, is_checkpoint=model.folder == "checkpoints")
    if known is None:
        raise ImportGap(f"a known architecture of {model.file!r}", "a file whose name says it")
    return known


def write_model(importer: Importer, sampling: Sampling, vae: VaePart, known: KnownModel, **more: str) -> Any:
    """Return the reference to a model: a folder of diffusers, or a file and where its other parts come from."""
    model = sampling.model
    reference = importer.find_model(model.node, model.folder, model.file)
    if known.name in _CLIP_MODELS:
        more |= _find_embeddings(importer, sampling)
    if not reference.lower().endswith((".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth", ".bin")):
        return reference if not more else {"model": reference, "options": more}
    importer.need(known.base, f"https://huggingface.co/{known.base}", "")
    options = {"config" if model.folder == "checkpoints" else "base": f"hub:{known.base}", **more}
    if vae.file and vae.file != model.file:
        options["vae"] = importer.find_model(model.node, "vae", vae.file)
    if model.prediction in _PREDICTIONS:
        options["prediction"] = _PREDICTIONS[model.prediction]
    for name, file in _name_encoders(importer, sampling, known).items():
        options[name] = importer.find_model(model.node, "text_encoders", file)
    return {"model": reference, "options": options}


def _find_embeddings(importer: Importer, sampling: Sampling) -> dict[str, str]:
    """Return the load option with the folder of the embeddings that the prompts name; {} if they name none."""
    prompts = [prompt for prompt in (sampling.positive, sampling.negative) if prompt is not None]
    texts = [entry.text for prompt in prompts for entry in prompt.entries if isinstance(entry.text, str)]
    found = list(dict.fromkeys(name for text in texts for name in _EMBEDDING.findall(text)))
    places = []
    for name in found:
        file = name.removesuffix(".pt").removesuffix(".safetensors") + ".safetensors"
        place = importer.find_model(sampling.node, "embeddings", file)
        places.append(place.removesuffix("/" + file.replace("\\", "/")))
    return {"embeddings": places[0]} if places else {}


def _name_encoders(importer: Importer, sampling: Sampling, known: KnownModel) -> dict[str, str]:
    """Return the files of text encoders by the names of the options that they go to."""
    files = sampling.positive.clip.files
    orders = next((order for names, order in _ENCODERS if known.name.startswith(names)), _LONE_ENCODER)
    found: dict[str, str] = {}
    for option, pattern in orders:
        file = next((file for file in files if re.search(pattern, file.lower()) and file not in found.values()), None)
        if file is not None:
            found[option] = file
    rest = [file for file in files if file not in found.values() and file != sampling.model.file]
    if rest:
        importer.differ(sampling.node, f"{known.base} has its own part instead of {', '.join(rest)}")
    return found


def write_settings(importer: Importer, type: str, sampling: Sampling, known: KnownModel) -> dict[str, Any]:
    """Return steps, guidance, sampler, schedule, shift and seed, as far as a node type takes them."""
    steps, denoise = sampling.steps, sampling.denoise
    if isinstance(steps, int) and isinstance(denoise, int | float) and 0 < denoise < 1:
        steps = int(steps / denoise)
    inputs = {
        "steps": steps,
        "guidance_scale": find_guidance(importer, sampling, known),
        "seed": _fit_seed(importer, sampling),
    }
    inputs |= _write_sampler(importer, type, sampling, known)
    if inputs.get("sampler") in _OWN_SPACING:
        importer.differ(sampling.node, f"{inputs['sampler']} spaces its steps itself")
    else:
        inputs |= _write_spacing(importer, type, sampling, known)
    return inputs | write_loras(importer, type, sampling)


def write_loras(importer: Importer, type: str, sampling: Sampling) -> dict[str, Any]:
    """Return the LoRAs of a model, as inputs."""
    loras: list[tuple[Any, float]] = list(sampling.model.loras)
    if sampling.second is not None:
        loras = [(_aim(name, "transformer"), scale) for name, scale in loras]
        loras += [(_aim(name, "transformer_2"), scale) for name, scale in sampling.second.model.loras]
    if not loras:
        return {}
    if not importer.has(type, "loras"):
        raise ImportGap(f"input loras of {type}")
    return {"loras": [name for name, _ in loras], "lora_scales": [scale for _, scale in loras]}


def _aim(reference: str, denoiser: str) -> dict[str, Any]:
    """Return the reference to a LoRA for one of two denoisers."""
    return {"model": reference, "options": {"into": denoiser}}


def find_guidance(importer: Importer, sampling: Sampling, known: KnownModel) -> Any:
    """Return the guidance: that which a distilled model is told, else that by the negative prompt."""
    if known.guidance is None:
        return sampling.cfg
    if sampling.cfg not in (1, 1.0):
        importer.differ(sampling.node, f"guidance by the negative prompt ({sampling.cfg}) is left out")
    told = sampling.positive.guidance
    return known.guidance if told is None else told


def write_negative(importer: Importer, sampling: Sampling) -> Any:
    """Return the negative prompt, or None where it does not count."""
    negative = sampling.negative
    if negative is None or sampling.cfg in (1, 1.0):
        return None
    if negative.zero and find_model(sampling).name not in _ZEROING:
        importer.differ(sampling.node, "the negative prompt is an empty text, not zeros")
    return _take_text(importer, sampling, negative) or None


def write_reading(importer: Importer, type: str, sampling: Sampling, known: KnownModel) -> dict[str, Any]:
    """Return how the prompts are read, and the layers that CLIP leaves out, as inputs."""
    positive, found = sampling.positive, dict[str, Any]()
    texts = [entry.text for prompt in (positive, sampling.negative) if prompt for entry in prompt.entries]
    embeds = any(isinstance(text, str) and _EMBEDDING.search(text) for text in texts)
    if embeds and known.name not in _CLIP_MODELS:
        importer.differ(sampling.node, "names of embeddings are not for this model, and are to be taken out")
    if known.name in _CLIP_MODELS and importer.has(type, "prompt_syntax"):
        if _encodes_empty(sampling, known) or any(_has_weights(text, positive.syntax) for text in texts):
            found["prompt_syntax"] = positive.syntax
    elif any(isinstance(text, str) and _STRONG.search(text) for text in texts):
        importer.differ(sampling.node, "weights of words are read as text")
    skip = positive.clip.skip - (1 if known.name in _ONE_LAYER_LESS else 0)
    if skip < 0 and positive.clip.told:
        importer.differ(sampling.node, "the last layer but one of CLIP is read, not the last")
    return found | ({"clip_skip": skip} if skip > 0 else {})


def _has_weights(text: Any, syntax: str) -> bool:
    """Say whether a text has weights, or may have some because it comes from another node."""
    if not isinstance(text, str):
        return True
    return bool(_WEIGHTED.search(text)) or (syntax == "webui" and ("[" in text or "]" in text))


def _encodes_empty(sampling: Sampling, known: KnownModel) -> bool:
    """Say whether an empty negative prompt is read as a text, where a plain one is zeros."""
    negative = sampling.negative
    asked = negative is not None and sampling.cfg not in (1, 1.0) and not negative.zero
    return asked and known.name in _ZEROING and negative is not None and negative.text == ""


def write_prompt(importer: Importer, sampling: Sampling) -> Any:
    """Return the prompt."""
    return _take_text(importer, sampling, sampling.positive)


def _take_text(importer: Importer, sampling: Sampling, prompt: Prompt) -> Any:
    if not prompt.is_plain:
        raise ImportGap("prompts for areas, masks or a part of the steps", "one prompt")
    return prompt.text


def _fit_seed(importer: Importer, sampling: Sampling) -> Any:
    seed = sampling.seed
    if isinstance(seed, int) and seed > _LARGEST_SEED:
        importer.differ(sampling.node, f"seeds go to 2^63 - 1; {seed} is taken modulo 2^63")
        return seed & _LARGEST_SEED
    return seed


def _write_sampler(importer: Importer, type: str, sampling: Sampling, known: KnownModel) -> dict[str, Any]:
    name = sampling.sampler
    if not isinstance(name, str) or name not in _SAMPLERS:
        raise ImportGap(f"sampler {name!r}", "euler")
    wanted = _SAMPLERS[name]
    if any(name.endswith(other) for other in _OTHER_NOISE):
        importer.differ(sampling.node, f"{name} is {wanted}")
    if not importer.has(type, "sampler"):
        if wanted != "euler" or not known.flow:
            importer.differ(sampling.node, f"the model's own sampler draws instead of {name}")
        return {}
    while not importer.has(type, "sampler", wanted):
        if wanted not in _NEAREST:
            raise ImportGap(f"sampler {name!r}", "euler")
        wanted = _NEAREST[wanted]
        importer.differ(sampling.node, f"{wanted} draws instead of {name}")
    return {"sampler": wanted}


def _write_spacing(importer: Importer, type: str, sampling: Sampling, known: KnownModel) -> dict[str, Any]:
    """Return how the steps are spaced."""
    found: dict[str, Any] = {}
    node, schedule = sampling.node, sampling.schedule
    if sampling.sigmas:
        if importer.has(type, "sigmas"):
            return {"sigmas": list(sampling.sigmas), "steps": None}
        importer.differ(node, "the steps are spaced as the model does, not by the sigmas that are given")
    elif not isinstance(schedule, str):
        raise ImportGap("a schedule that is not a literal", "normal")
    elif schedule != "auto" and importer.has(type, "schedule", schedule):
        found["schedule"] = schedule
    elif schedule not in ("auto", "normal" if not known.flow else "simple"):
        importer.differ(node, f"the steps are spaced as the model does, not by {schedule}")
    elif schedule == "normal":
        importer.differ(node, "the steps are spaced as the model's folder says")
    shift = sampling.model.shift
    if shift is None and schedule != "auto":
        shift = known.shift
    if shift is not None and known.flow and importer.has(type, "shift"):
        found["shift"] = shift
    elif sampling.model.shift is not None and sampling.model.shift != known.shift:
        importer.differ(node, f"the shift is the model's own, not {sampling.model.shift}")
    return found
