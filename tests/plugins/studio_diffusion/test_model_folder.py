"""Folders in the format of diffusers: what is wrong with them is said before anything loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from tests.plugins.studio_diffusion.opening import change_index, expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def test_a_pipeline_with_code_of_its_own_is_refused_and_the_code_not_run(opener: Any, sd15: Path) -> None:
    (sd15 / "mine.py").write_text(f"open({str(sd15 / 'ran')!r}, 'w')", encoding="utf-8")
    change_index(sd15, _class_name=["mine", "MyPipeline"])

    expect(opener, sd15, "E611", "mine")
    assert not (sd15 / "ran").exists()


def test_a_component_with_code_of_its_own_is_refused_and_the_code_not_run(opener: Any, sd15: Path) -> None:
    (sd15 / "unet" / "my_unet.py").write_text(f"open({str(sd15 / 'ran')!r}, 'w')", encoding="utf-8")
    change_index(sd15, unet=["my_unet", "MyUNet"])

    expect(opener, sd15, "E611", "my_unet.py")
    assert not (sd15 / "ran").exists()


@pytest.mark.parametrize("name", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_component_is_named(opener: Any, sd15: Path, name: str) -> None:
    shutil.rmtree(sd15 / name)

    expect(opener, sd15, "E612", f"lacks its {name}")


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}", "\x00"])
def test_a_damaged_index_is_an_error(opener: Any, sd15: Path, text: str) -> None:
    (sd15 / "model_index.json").write_text(text, encoding="utf-8")

    expect(opener, sd15, "E612", "model_index.json")


def test_a_component_outside_of_the_folder_is_an_error(opener: Any, sd15: Path) -> None:
    change_index(sd15, **{"../unet": ["diffusers", "UNet2DConditionModel"]})

    expect(opener, sd15, "E612", "'../unet'")


@pytest.mark.parametrize("place", ["unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"])
def test_a_damaged_config_is_an_error(opener: Any, sd15: Path, place: str) -> None:
    (sd15 / place).write_text("{", encoding="utf-8")

    expect(opener, sd15, "E612", place.partition("/")[0])


def test_a_pickle_is_refused(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))

    expect(opener, sd15, "E613", "diffusion_pytorch_model.bin")


def test_a_tokenizer_without_vocabulary_is_refused(opener: Any, sd15: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd15, tmp_path / "speechless")
    for file in (folder / "tokenizer").iterdir():
        if "config" not in file.name:
            file.unlink()

    with pytest.raises(ModelError, match=r"E612.*missing vocabulary"):
        open_model(opener, folder)


@pytest.mark.parametrize(
    "about", [{"steps": "many"}, {"width": -3}, {"words": 5}, {"guidance_scale": True}, {"max_sequence_length": 0.5}]
)
def test_defaults_that_are_none_are_refused(opener: Any, sd15: Path, tmp_path: Path, about: dict[str, Any]) -> None:
    folder = shutil.copytree(sd15, tmp_path / "strange")
    (folder / "studio.json").write_text(json.dumps(about), encoding="utf-8")

    with pytest.raises(ModelError, match="E612"):
        open_model(opener, folder)
