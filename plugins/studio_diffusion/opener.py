"""The opener of diffusion models: folders of diffusers, single files, GGUF, ControlNets and LoRAs.

Nothing here reaches the network, loads a pickle or runs code that came with a model.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Model, ModelError, ModelOpener, is_out_of_memory
from studio.api.model_folder import INDEX, Component, read_class, read_json
from studio_diffusion.families import CONTROLNET_FAMILIES, DECODERS
from studio_diffusion.model_folder import (
    DAMAGED,
    ModelFolder,
    check_component,
    find_folder_variant,
    has_variant,
    has_weights,
    is_shared,
    read_about,
    read_folder,
)
from studio_diffusion.single_file import find_kind, read_keys

if TYPE_CHECKING:
    import torch

    from studio_diffusion.controlnet import ControlNetModelHandle
    from studio_diffusion.lora import LoraWeights
    from studio_diffusion.pipeline_model import PipelineModel

OPTIONS: Mapping[str, type] = {
    "attention": str,
    "base": str,
    "channels_last": bool,
    "compile": bool,
    "config": str,
    "prior": str,
    "vae": str,
    "variant": str,
}
"""Load options, by name: what they must be."""


# Classes that folders name as they were called once.
_RENAMED = {"CLIPFeatureExtractor": "CLIPImageProcessor"}
# Classes that diffusers keeps elsewhere than its indexes say.
_STRAYED = dict.fromkeys(
    ("PaellaVQModel", "WuerstchenDiffNeXt", "WuerstchenPrior"), "diffusers.pipelines.deprecated.wuerstchen"
)


# Pipelines that make sound: another plugin opens them.
_SOUNDING = ("AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline")


class DiffusionOpener(ModelOpener):
    """Opens what `DiffusionPipeline` can load, and what goes with it."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a pipeline, a component of one, a checkpoint, a ControlNet or a LoRA."""
        if path.is_dir():
            return not _makes_sound(path) and ((path / INDEX).is_file() or read_class(path, "diffusers") is not None)
        if path.suffix.lower() == ".gguf":
            return True
        return path.suffix.lower() == ".safetensors" and (
            find_kind(read_keys(path)) is not None or bool({"base", "config"} & dict(model.options).keys())
        )

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Return the folders of text encoders, image encoders and autoencoders."""
        return {name: each.folder for name, each in _find_parts(path, _read_options(model)).items()}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load a text encoder, an image encoder or an autoencoder."""
        variant = _read_options(model).get("variant")
        component = _read_component(name, path)
        from studio.api.quiet import hush

        with hush("diffusers", "transformers"):
            return load_component(component, device=device, dtype=dtype, variant=variant)

    def open(
        self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any] | None = None
    ) -> PipelineModel | ControlNetModelHandle | LoraWeights:
        """Load a model.

        Raises:
            ModelError: E610 to E619, as docs/errors.md lists them.
        """
        from studio.api.quiet import hush

        options, parts = _read_options(model), parts or {}
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
        """Draw fewer pictures at once, slice attention, slice and tile the autoencoder, move idle networks away."""
        from studio_diffusion.pipeline_model import PipelineModel

        return opened.measures.take_next() if isinstance(opened, PipelineModel) else None

    def undo_measures(self, opened: Any) -> None:
        """Let a model work as it did before it saved memory."""
        from studio_diffusion.pipeline_model import PipelineModel

        if isinstance(opened, PipelineModel):
            opened.measures.undo()

    def close(self, opened: Any) -> None:
        """Let go of the weights; parts stay with whoever else uses them."""
        if hasattr(opened, "close"):
            opened.close()


