"""Model folders looked at without loading."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio.api import ModelError
from studio.api.model_folder import find_variant, list_components, read_class, read_json


def test_damaged_json_is_told_by_the_code_of_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[1, 2", encoding="utf-8")

    with pytest.raises(ModelError) as caught:
        read_json(tmp_path / "config.json", "E648")

    assert caught.value.code == "E648"


def test_deeply_nested_json_is_damaged_json(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[" * 100_000, encoding="utf-8")

    with pytest.raises(ModelError):
        read_json(tmp_path / "config.json")


def test_a_component_whose_name_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="invalid component name"):
        list_components(tmp_path, {"../vae": ["diffusers", "AutoencoderKL"]})


def test_components_that_a_pipeline_goes_without_are_left_out(tmp_path: Path) -> None:
    index = {"_class_name": "X", "vae": ["diffusers", "AutoencoderKL"], "safety_checker": [None, None], "flag": True}

    assert [each.name for each in list_components(tmp_path, index)] == ["vae"]


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["model.safetensors", "model.fp16.safetensors"], None, None),
        (["model.safetensors", "model.fp16.safetensors"], "fp16", "fp16"),
        (["model.fp16-00001-of-00002.safetensors"], None, "fp16"),
        (["model-00001-of-00002.safetensors"], "fp16", None),
    ],
)
def test_the_variant_that_is_there_is_taken(names: list[str], wanted: str | None, found: str | None) -> None:
    assert find_variant(names, wanted) == found


def test_a_class_is_read_for_the_library_that_asks(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["VitsModel"]}), encoding="utf-8")

    assert read_class(tmp_path, "transformers") == "VitsModel"
    assert read_class(tmp_path, "diffusers") is None


def test_both_modules_load_no_heavy_library() -> None:
    program = (
        "import sys, studio.api.quiet, studio.api.model_folder; print('torch' in sys.modules, 'numpy' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told.split() == ["False", "False"]
