"""The opener of models that make audio from text: MusicGen (transformers), AudioLDM2, Stable Audio and kin (diffusers).

Nothing here reaches the network, loads a pickle or runs code that came with a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener, is_out_of_memory
from studio.api.model_folder import Component, read_json
from studio_audio.model_folder import DAMAGED, NETWORKS, find_class, find_only_variant, read_components

# A bare GPT-2 has lost what AudioLDM2 asks of it; the same network with its head has it.
_RENAMED = {"GPT2Model": "GPT2LMHeadModel"}


class MusicOpener(ModelOpener):
    """Opens what transformers and diffusers can load for music and sounds."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a folder whose config.json or model_index.json names a model for audio from text."""
        return find_class(path) is not None

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say that this is a composer: a model that makes audio from text."""
        return "composer"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load a model; a `MusicModel`.

        Raises:
            ModelError: E648 if the library does not have its class, or something is missing.
        """
        name = find_class(path)
        if name is None:
            raise ModelError("E648", f"{str(path)!r} makes no audio from text", hint="see its config.json")
        for option, _ in model.options:
            raise ModelError("E648", f"unknown load option {option!r} of models for audio", hint="leave it out")
        from studio.api.quiet import hush
        from studio_audio.compose import MusicModel

        with hush("diffusers", "transformers"):
            if name in NETWORKS:
                import transformers

                network = _load_network(getattr(transformers, name), path, device, dtype)
                return MusicModel(network, _load_tokenizer(path), _read_melody(name, path))
            return MusicModel(_load_pipeline(name, path, device, dtype))

    def measure(self, opened: Any) -> int:
        """Return the bytes of all weights."""
        tensors = [each for network in opened.networks for each in (*network.parameters(), *network.buffers())]
        return sum({id(each): each.numel() * each.element_size() for each in tensors}.values())

    def close(self, opened: Any) -> None:
        """Release the weights."""
        opened.close()


def _load_pipeline(name: str, path: Path, device: str, dtype: str) -> Any:
    import diffusers

    kind = getattr(diffusers, name, None)
    if kind is None:
        raise ModelError(
            "E648", f"diffusers {diffusers.__version__} has no {name!r}", hint="install a version that has"
        )
    components = read_components(path)
    if any(each.class_name == "VitsModel" for each in components):
        raise ModelError("E648", f"{str(path)!r} reads text aloud", hint="take another AudioLDM2; speech.say speaks")
    ready = {each.name: _load_component(each, device, dtype) for each in components}
    if name == "MusicLDMPipeline":
        _return_features(ready["text_encoder"])
    with _explain(f"the pipeline in {str(path)!r}"):
        pipeline = kind(**ready)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _return_features(clap: Any) -> None:
    """Let CLAP return features as it did up to transformers 4, which MusicLDM relies on."""
    encode = clap.get_text_features

    def get_text_features(*args: Any, **settings: Any) -> Any:
        found = encode(*args, **settings)
        return getattr(found, "pooler_output", found)

    clap.get_text_features = get_text_features


def _load_component(component: Component, device: str, dtype: str) -> Any:
    import torch

    if component.class_name == "CosineDPMSolverMultistepScheduler":
        from studio_audio.cosine_sampler import create_cosine_sampler

        return create_cosine_sampler(read_json(component.folder / "scheduler_config.json", DAMAGED))
    kind = _find_class(component)
    if isinstance(kind, type) and issubclass(kind, torch.nn.Module):
        return _load_network(kind, component.folder, device, dtype)
    with _explain(f"the {component.name} in {str(component.folder)!r}"):
        return kind.from_pretrained(str(component.folder), local_files_only=True)


def _find_class(component: Component) -> Any:
    import diffusers
    import transformers

    name, library = _RENAMED.get(component.class_name, component.class_name), component.library
    homes = {"diffusers": diffusers, "transformers": transformers}
    kind = getattr(homes.get(library) or getattr(diffusers.pipelines, library, None), name, None)
    if kind is None and library == "transformers" and "Tokenizer" in name:
        kind = getattr(transformers, name.removesuffix("Fast"), transformers.AutoTokenizer)
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise ModelError(
            "E648",
            f"unknown class {component.class_name!r} of {component.name!r} in {library}",
            hint="a newer version may have it, or the model's index is misspelt",
        )
    return kind


def _load_network(kind: Any, folder: Path, device: str, dtype: str) -> Any:
    """Load a network from safetensors, whole."""
    import torch

    settings: dict[str, Any] = {
        # float32 on a CPU, whatever the files are in
        "dtype": torch.float32 if device.partition(":")[0] == "cpu" else getattr(torch, dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "output_loading_info": True,
    }
    variant = find_only_variant(folder)
    if variant:
        settings["variant"] = variant
    with _explain(f"the weights in {str(folder)!r}"):
        network, report = kind.from_pretrained(str(folder), **settings)
    missing = sorted(str(key) for key in report.get("missing_keys", ()) if "position" not in str(key))
    wrong = [str(each[0]) for each in report.get("mismatched_keys", ())]
    if missing or wrong:
        what = f"lack {missing[0]!r}" if missing else f"have {wrong[0]!r} in another shape"
        raise ModelError(
            "E648", f"the weights in {str(folder)!r} {what}", hint="weights and config.json do not belong together"
        )
    return network.to(device).eval()


def _load_tokenizer(path: Path) -> Any:
    import transformers

    with _explain(f"the tokenizer in {str(path)!r}"):
        return transformers.AutoTokenizer.from_pretrained(str(path), local_files_only=True, trust_remote_code=False)


def _read_melody(name: str, path: Path) -> Mapping[str, Any] | None:
    """Return how a network takes a melody, or None if it takes none."""
    if "Melody" not in name:
        return None
    file = path / "preprocessor_config.json"
    settings: Mapping[str, Any] = read_json(file, DAMAGED) if file.is_file() else {}
    return settings


@contextmanager
def _explain(what: str) -> Iterator[None]:
    """Turn what a library raises about files into an error that says which; memory errors pass."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, ModelError):
            raise
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelError(
            "E648", f"{what} cannot be loaded: {reason[:300]}", hint="copy the model again, whole"
        ) from error