def load_component(component: Component, *, device: str, dtype: str, variant: str | None = None) -> Any:
    """Load one network of a pipeline.

    Raises:
        ModelError: E610 if its class is not known, E612 if its weights are not whole, E613 if they are a pickle.
    """
    check_component(component)
    kind = _find_class(component)
    settings: dict[str, Any] = {
        "dtype": _find_dtype(dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "output_loading_info": True,
    }
    chosen = find_folder_variant(component.folder, variant)
    if chosen:
        settings["variant"] = chosen
    with _explain(component.name, component.folder):
        network, report = kind.from_pretrained(str(component.folder), **settings)
    _check_whole(component, report)
    return network.to(device).eval()


def _open_folder(
    path: Path, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> PipelineModel:
    from studio_diffusion.pipeline_model import PipelineModel

    folder = read_folder(path)
    variant = options.get("variant")
    if variant and not has_variant(folder, variant):
        raise ModelError("E619", f"the model has no weights of the variant {variant!r}", hint="leave the option out")
    pipeline = _load_pipeline(folder, options, device, dtype, parts)
    if folder.class_name in DECODERS:
        pipeline = _join_prior(pipeline, folder, options, device, dtype)
    opened = PipelineModel(pipeline, about=read_about(path), device=device)
    _tune(pipeline, options, device)
    return opened


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
    shared = _find_parts(folder.path, options)
    ready = dict(parts) | dict(given or {})
    for each in folder.components:
        if each.name not in ready:
            check_component(shared.get(each.name, each))
    for each in folder.components:
        if has_weights(each) and each.name not in ready:
            component = shared.get(each.name, each)
            ready[each.name] = load_component(component, device=device, dtype=dtype, variant=options.get("variant"))
    for each in folder.components:
        if each.name not in ready:
            with _explain(each.name, each.folder):
                ready[each.name] = _find_class(each).from_pretrained(str(each.folder), local_files_only=True)
    with _explain("pipeline", folder.path):
        return assemble(kind, ready, folder.settings).to(device)


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
    prior = _load_pipeline(read_folder(_find_option_path(options, "prior")), {}, device, dtype, {})
    components = pipeline.components | {prefix + name: part for name, part in prior.components.items()}
    return assemble(getattr(diffusers, combined), components, dict(prior.config) | dict(pipeline.config))


def _open_file(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> PipelineModel | LoraWeights:
    kind = "denoiser" if path.suffix.lower() == ".gguf" else find_kind(read_keys(path))
    if kind == "lora":
        from studio_diffusion.lora import load_lora

        return load_lora(path)
    if "base" in options or kind == "denoiser":
        return _open_denoiser(path, model, options, device, dtype, parts)
    return _open_checkpoint(path, model, options, device, dtype)


def _open_checkpoint(path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str) -> PipelineModel:
    """Load a file that holds a whole pipeline, by the configs of a folder."""
    from studio_diffusion.pipeline_model import PipelineModel

    if "config" not in options:
        raise ModelError(
            "E614",
            f"{path.name!r} does not say how its networks are made",
            hint=_suggest_option(
                model, "config", "a folder of diffusers of the same architecture; its weights are not needed"
            ),
        )
    folder = read_folder(_find_option_path(options, "config"))
    kind = _find_pipeline_class(folder)
    takes = kind._get_signature_keys(kind)
    settings: dict[str, Any] = {name: None for name in folder.missing if name in takes[0]}
    if "requires_safety_checker" in takes[1]:
        settings["requires_safety_checker"] = False
    with _explain("checkpoint", path):
        pipeline = kind.from_single_file(
            str(path), config=str(folder.path), local_files_only=True, dtype=_find_dtype(dtype), **settings
        )
    pipeline = pipeline.to(device)
    opened = PipelineModel(pipeline, about=read_about(folder.path), device=device)
    _tune(pipeline, options, device)
    return opened


def _open_denoiser(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str, parts: Mapping[str, Any]
) -> PipelineModel:
    """Load a file that holds a transformer or UNet alone into the pipeline of a folder."""
    from studio_diffusion.pipeline_model import PipelineModel

    if "base" not in options:
        raise ModelError(
            "E614",
            f"{path.name!r} holds a denoiser alone, without text encoders and autoencoder",
            hint=_suggest_option(model, "base", "a folder of diffusers that has the others"),
        )
    folder = read_folder(_find_option_path(options, "base"))
    component = folder.find("transformer") or folder.find("unet")
    if component is None:
        raise ModelError("E614", f"{str(folder.path)!r} has no transformer and no unet", hint="take another base")
    settings: dict[str, Any] = {"dtype": _find_dtype(dtype)}
    if path.suffix.lower() == ".gguf":
        settings["quantization_config"] = _make_gguf_config(settings["dtype"])
    kind = _find_class(component)
    if not hasattr(kind, "from_single_file"):
        raise ModelError(
            "E614", f"diffusers reads no single file of {component.class_name}", hint="convert it to a folder"
        )
    with _explain(component.name, path):
        network = kind.from_single_file(
            str(path), config=str(folder.path), subfolder=component.name, local_files_only=True, **settings
        )
    pipeline = _load_pipeline(folder, options, device, dtype, parts, {component.name: network.eval()})
    opened = PipelineModel(pipeline, about=read_about(folder.path), device=device)
    _tune(pipeline, options, device)
    return opened


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
            f"{str(path)!r} holds a single component ({name}), and no model",
            hint="name the folder that has model_index.json, or a ControlNet's",
        )
    component = Component("controlnet", "diffusers", name, path)
    network = load_component(component, device=device, dtype=dtype, variant=options.get("variant"))
    family = name_controlnet_family(name, dict(network.config))
    return ControlNetModelHandle(network, family, dict(read_about(path)))


def _tune(pipeline: Any, options: Mapping[str, Any], device: str) -> None:
    """Lay weights out, choose the attention, compile: what the load options say."""
    import torch

    denoiser = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    on_gpu = device.partition(":")[0] == "cuda"
    if options.get("channels_last", on_gpu):
        for part in (getattr(pipeline, "unet", None), getattr(pipeline, "vae", None)):
            if part is not None and all(weight.dim() != 5 for weight in part.parameters()):
                part.to(memory_format=torch.channels_last)
    attention = options.get("attention", "sdpa")
    if attention.endswith("_hub"):
        raise ModelError(
            "E619", f"attention {attention!r} runs code that it fetches from the hub", hint='leave it at "sdpa"'
        )
    if attention != "sdpa" and denoiser is not None:
        try:
            denoiser.set_attention_backend(attention)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise _refuse_attention(attention, error) from None
    if options.get("compile") and denoiser is not None:
        denoiser.compile()


def _refuse_attention(attention: str, error: Exception) -> ModelError:
    from diffusers.models.attention_dispatch import AttentionBackendName

    names: list[str] = [each.value for each in AttentionBackendName if not each.value.endswith("_hub")]
    if attention not in names:
        near = difflib.get_close_matches(attention, names, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else 'leave it at "sdpa"'
        return ModelError("E619", f"diffusers knows no attention {attention!r}", hint=hint)
    reason = str(error).partition("\n")[0][:200]
    return ModelError("E619", f"attention {attention!r} cannot be used: {reason}", hint='leave it at "sdpa"')


def _read_options(model: Model) -> dict[str, Any]:
    """Check a reference's load options.

    Raises:
        ModelError: E619 if one is not known, or is none.
    """
    options = dict(model.options)
    for name, value in options.items():
        wanted = OPTIONS.get(name)
        if wanted is None:
            raise ModelError(
                "E619", f"{name!r} is no load option of diffusion models", hint=f"there are {', '.join(OPTIONS)}"
            )
        if value is not None and type(value) is not wanted:
            kind = "true or false" if wanted is bool else "a text"
            raise ModelError("E619", f"the load option {name!r} takes {kind}, not {value!r}", hint="correct the option")
    return {name: value for name, value in options.items() if value is not None}


def _find_option_path(options: Mapping[str, Any], name: str) -> Path:
    text = str(options[name])
    path = Path(text.removeprefix("file:")).expanduser()
    if not text.startswith("file:") or not path.is_dir():
        raise ModelError(
            "E614", f"the load option {name!r} names no folder: {text!r}", hint=f'write {{"{name}": "file:FOLDER"}}'
        )
    return path


def _suggest_option(model: Model, name: str, what: str) -> str:
    return f'write {{"model": "{model.reference}", "options": {{"{name}": "file:FOLDER"}}}}, FOLDER being {what}'


def _find_parts(path: Path, options: Mapping[str, Any]) -> dict[str, Component]:
    """Return the components of a model that others may share, by name."""
    if path.is_file():
        if "base" not in options:
            return {}
        path = _find_option_path(options, "base")
    if not (path / INDEX).is_file():
        return {}
    found = {each.name: each for each in read_folder(path).components if is_shared(each)}
    if "vae" in options and "vae" in found:
        found["vae"] = _read_component("vae", _find_vae_folder(_find_option_path(options, "vae")))
    return found


def _find_vae_folder(path: Path) -> Path:
    return path / "vae" if (path / INDEX).is_file() else path


def _read_component(name: str, folder: Path) -> Component:
    """Find out what a component's folder holds: from the pipeline that it lies in, else from its own config."""
    if (folder.parent / INDEX).is_file():
        listed = read_folder(folder.parent).find(folder.name)
        if listed is not None:
            return Component(name, listed.library, listed.class_name, folder)
    config = read_json(folder / "config.json", DAMAGED) if (folder / "config.json").is_file() else {}
    if isinstance(config.get("_class_name"), str):
        return Component(name, "diffusers", config["_class_name"], folder)
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures:
        return Component(name, "transformers", str(architectures[0]), folder)
    raise ModelError("E612", f"{str(folder)!r} does not say what it holds", hint="it needs a config.json of diffusers")


def _makes_sound(path: Path) -> bool:
    """Say whether a folder's index names a pipeline that makes sound."""
    try:
        return (path / INDEX).is_file() and read_json(path / INDEX, DAMAGED).get("_class_name") in _SOUNDING
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


def _find_class(component: Component) -> Any:
    import importlib

    import diffusers

    name = _RENAMED.get(component.class_name, component.class_name)
    home: Any
    if name in _STRAYED:
        home = importlib.import_module(_STRAYED[name])
    elif component.library in ("diffusers", "transformers"):
        home = importlib.import_module(component.library)
    else:
        home = getattr(diffusers.pipelines, component.library, None)
    kind = getattr(home, name, None)
    if kind is None and "Tokenizer" in name and component.library == "transformers":
        kind = home.AutoTokenizer
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise ModelError(
            "E610",
            f"there is no class {component.class_name!r} in {component.library}, which {component.name!r} should be",
            hint="a newer version may have it, or the model's index is misspelt",
        )
    return kind


def _find_dtype(dtype: str) -> torch.dtype:
    """Return the dtype to load in, whatever the files are in."""
    import torch

    found: torch.dtype = getattr(torch, dtype)
    return found


def _check_whole(component: Component, report: Mapping[str, Any]) -> None:
    missing = sorted(str(name) for name in report.get("missing_keys", ()) if "position_ids" not in str(name))
    mismatched = [str(each[0]) for each in report.get("mismatched_keys", ())]
    if missing or mismatched:
        what = f"lack {missing[0]!r}" if missing else f"have {mismatched[0]!r} in another shape"
        more = len(missing) + len(mismatched) - 1
        raise ModelError(
            "E612",
            f"the weights of {component.name!r} {what}" + (f" and {more} more" if more else ""),
            hint=f"weights and config.json in {str(component.folder)!r} do not belong together",
        )


@contextmanager
def _explain(name: str, path: Path) -> Iterator[None]:
    """Turn what a library raises about files into an error that says which; memory errors pass."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelError(
            "E612", f"the {name} in {str(path)!r} cannot be loaded: {reason[:300]}", hint="copy the model again, whole"
        ) from error
