"""How many documents of ComfyUI run after their import: `python benchmarks/bench_import_runs.py FOLDER [NAME ...]`.

FOLDER has `api/*.json` and `ui/*.json`. Tiny models of the real classes, with random weights, are put where the names
of files point; sizes, lengths and steps are made small, LoRAs are taken out. What needs other weights is not counted.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from studio.api import Audio, Image, Video
from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.errors import StudioError
from studio.graph import parse_graph
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.reading import read_foreign
from studio.graph.foreign.weights_folders import WeightsFolders
from studio.settings import Settings
from studio_diffusion.importing.known_models import find_known
from tests.plugins.studio_diffusion import tiny_editors, tiny_pipelines
from tests.plugins.studio_video import tiny_new_pipelines, tiny_video_pipelines

SIDE, FRAMES, STEPS = 128, 5, 3
INPUT_SIDE, MOST_SECONDS = 512, 60.0
DENOISERS = ("checkpoints", "diffusion_models", "unet")
BESIDE = ("text_encoders", "vae", "loras", "embeddings", "input", "")
"""Folders of files that a folder of diffusers contains, or that are taken out or given."""
FAMILIES = {
    "SD 1.5": "sd15", "SD 1.5 inpainting": "sd15_inpaint", "SD 2": "sd2", "SD Turbo": "sd2", "SDXL": "sdxl",
    "SDXL Turbo": "sdxl", "SDXL refiner": "sdxl_refiner", "InstructPix2Pix": "instruct_pix2pix",
    "Stable Diffusion 3": "sd3", "Stable Diffusion 3.5": "sd3", "Flux": "flux_dev", "Flux schnell": "flux",
    "Flux Kontext": "kontext", "Flux Fill": "fill", "Flux Canny": "control", "Flux Depth": "control",
    "Flux 2": "flux2", "Flux 2 Klein": "flux2_klein", "Chroma": "chroma", "Krea 2": "krea2",
    "Qwen-Image": "qwenimage", "Qwen-Image-2512": "qwenimage", "Z-Image": "zimage", "Z-Image-Turbo": "zimage",
    "Lumina 2": "lumina2", "AuraFlow": "auraflow", "HiDream": "hidream", "Stable Cascade": "stable_cascade",
    "LTX-2": "ltx2", "LTX-Video": "ltx", "Wan 2.2": "wan22", "Wan 2.2 image to video": "wan22_still",
    "Wan 2.2 5B": "wan22_small", "Wan VACE": "wan_vace", "Wan 2.1": "wan", "Wan 2.1 image to video": "wan_still",
    "HunyuanVideo": "hunyuan", "SVD": "svd",
}  # fmt: skip
"""Tiny pipelines by architecture."""


def main() -> int:
    """Import each document, run it, and print how many ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="names of documents; all without any")
    given = parser.parse_args()
    results: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch, Studio(Settings(device="cpu"), on_disk=False) as studio:
        rules = find_import_rules(studio.settings)
        for path in [*sorted((given.folder / "api").glob("*.json")), *sorted((given.folder / "ui").glob("*.json"))]:
            if not given.names or path.stem in given.names:
                begin = time.perf_counter()
                result, why = run_document(studio, rules, path, Path(scratch))
                results[result] += 1
                print(f"{path.stem} {result} {time.perf_counter() - begin:.1f} s {why}", flush=True)
    print(dict(results))
    return 1 if results["failed"] else 0


def run_document(studio: Studio, rules: Mapping[str, Any], path: Path, scratch: Path) -> tuple[str, str]:
    """Return "ran", "failed", "not imported" or "other weights", and why."""
    document = read_foreign(path, lambda kind: rules[kind].widgets if kind in rules else None, max_bytes=2**24)
    folders = WeightsFolders(scratch, start=scratch / "elsewhere")

    def bring() -> tuple[Any, Any]:
        return import_document(document, rules, studio.registry, folders, media=scratch, title=path.stem)

    graph, report = bring()
    if graph is None or report.result == "missing":
        return "not imported", ""
    families: list[str] = []
    for file in sorted(report.files, key=lambda one: one.folder not in DENOISERS):
        if file.folder in DENOISERS:
            lack = place_model(scratch, file.folder, file.name, document, families)
        elif file.folder == "controlnet":
            lack = place_control(scratch, file.name, families)
        else:
            lack = "" if file.folder in BESIDE else f"{file.folder}/{file.name}"
        if lack:
            return "other weights", lack
    graph, _ = bring()
    shrink(graph)
    try:
        result = studio.run(
            parse_graph(graph, base=scratch), make_inputs(graph), cache="off", node_timeout_seconds=MOST_SECONDS
        )
    except StudioError as error:
        if "not on this machine" in str(error):
            return "other weights", str(error).partition(":")[2][:80]
        return "failed", str(error)[:300].replace("\n", " ")
    errors = [str(error)[:300].replace("\n", " ") for error in result.errors]
    return ("ran", "") if result.status == "done" else ("failed", "; ".join(errors))


