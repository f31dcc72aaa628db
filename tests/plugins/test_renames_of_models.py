"""Names of 0.1.0 of node types that need a model: they run, and make what they make under those of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from studio.app import Studio
from studio.settings import Settings
from tests.plugins.studio_audio.tiny_models import write_audioldm2
from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3, write_tiny_sd3_controlnet
from tests.plugins.studio_speech.tiny_models import write_whisper
from tests.plugins.test_first_party_node_types import latent, mask, picture, sound
from tests.plugins.test_renames import Renamed, renamed, run

MINI = {"model": "mini"}
STEPS = ("steps", 0, "steps", None)
SIZE = (("width", 0, "width", None), ("height", 0, "height", None))
LORAS = ("lora_weights", None, "lora_scales")
SKETCH = {"strength": "control_scale", "start": "control_start", "end": "control_end"}
DRAWN = {"image": "image", "images": "images"}
APPLE = {"prompt": "an apple", **MINI}
ROWS = (
    renamed("audio.from_text", STEPS, prompt="rain", seconds=0.1, model="mini-music"),
    renamed("audio.from_text", ("steps", 3, "steps"), prompt="rain", seconds=0.1, model="mini-music"),
    renamed("diffusion.text_to_image", *SIZE, STEPS, LORAS, outputs=DRAWN, count=2, **APPLE),
    renamed("diffusion.text_to_image", ("width", 32, "width"), ("steps", 1, "steps"), **APPLE),
    renamed(
        "diffusion.sketch_to_image",
        *((old, 0.8 if old == "end" else 0.1, new) for old, new in SKETCH.items()),
        *SIZE,
        STEPS,
        LORAS,
        sketch=picture(),
        controlnet="mini-sketch",
        **APPLE,
    ),
    renamed("diffusion.image_to_image", *SIZE, STEPS, LORAS, image=picture(), **APPLE),
    renamed("diffusion.variations", ("amount", 0.6, "strength"), STEPS, LORAS, image=picture(), count=1, **MINI),
    renamed("diffusion.inpaint", ("feather", 2.0, "mask_blur"), STEPS, LORAS, image=picture(), mask=mask(), **APPLE),
    renamed("diffusion.outpaint", STEPS, LORAS, image=picture(), left=8, **APPLE),
    renamed("diffusion.empty_latent", *SIZE, **MINI),
    renamed("diffusion.encode_image", *SIZE, image=picture(16), **MINI),
    renamed(
        "diffusion.latent_blend",
        ("first", latent(), "base"),
        ("second", latent(0.75), "top"),
        ("amount", 0.3, "opacity"),
        new="diffusion.blend_latents",
    ),
    renamed("diffusion.latent_upscale", new="diffusion.upscale_latent", latent=latent()),
    renamed("speech.to_text", ("translate", True, "translate_to_english"), audio=sound(), model="mini-listener"),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """References of tiny models, by the names that rows use."""
    folder = tmp_path_factory.mktemp("models")
    about = {"steps": 2, "guidance_scale": 2.0, "width": 16, "height": 16, "max_sequence_length": 8}
    mini = write_tiny_sd3(folder / "mini", t5=False, channels=8, **about)
    paths = {
        "mini": mini,
        "mini-sketch": write_tiny_sd3_controlnet(folder / "sketch", mini),
        "mini-music": write_audioldm2(folder / "music"),
        "mini-listener": write_whisper(folder / "listener"),
    }
    return {name: f"file:{path}" for name, path in paths.items()}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.old)
def test_old_names_and_new_ones_make_the_same(
    studio: Studio, tmp_path: Path, models: Mapping[str, str], row: Renamed
) -> None:
    values = {name: models.get(str(value), value) for name, value in row.values.items()}
    old = {**values, **{name: value for name, value, _, _ in row.inputs}}
    new = {**values, **{name: value for _, _, name, value in row.inputs}}
    edges = {name for name, value, _, _ in row.inputs if value is not None}

    unversioned = run(studio, tmp_path, row.old, old, list(row.outputs))
    versioned = run(studio, tmp_path, row.old, old, list(row.outputs), version="1.0")
    by_edges = run(studio, tmp_path, row.old, old, list(row.outputs), edges=edges)
    today = run(studio, tmp_path, row.new, new, list(row.outputs.values()))

    assert unversioned == versioned == by_edges == today
