"""The opener of networks that enlarge and restore images: our own, and any that spandrel knows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Model, ModelError, ModelOpener, is_out_of_memory
from studio_upscale.weights_file import find_architecture, load_compact, load_tensors, read_facts, read_header, refuse

if TYPE_CHECKING:
    from studio_upscale.upscaler import Upscaler


class UpscaleOpener(ModelOpener):
    """Opens single files of safetensors; an `Upscaler`."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether these are weights of ours, or of an architecture that spandrel knows."""
        if (
            not path.is_file()
            or path.suffix.lower() != ".safetensors"
            or {"base", "config"} & dict(model.options).keys()
        ):
            return False
        header = read_header(path)
        return read_facts(header) is not None or find_architecture(header) is not None

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say that this is an upscaler: a network that enlarges or restores images."""
        return "upscaler"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Upscaler:
        """Load a network.

        Raises:
            ModelError: E690 if the weights do not fit, E691 for NaN in them, E692 if they fill holes and do not
                enlarge, E694 for a load option.
        """
        for option, _ in model.options:
            raise ModelError("E694", f"unknown load option {option!r} of upscaling networks", hint="leave it out")
        import torch

        header = read_header(path)
        facts = read_facts(header)
        if facts is not None:
            return load_compact(path, facts, device, getattr(torch, dtype))
        return _load_spandrel(path, find_architecture(header), device, dtype)

    def measure(self, opened: Any) -> int:
        """Return the bytes of the weights."""
        return int(opened.measure())


def _load_spandrel(path: Path, architecture: Any, device: str, dtype: str) -> Upscaler:
    import torch

    from studio_upscale.spandrel_import import import_spandrel
    from studio_upscale.upscaler import SpandrelUpscaler

    spandrel = import_spandrel()
    tensors = spandrel.canonicalize_state_dict(load_tensors(path))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*meshgrid.*")
            descriptor = architecture.load(tensors)
    except Exception as error:  # whatever an architecture trips over in tensors that are not its own
        if is_out_of_memory(error):
            raise
        raise refuse(path, str(error) or type(error).__name__, architecture.name) from None
    if not isinstance(descriptor, spandrel.ImageModelDescriptor) or descriptor.input_channels not in (1, 3):
        raise ModelError(
            "E692",
            f"{path.name!r} is a network of {architecture.name}, which does not enlarge images",
            where=str(path),
            hint="take a super-resolution or restoration network",
        )
    wanted = getattr(torch, _find_dtype(descriptor, dtype))
    descriptor.model.requires_grad_(False)
    return SpandrelUpscaler(descriptor.to(torch.device(device), wanted).eval())


def _find_dtype(descriptor: Any, dtype: str) -> str:
    """Return the dtype nearest to the one that is asked for which the architecture bears."""
    if dtype == "float16" and not descriptor.supports_half:
        dtype = "bfloat16"
    return "float32" if dtype == "bfloat16" and not descriptor.supports_bfloat16 else dtype
