"""The opener of diffusion models: folders of diffusers, single files, GGUF, ControlNets and LoRAs.

Nothing here reaches the network, loads a pickle or runs code that came with a model.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import MemoryBudget, MemoryPlan, Model, ModelError, ModelOpener
from studio.api.model_folder import INDEX, Component, read_class, read_json
from studio_diffusion.components import explain, find_class, find_dtype, find_parts, load_component, read_component
from studio_diffusion.denoisers import DENOISERS, find_denoisers
from studio_diffusion.families import CONTROLNET_FAMILIES, DECODERS
from studio_diffusion.image_prompt_weights import ImagePromptWeights, open_image_reader
from studio_diffusion.library_messages import collect_messages
from studio_diffusion.load_options import FILES, check_used, find_option_path, read_options, suggest_option
from studio_diffusion.model_folder import (
    DAMAGED,
    ModelFolder,
    check_component,
    has_variant,
    has_weights,
    read_about,
    read_folder,
)
from studio_diffusion.offload import apply_offload, find_offload
from studio_diffusion.original_weights import load_original, name_missing
from studio_diffusion.prediction import find_prediction, set_prediction, takes_prediction
from studio_diffusion.quantization import find_quantization, quantize
from studio_diffusion.scaled_weights import is_scaled
from studio_diffusion.single_file import find_kind, read_keys, read_metadata
from studio_diffusion.tuning import tune

if TYPE_CHECKING:
    import torch

    from studio_diffusion.controlnet import ControlNetModelHandle
    from studio_diffusion.image_encoders import ImageEncoder
    from studio_diffusion.lora import LoraWeights
    from studio_diffusion.pipeline_model import PipelineModel

    Opened = PipelineModel | ControlNetModelHandle | LoraWeights | ImagePromptWeights | ImageEncoder

# Pipelines that make audio: another plugin opens them.
_AUDIO_PIPELINES = ("AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline")


_KINDS = {
    "lora": "lora",
    "pipeline": "pipeline",
    "denoiser": "pipeline",
    "controlnet": "controlnet",
    "image_prompt": "image_prompt",
    "image_encoder": "image_encoder",
}


class DiffusionOpener(ModelOpener):
    """Opens what `DiffusionPipeline` can load, and what goes with it."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a pipeline, a component of one, a checkpoint, a ControlNet or a LoRA."""
        if path.is_dir():
            return not _makes_audio(path) and ((path / INDEX).is_file() or read_class(path, "diffusers") is not None)
        if path.suffix.lower() == ".gguf":
            return True
        return path.suffix.lower() == ".safetensors" and (
            find_kind(read_keys(path)) in _KINDS or bool({"base", "config"} & dict(model.options).keys())
        )

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say whether this is a pipeline, a ControlNet or a LoRA."""
        if path.is_dir():
            if (path / INDEX).is_file():
                return "pipeline"
            return "controlnet" if "ControlNet" in (read_class(path, "diffusers") or "") else None
        if path.suffix.lower() == ".gguf":
            return "pipeline"
        return _KINDS.get(find_kind(read_keys(path)) or "")

    def plan_memory(
        self, path: Path, model: Model, *, device: str, dtype: str, budget: MemoryBudget
    ) -> MemoryPlan | None:
        """Return where a pipeline's networks go, and in which precision."""
        if self.find_kind(path, model) != "pipeline":
            return None
        from studio_diffusion.memory_planning import plan_parts
        from studio_diffusion.weight_sizes import measure_parts

        options = read_options(model)
        return plan_parts(measure_parts(path, options), options, budget, device=device, dtype=dtype)

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Return the folders of text encoders, image encoders and autoencoders."""
        return {name: each.folder for name, each in find_parts(path, read_options(model)).items()}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load a text encoder, an image encoder or an autoencoder."""
        options = read_options(model)
        device = "cpu" if find_offload(options) else device
        component = read_component(name, path)
        from studio.api.quiet import hush

        with hush("diffusers", "transformers"):
            return load_component(component, device=device, dtype=dtype, variant=options.get("variant"))

    def open(
        self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any] | None = None
    ) -> Opened:
        """Load a model.

        Raises:
            ModelError: E610 to E619, as docs/errors.md lists them.
        """
        from studio.api.quiet import hush

        options, parts = read_options(model), parts or {}
        with hush("diffusers", "transformers"):
            if path.is_file():
                return _open_file(path, model, options, device, dtype, parts)
            if not (path / INDEX).is_file():
                return _open_controlnet(path, device, dtype, options)
            return _open_folder(path, options, device, dtype, parts)

    def measure(self, opened: Any) -> int:
        """Return the bytes of all weights of a model or of a part, none twice."""
        from studio_diffusion.controlnet import ControlNetModelHandle
        from studio_diffusion.pipeline_model import PipelineModel, measure_modules

        if isinstance(opened, PipelineModel):
            return opened.measure()
        if isinstance(opened, ControlNetModelHandle):
            return measure_modules([opened.network])
        return opened.measure() if hasattr(opened, "measure") else measure_modules([opened])

    def save_memory(self, opened: Any) -> str | None:
        """Draw fewer images at once, slice attention, slice and tile the autoencoder, move idle networks away."""
        from studio_diffusion.pipeline_model import PipelineModel

        return opened.measures.take_next() if isinstance(opened, PipelineModel) else None

    def undo_measures(self, opened: Any) -> None:
        """Let a model work as it did before it saved memory."""
        from studio_diffusion.pipeline_model import PipelineModel

        if isinstance(opened, PipelineModel):
            opened.measures.undo()

    def close(self, opened: Any) -> None:
        """Release the weights; parts stay with the other models that use them."""
        if hasattr(opened, "close"):
            opened.close()


