"""The opener of networks that look at images: folders of transformers, by the library's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Model, ModelError, ModelOpener, is_out_of_memory
from studio.api.model_folder import read_class, read_json

if TYPE_CHECKING:
    from studio_vision.seeing_model import SeeingModel

KINDS: Mapping[str, str] = {
    "SamModel": "segmenter",
    "Sam2Model": "segmenter",
    "DepthAnythingForDepthEstimation": "depth",
    "DepthProForDepthEstimation": "depth",
    "DPTForDepthEstimation": "depth",
    "GLPNForDepthEstimation": "depth",
    "ZoeDepthForDepthEstimation": "depth",
    "OwlViTForObjectDetection": "detector",
    "Owlv2ForObjectDetection": "detector",
    "GroundingDinoForObjectDetection": "detector",
    "DetrForObjectDetection": "detector",
    "RTDetrForObjectDetection": "detector",
    "RTDetrV2ForObjectDetection": "detector",
    "YolosForObjectDetection": "detector",
    "Mask2FormerForUniversalSegmentation": "segmenter",
    "VitPoseForPoseEstimation": "pose",
}
"""Classes of transformers, and what they do."""


class VisionOpener(ModelOpener):
    """Opens what transformers can load for depth, masks, boxes and joints; a `SeeingModel`."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a folder whose config.json names one of the classes."""
        return path.is_dir() and read_class(path, "transformers") in KINDS

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say whether it finds depth, masks, boxes or joints."""
        return KINDS.get(read_class(path, "transformers") or "")

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> SeeingModel:
        """Load a model.

        Raises:
            ModelError: E634 if it is incomplete or damaged, or has load options.
        """
        for option, _ in model.options:
            raise ModelError("E634", f"unknown load option {option!r} of vision models", hint="leave it out")
        name = read_class(path, "transformers") or ""
        from studio_vision.seeing_model import SeeingModel

        network = _load(name, path, device)
        tokenizer = _load_tokenizer(path) if name.startswith(("Owl", "Grounding")) else None
        return SeeingModel(network, KINDS[name], _read_settings(path), tokenizer)

    def measure(self, opened: SeeingModel) -> int:
        """Return the bytes of all weights."""
        return opened.measure()

    def close(self, opened: SeeingModel) -> None:
        """Release the weights."""
        opened.close()


def _load(name: str, path: Path, device: str) -> Any:
    import torch
    import transformers

    from studio.api.quiet import hush

    kind = getattr(transformers, name, None)
    if kind is None:
        raise refuse(path, f"transformers {transformers.__version__} has no {name!r}", "a newer version may have it")
    if not any(path.glob("*.safetensors")):
        raise refuse(path, "safetensors are missing", "copy them too, or convert the weights")
    try:
        with hush("transformers"):
            network, report = kind.from_pretrained(
                str(path), use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
    except Exception as error:  # whatever a library says of files that are wrong
        if is_out_of_memory(error):
            raise
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise refuse(path, reason[:300], "copy the model again, whole") from error
    missing = sorted(map(str, report.get("missing_keys", ())))
    if missing:
        raise refuse(path, f"the weights lack {missing[0]!r}", "weights and config.json do not belong together")
    return network.to(device).eval()


def _load_tokenizer(path: Path) -> Any:
    import transformers

    from studio.api.quiet import hush

    try:
        with hush("transformers"):
            return transformers.AutoTokenizer.from_pretrained(str(path), local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise refuse(path, "its tokenizer cannot be loaded", "copy the model again, whole") from error


def _read_settings(path: Path) -> dict[str, Any]:
    """Return how images are prepared for a network."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (path / name).is_file():
            found = read_json(path / name, "E634")
            inner = found.get("image_processor")
            return inner if isinstance(inner, dict) else found
    return {}


def refuse(path: Path, reason: str, hint: str) -> ModelError:
    """Return the error for a model that cannot be opened."""
    return ModelError("E634", f"the model in {path.name!r} cannot be opened: {reason}", where=str(path), hint=hint)