def place_model(scratch: Path, folder: str, name: str, document: Any, families: list[str]) -> str:
    """Put a tiny model where a name points, and note its family; return what is lacking for it."""
    encoders = [node.inputs.get("type") for node in document.nodes.values() if "CLIPLoader" in node.kind]
    encoder = next((one for one in encoders if isinstance(one, str)), "")
    known = find_known(name, encoder, is_checkpoint=folder == "checkpoints")
    family = FAMILIES.get(known.name if known else "")
    if family is None:
        return known.name if known else name
    made, place = scratch / "tiny" / family, (scratch / "models" / folder / name).with_suffix("")
    if not made.is_dir():
        homes = (tiny_editors, tiny_new_pipelines, tiny_video_pipelines)
        writers = {key: write for home in homes for key, write in vars(home).items() if key.startswith("write_")}
        write = writers.get(f"write_{family}") or tiny_pipelines.WRITERS[family]
        write(made)
    families.append(family)
    link(place, made / "transformer_2" if "low_noise" in name and (made / "transformer_2").is_dir() else made)
    return ""


def place_control(scratch: Path, name: str, families: list[str]) -> str:
    """Put a tiny ControlNet for a family where a name points; return what is lacking for it."""
    family = families[0] if families else ""
    kind = {"sd15": "", "sd2": "", "sdxl": "", "sd3": "sd3_", "flux": "flux_", "flux_dev": "flux_"}.get(family)
    write = None if kind is None else getattr(tiny_pipelines, f"write_tiny_{kind}controlnet")
    made = scratch / "tiny" / f"{family}_control"
    if write is None:
        return f"a ControlNet of {family}"
    if not made.is_dir():
        write(made, scratch / "tiny" / family)
    link((scratch / "models" / "controlnet" / name).with_suffix(""), made)
    return ""


def link(place: Path, made: Path) -> None:
    """Let a name point to a folder; a name that another document has points to this one's."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(made)


def shrink(graph: dict[str, Any]) -> None:
    """Make images and videos of a graph small, and take LoRAs out."""
    for node in graph["nodes"].values():
        inputs = node["inputs"]
        for name in ("loras", "lora_scales"):
            inputs.pop(name, None)
        if node["type"] == "diffusion.composite_latents":
            inputs |= {"x": 0, "y": 0}
        if node["type"].startswith(("diffusion.", "video.")):
            inputs |= {name: SIDE for name in ("width", "height") if name in inputs}
            if isinstance(inputs.get("seconds"), int | float):
                inputs["seconds"] = FRAMES / float(inputs.get("fps", 24.0))
        if type(inputs.get("steps")) is int and node["type"] != "diffusion.sample":
            strength = inputs.get("strength", 1.0)
            inputs["steps"] = min(inputs["steps"], max(STEPS, round(STEPS / max(0.01, strength))))
        if type(inputs.get("count")) is int:
            inputs["count"] = min(2, inputs["count"])


def make_inputs(graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for the inputs of a graph that have none."""
    pixels = np.random.default_rng(0).integers(0, 256, (INPUT_SIDE, INPUT_SIDE, 4), np.uint8)
    frames = [Image(np.roll(pixels[:, :, :3], at, 1)) for at in range(FRAMES)]
    values = {
        "image": Image(pixels[:, :, :3]),
        "video": Video.from_images(frames, 8),
        "audio": Audio(np.zeros((8000, 1), np.float32), 8000),
    }
    wanted = {name: row for name, row in graph.get("inputs", {}).items() if "default" not in row}
    return {name: values[row["type"]] for name, row in wanted.items()}


if __name__ == "__main__":
    sys.exit(main())