def _open_folder(
    path: Path, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> PipelineModel:
    folder = read_folder(path)
    check_used(options, "a folder of diffusers", "variant", *(["prior"] if folder.class_name in DECODERS else []))
    variant = options.get("variant")
    if variant and not has_variant(folder, variant):
        raise ModelError("E619", f"the model has no weights of the variant {variant!r}", hint="leave the option out")
    pipeline = _load_pipeline(folder, options, device, dtype, parts)
    if folder.class_name in DECODERS:
        pipeline = _join_prior(pipeline, folder, options, device, dtype)
    return _finish(pipeline, folder, options, device)


def _finish(
    pipeline: Any, folder: ModelFolder, options: Mapping[str, Any], device: str, found: str | None = None
) -> PipelineModel:
    """Make the model of a pipeline: what it predicts, how fast it works."""
    from studio_diffusion.embedding_words import Embeddings
    from studio_diffusion.embeddings import OPTION, add_embeddings
    from studio_diffusion.pipeline_model import PipelineModel, find_info

    stored, offload = find_quantization(options), find_offload(options)
    for denoiser in find_denoisers(pipeline).values() if stored else ():
        quantize(denoiser, stored)
    if "prediction" in options:
        set_prediction(pipeline, options["prediction"])
    elif found is not None and takes_prediction(pipeline):
        set_prediction(pipeline, found)
    info = find_info(pipeline)
    embeddings = Embeddings()
    if OPTION in options:
        place = find_option_path(options, OPTION, file=True)
        embeddings = add_embeddings(pipeline, info.name, info.title, place)
    tune(pipeline, options, device)
    if offload:
        apply_offload(pipeline, offload, device)
    else:
        pipeline.to(device)
    opened = PipelineModel(pipeline, about=read_about(folder.path), device=device, offload=offload)
    opened.embeddings = embeddings
    opened.train_lora = functools.partial(_train_lora, opened)
    return opened


def _train_lora(opened: PipelineModel, **options: Any) -> AbstractContextManager[Any]:
    from studio_diffusion.fine_tuning import train_lora

    return train_lora(opened, **options)


def _find_first_device(options: Mapping[str, Any], device: str, name: str) -> str:
    """Return where a network is loaded: on the CPU if it is changed before it goes to the device, or waits there."""
    changed = find_offload(options) or (name in DENOISERS and find_quantization(options))
    return "cpu" if changed else device


def _load_pipeline(
    folder: ModelFolder,
    options: Mapping[str, Any],
    device: str,
    dtype: str,
    parts: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
) -> Any:
    """Load all components that are not given, and make the pipeline of them."""
    from studio_diffusion.pipeline_model import assemble

    kind = _find_pipeline_class(folder)
    shared = find_parts(folder.path, options)
    ready = dict(parts) | dict(given or {})
    ready |= _load_files(folder, options, device, dtype, ready)
    for each in folder.components:
        if each.name not in ready:
            check_component(shared.get(each.name, each))
    for each in folder.components:
        if has_weights(each) and each.name not in ready:
            component = shared.get(each.name, each)
            first = _find_first_device(options, device, each.name)
            ready[each.name] = load_component(component, device=first, dtype=dtype, variant=options.get("variant"))
    for each in folder.components:
        if each.name not in ready:
            with explain(each.name, each.folder):
                ready[each.name] = find_class(each).from_pretrained(str(each.folder), local_files_only=True)
    with explain("pipeline", folder.path):
        return assemble(kind, ready, folder.settings)


def _load_files(
    folder: ModelFolder, options: Mapping[str, Any], device: str, dtype: str, ready: Mapping[str, Any]
) -> dict[str, Any]:
    """Load the networks that load options name: single files, and folders that no other model shares.

    Raises:
        ModelError: E619 if the model has no network of that name.
    """
    found: dict[str, Any] = {}
    for name in (name for name in FILES if name in options):
        place, component = find_option_path(options, name, file=True), folder.find(name)
        if component is None:
            raise ModelError(
                "E619", f"{folder.class_name} in {str(folder.path)!r} has no {name}", hint="leave the option out"
            )
        if place.is_file():
            found[name] = _load_file(place, component, _find_first_device(options, device, name), dtype)
        elif name not in ready:
            found[name] = load_component(
                find_parts(folder.path, options).get(name, replace(component, folder=place)),
                device=_find_first_device(options, device, name),
                dtype=dtype,
            )
    return found


def _load_file(path: Path, component: Component, device: str, dtype: str) -> Any:
    """Load a single file, also GGUF, into a network of a folder."""
    settings: dict[str, Any] = {}
    if path.suffix.lower() == ".gguf":
        settings["quantization_config"] = _make_gguf_config(find_dtype(dtype))
    return load_original(path, component, device=device, dtype=dtype, settings=settings)


def _join_prior(pipeline: Any, folder: ModelFolder, options: Mapping[str, Any], device: str, dtype: str) -> Any:
    """Make a decoder and its prior one pipeline that draws from words."""
    import diffusers

    from studio_diffusion.pipeline_model import assemble

    combined, prefix = DECODERS[folder.class_name]
    if "prior" not in options:
        raise ModelError(
            "E614",
            f"{folder.class_name} is a decoder, which draws nothing without its prior",
            hint='name the prior\'s folder: {"model": ..., "options": {"prior": "file:FOLDER"}}',
        )
    prior = _load_pipeline(read_folder(find_option_path(options, "prior")), {}, device, dtype, {})
    components = pipeline.components | {prefix + name: part for name, part in prior.components.items()}
    return assemble(getattr(diffusers, combined), components, dict(prior.config) | dict(pipeline.config))


def _open_file(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> Opened:
    kind = "denoiser" if path.suffix.lower() == ".gguf" else find_kind(read_keys(path))
    if kind == "lora":
        from studio_diffusion.lora import load_lora

        check_used(options, "a LoRA", "*", "into")
        return load_lora(path, options.get("into"))
    if kind == "controlnet":
        return _open_controlnet_file(path, model, options, device, dtype)
    if kind in ("image_prompt", "image_encoder"):
        return open_image_reader(path, model, options, device, dtype, alone=kind == "image_encoder")
    if "base" in options or kind == "denoiser":
        return _open_denoiser(path, model, options, device, dtype, parts)
    return _open_checkpoint(path, model, options, device, dtype)


def _open_checkpoint(path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str) -> PipelineModel:
    """Load a file that holds a whole pipeline, by the configs of a folder."""
    if "config" not in options:
        raise ModelError(
            "E614",
            f"{path.name!r} does not say how its networks are made",
            hint=suggest_option(
                model, "config", "a folder of diffusers of the same architecture; its weights are not needed"
            ),
        )
    check_used(options, "a checkpoint", "config")
    folder = read_folder(find_option_path(options, "config"))
    names = read_keys(path)
    if is_scaled(names):
        raise ModelError(
            "E612",
            f"{path.name!r} holds scaled weights, which are not read from a file of a whole pipeline",
            hint="take the denoiser alone, with the load option base, or the checkpoint in fp16",
        )
    kind = _find_pipeline_class(folder)
    takes = kind._get_signature_keys(kind)
    settings: dict[str, Any] = {name: None for name in folder.missing if name in takes[0]}
    if "requires_safety_checker" in takes[1]:
        settings["requires_safety_checker"] = False
    settings |= _load_files(folder, options, device, dtype, {})
    with explain("checkpoint", path), collect_messages():
        try:
            pipeline = kind.from_single_file(
                str(path), config=str(folder.path), local_files_only=True, dtype=find_dtype(dtype), **settings
            )
        except NotImplementedError as error:
            if "meta tensor" not in str(error):
                raise
            raise name_missing(path, [each for each in folder.components if has_weights(each)]) from None
    return _finish(pipeline, folder, options, device, find_prediction(names, read_metadata(path)))


def _open_denoiser(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> PipelineModel:
    """Load a file that holds a transformer or UNet alone into the pipeline of a folder."""
    if "base" not in options:
        raise ModelError(
            "E614",
            f"{path.name!r} contains only a denoiser, without text encoders and autoencoder",
            hint=suggest_option(model, "base", "a folder of diffusers that has the others"),
        )
    check_used(options, "a denoiser", "base")
    folder = read_folder(find_option_path(options, "base"))
    component = folder.find("transformer") or folder.find("unet")
    if component is None:
        raise ModelError("E614", f"{str(folder.path)!r} has no transformer and no unet", hint="take another base")
    network = _load_file(path, component, _find_first_device(options, device, component.name), dtype)
    pipeline = _load_pipeline(folder, options, device, dtype, parts, {component.name: network})
    keyed = [] if path.suffix.lower() == ".gguf" else read_keys(path)
    return _finish(pipeline, folder, options, device, find_prediction(keyed, read_metadata(path)))


def _open_controlnet_file(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str
) -> ControlNetModelHandle:
    """Load a file that holds a ControlNet, by the config of a folder."""
    from studio_diffusion.controlnet import ControlNetModelHandle, name_controlnet_family

    if "config" not in options:
        what = "the folder of a ControlNet of the same architecture; its weights are not needed"
        raise ModelError(
            "E614", f"{path.name!r} does not say how its network is made", hint=suggest_option(model, "config", what)
        )
    check_used(options, "a ControlNet", "*", "config")
    folder = find_option_path(options, "config")
    name = read_class(folder, "diffusers") or ""
    if name not in CONTROLNET_FAMILIES:
        raise ModelError("E614", f"{str(folder)!r} holds no ControlNet", hint="name the folder of one")
    network = load_original(path, Component("controlnet", "diffusers", name, folder), device=device, dtype=dtype)
    return ControlNetModelHandle(network, name_controlnet_family(name, dict(network.config)), {})


def _make_gguf_config(dtype: torch.dtype) -> Any:
    if importlib.util.find_spec("gguf") is None:
        raise ModelError("E615", "GGUF files need the package 'gguf'", hint="pip install 'studio[gguf]'")
    import diffusers

    config: Any = diffusers.GGUFQuantizationConfig
    return config(compute_dtype=dtype)


def _open_controlnet(path: Path, device: str, dtype: str, options: Mapping[str, Any]) -> ControlNetModelHandle:
    from studio_diffusion.controlnet import ControlNetModelHandle, name_controlnet_family

    name = read_class(path, "diffusers") or ""
    if name not in CONTROLNET_FAMILIES:
        raise ModelError(
            "E610",
            f"{str(path)!r} contains a single component ({name}), and no model",
            hint="name the folder that has model_index.json, or a ControlNet's",
        )
    check_used(options, "a ControlNet", "*", "variant")
    component = Component("controlnet", "diffusers", name, path)
    network = load_component(component, device=device, dtype=dtype, variant=options.get("variant"))
    family = name_controlnet_family(name, dict(network.config))
    return ControlNetModelHandle(network, family, dict(read_about(path)))


def _makes_audio(path: Path) -> bool:
    """Say whether a folder's index names a pipeline that makes audio."""
    try:
        return (path / INDEX).is_file() and read_json(path / INDEX, DAMAGED).get("_class_name") in _AUDIO_PIPELINES
    except ModelError:
        return False  # opened here, it says what is wrong


def _find_pipeline_class(folder: ModelFolder) -> Any:
    import diffusers

    kind = getattr(diffusers, folder.class_name, None)
    if not (isinstance(kind, type) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise ModelError(
            "E610",
            f"diffusers {diffusers.__version__} has no pipeline {folder.class_name!r}",
            hint="a newer diffusers may have it, or the model's index is misspelt",
        )
    if getattr(kind, "_is_onnx", False):
        raise ModelError("E610", "ONNX pipelines are not loaded", hint="take the model's safetensors files")
    return kind
