"""What the networks of a model take in memory, by precision, from the heads of their files: nothing is loaded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_diffusion.components import find_parts
from studio_diffusion.denoisers import DENOISERS
from studio_diffusion.load_options import FILES, find_option_path
from studio_diffusion.model_folder import ModelFolder, find_folder_variant, has_weights, read_folder
from studio_diffusion.quantization import KEPT, QUANTIZATIONS
from studio_diffusion.single_file import read_header

_BLOCK = re.compile(r"(.*?\w)\.\d+\.")
_PREFIXES = {"model.diffusion_model.": "denoiser", "first_stage_model.": "vae", "vae.": "vae"}
_AVERAGES = "model_ema."  # of the denoiser's weights while it was trained; never loaded


@dataclass
class Numbers:
    """Numbers of some tensors: `linear` in matrices, `kernel` in kernels of convolutions, `other` in the rest."""

    linear: int = 0
    kernel: int = 0
    other: int = 0

    def count_bytes(self, width: int, quantization: str = "") -> int:
        """Return the bytes that they take.

        Args:
            width: Bytes of a number that is not quantized.
            quantization: "" or a name of `QUANTIZATIONS`.
        """
        share = QUANTIZATIONS.get(quantization, width)
        kernel = width if quantization == "nf4" else share
        return math.ceil(self.linear * share + self.kernel * kernel + self.other * width)


@dataclass
class WeightPart:
    """One network of a model.

    Attributes:
        name: Its name in the pipeline.
        blocks: Its numbers by the block that they belong to; those of no block under "".
        fixed_bytes: Bytes that no precision changes: those of GGUF files.
    """

    name: str
    blocks: dict[str, Numbers] = field(default_factory=dict)
    fixed_bytes: int = 0

    @property
    def is_denoiser(self) -> bool:
        """Whether it is called in each step."""
        return self.name in DENOISERS

    def count_bytes(self, width: int, quantization: str = "") -> int:
        """Return the bytes of all of it; only denoisers are quantized."""
        chosen = quantization if self.is_denoiser else ""
        return self.fixed_bytes + sum(each.count_bytes(width, chosen) for each in self.blocks.values())

    def count_moving_bytes(self, width: int, quantization: str = "", *, at_once: int = 1) -> int:
        """Return the bytes that are on the device at once where it moves by blocks: the rest, and some blocks."""
        chosen = quantization if self.is_denoiser else ""
        sizes = sorted((each.count_bytes(width, chosen) for name, each in self.blocks.items() if name), reverse=True)
        rest = self.blocks.get("", Numbers()).count_bytes(width, chosen)
        return self.fixed_bytes + rest + sum(sizes[:at_once])


def measure_parts(path: Path, options: Mapping[str, Any]) -> list[WeightPart]:
    """Return the networks of a model with their sizes, those of load options in place of the model's own.

    Args:
        path: A folder of diffusers, or a single file.
        options: Load options; they must be valid.

    Raises:
        ModelError: E611, E612 or E614 for a folder that is damaged or missing.
    """
    if path.is_dir():
        parts = _measure_folder(read_folder(path), options)
        if "prior" in options:
            parts += _measure_folder(read_folder(find_option_path(options, "prior")), {}, prefix="prior_")
        return parts
    if "base" in options:
        folder = read_folder(find_option_path(options, "base"))
        own = next((each.name for each in folder.components if each.name in DENOISERS), "transformer")
        parts = [part for part in _measure_folder(folder, options) if part.name != own]
        return [*parts, _measure_files(own, [path])]
    return _split_checkpoint(path)


def _measure_folder(folder: ModelFolder, options: Mapping[str, Any], prefix: str = "") -> list[WeightPart]:
    places = {name: component.folder for name, component in find_parts(folder.path, options).items()}
    found = []
    for each in folder.components:
        if not has_weights(each):
            continue
        place = find_option_path(options, each.name, file=True) if each.name in {*FILES} & options.keys() else None
        if place is None or (place.is_dir() and each.name in places):
            place = places.get(each.name, each.folder)
        files = [place] if place.is_file() else _list_files(place, options.get("variant"))
        found.append(_measure_files(prefix + each.name, files))
    return found


def _list_files(folder: Path, variant: str | None) -> list[Path]:
    """Return the weights of one network: of several variants, the one that is loaded."""
    chosen = find_folder_variant(folder, variant)
    files = sorted(folder.glob("*.safetensors"))
    mark = re.compile(rf"\.{re.escape(chosen)}(-\d+-of-\d+)?\.safetensors$") if chosen else None
    plain = re.compile(r"^[^.]+(\.\d+)?(-\d+-of-\d+)?\.safetensors$")
    return [file for file in files if (mark.search(file.name) if mark else plain.match(file.name))]


def _measure_files(name: str, files: Iterable[Path]) -> WeightPart:
    part = WeightPart(name)
    for file in files:
        if file.suffix.lower() == ".gguf":
            part.fixed_bytes += file.stat().st_size
        else:
            for tensor, shape in _read_shapes(file):
                _add(part, tensor, shape)
    return part


def _split_checkpoint(path: Path) -> list[WeightPart]:
    """Return the networks of a file that holds a whole pipeline, by the beginnings of its names."""
    parts: dict[str, WeightPart] = {}
    for tensor, shape in _read_shapes(path):
        if tensor.startswith(_AVERAGES):
            continue
        kind = next((kind for prefix, kind in _PREFIXES.items() if tensor.startswith(prefix)), "text_encoder")
        name = "unet" if kind == "denoiser" else kind
        _add(parts.setdefault(name, WeightPart(name)), tensor, shape)
    return list(parts.values())


def _read_shapes(path: Path) -> Iterable[tuple[str, list[int]]]:
    return [(name, entry["shape"]) for name, entry in read_header(path).items() if name != "__metadata__"]


def _add(part: WeightPart, tensor: str, shape: list[int]) -> None:
    block = found[0] if (found := _BLOCK.match(tensor)) else ""
    numbers = part.blocks.setdefault(block, Numbers())
    count = math.prod(shape)
    if len(shape) < 2 or KEPT.search(tensor):
        numbers.other += count
    elif len(shape) == 2:
        numbers.linear += count
    else:
        numbers.kernel += count
