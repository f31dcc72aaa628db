"""ControlNets, and whether one fits a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture(scope="module")
def nets(tiny_models: dict[str, Path], opener: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Opened ControlNets."""
    from tests.plugins.studio_diffusion import tiny_pipelines

    folder = tmp_path_factory.mktemp("nets")
    paths = {
        name: tiny_pipelines.write_tiny_controlnet(folder / name, tiny_models[name]) for name in ("sd15", "sd2", "sdxl")
    }
    paths["sd3"] = tiny_pipelines.write_tiny_sd3_controlnet(folder / "sd3", tiny_models["sd3"])
    paths["sd3_inpaint"] = tiny_pipelines.write_tiny_sd3_controlnet(
        folder / "sd3_inpaint", tiny_models["sd3"], extra_conditioning_channels=1
    )
    paths["flux"] = tiny_pipelines.write_tiny_flux_controlnet(folder / "flux", tiny_models["flux"])
    return {name: open_model(opener, path) for name, path in paths.items()}


@pytest.mark.parametrize(
    ("name", "family"), [("sd15", "sd"), ("sd2", "sd"), ("sdxl", "sdxl"), ("sd3", "sd3"), ("flux", "flux")]
)
def test_a_controlnet_knows_its_family(opener: Any, nets: dict[str, Any], name: str, family: str) -> None:
    assert nets[name].family == family
    assert opener.measure(nets[name]) > 0
    assert opener.save_memory(nets[name]) is None


@pytest.mark.parametrize(
    ("model", "net", "words"),
    [
        ("sd15", "sd2", "cross_attention_dim"),
        ("sd15", "sdxl", "is for Stable Diffusion XL, and the model is Stable Diffusion 1 and 2"),
        ("sdxl", "sd15", "is for Stable Diffusion 1 and 2"),
        ("sd3", "flux", "is for Flux"),
        ("flux", "sd3", "is for Stable Diffusion 3"),
        ("sd3", "sd3_inpaint", "for inpainting, with a mask"),
    ],
)
def test_a_controlnet_for_another_model_is_found_before_drawing(
    opener: Any, tiny_models: dict[str, Path], nets: dict[str, Any], model: str, net: str, words: str
) -> None:
    opened = open_model(opener, tiny_models[model])

    with pytest.raises(ModelError, match="E617") as caught:
        opened.for_task("controlnet", controlnet=nets[net])

    assert words in str(caught.value)


def test_a_controlnet_of_another_latent_depth_is_found(
    opener: Any, tiny_models: dict[str, Path], nets: dict[str, Any], tmp_path: Path
) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3

    opened = open_model(opener, write_tiny_sd3(tmp_path / "model", t5=False, channels=8))

    with pytest.raises(ModelError, match="in_channels is 16, and the model's is 8"):
        opened.for_task("controlnet", controlnet=nets["sd3"])


def test_a_controlnet_task_needs_a_controlnet(opener: Any, tiny_models: dict[str, Path]) -> None:
    opened = open_model(opener, tiny_models["sd15"])

    with pytest.raises(ModelError, match="E617"):
        opened.for_task("controlnet")
