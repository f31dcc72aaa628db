"""Which architecture a file belongs to, by its name, and where what it lacks is published."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class KnownModel:
    """An architecture as ComfyUI's files name it; `known_models.tsv` lists them.

    Attributes:
        name: Its name.
        pattern: What names of its files contain, a regular expression over small letters.
        base: Repository with the configurations and the parts that a file lacks.
        media: "image", "video" or "audio".
        flow: Whether it is a rectified flow.
        parts: Whether prompts, latents and sampling are nodes of their own for it.
        edits: Whether it takes images beside the prompt.
        sound: Whether its videos have audio.
        guidance: Guidance that it is told where the document does not say; None for guidance by a negative prompt.
        fps: Frames per second that it was trained on.
        shift: Shift of its timesteps that ComfyUI takes: a factor.
    """

    name: str
    pattern: str
    base: str
    media: str = "image"
    flow: bool = True
    parts: bool = False
    edits: bool = False
    sound: bool = False
    guidance: float | None = None
    fps: float = 24.0
    shift: float | None = None


SD = KnownModel("SD 1.5", "", "stable-diffusion-v1-5/stable-diffusion-v1-5", flow=False, parts=True)
"""What an unknown checkpoint is taken to be."""
_BY_ENCODER = {
    "ace": "ACE-Step",
    "chroma": "Chroma",
    "cosmos": "Cosmos Predict 2",
    "flux": "Flux",
    "flux2": "Flux 2",
    "hidream": "HiDream",
    "hunyuan_video": "HunyuanVideo",
    "hunyuan_video_15": "HunyuanVideo 1.5",
    "kandinsky5": "Kandinsky 5",
    "ltxv": "LTX-Video",
    "lumina2": "Lumina 2",
    "minimax": "MiniMax H3",
    "mochi": "Mochi",
    "omnigen2": "OmniGen 2",
    "qwen_image": "Qwen-Image",
    "sd3": "Stable Diffusion 3",
    "sdxl": "SDXL",
    "stable_audio": "Stable Audio",
    "stable_cascade": "Stable Cascade",
    "wan": "Wan 2.1",
}


def find_known(file: str, encoder: str, *, is_checkpoint: bool) -> KnownModel | None:
    """Return what a file is, by its name or else by the type of the text encoders that it is used with.

    Args:
        file: Name of the file.
        encoder: Type that the document loads the text encoders for.
        is_checkpoint: Whether the file has text encoders and autoencoder.
    """
    name = file.replace("\\", "/").rpartition("/")[2].lower()
    for known in _list_known():
        if re.search(known.pattern, name):
            return known
    wanted = _BY_ENCODER.get(encoder)
    if wanted is not None:
        return next(known for known in _list_known() if known.name == wanted)
    return SD if is_checkpoint else None


@cache
def _list_known() -> Sequence[KnownModel]:
    with Path(__file__).with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
        return [_read(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _read(row: dict[str, str]) -> KnownModel:
    flags = row["flags"].split(",")
    return KnownModel(
        row["name"],
        row["pattern"],
        row["base"],
        row["media"],
        flow="flow" in flags,
        parts="parts" in flags,
        edits="edits" in flags,
        sound="sound" in flags,
        guidance=float(row["guidance"]) if row["guidance"] else None,
        fps=float(row["fps"] or 24.0),
        shift=float(row["shift"]) if row["shift"] else None,
    )
