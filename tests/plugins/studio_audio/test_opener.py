"""The opener of models that make audio from text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import studio_audio
import studio_diffusion
import studio_speech
from studio.api import ModelError
from studio.app import Studio
from studio.graph import parse_graph
from studio_audio.nodes.words import make_from_text
from studio_audio.opener import MusicOpener
from tests.plugins.studio_audio.opened import TINY, Open, open_folder

pytestmark = pytest.mark.xdist_group("diffusers")
PROMPT = "rain on a roof"
KINDS = ("musicgen", "musicgen_melody", "audioldm2", "stable_audio", "audioldm", "musicldm")


@pytest.mark.parametrize("name", KINDS)
def test_one_opener_and_no_other_opens_a_model_for_audio(tiny: Callable[..., Path], name: str) -> None:
    openers = [each for plugin in (studio_diffusion, studio_speech, studio_audio)
               for each in plugin.studio_model_openers()]  # fmt: skip

    assert [type(each) for each in openers if each.can_open(tiny(name), TINY)] == [MusicOpener]
    assert MusicOpener().measure(open_folder(tiny(name))) > 10_000


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model_index.json", {"_class_name": "StableDiffusionPipeline"}),
        ("model_index.json", {"_class_name": ["my_pipeline", "AudioLDM2Pipeline"]}),
        ("model_index.json", []),
        ("config.json", {"architectures": ["VitsModel"]}),
        ("config.json", {"architectures": []}),
        ("config.json", {"_class_name": "AudioLDM2Pipeline"}),
    ],
)
def test_other_folders_are_left_to_other_openers(tmp_path: Path, file: str, content: Any) -> None:
    (tmp_path / file).write_text(json.dumps(content), encoding="utf-8")

    assert not MusicOpener().can_open(tmp_path, TINY)
    assert not MusicOpener().can_open(tmp_path / file, TINY)
    assert not MusicOpener().can_open(tmp_path / "nosuch", TINY)


def test_audioldm2_may_name_its_language_model_without_its_head(open_tiny: Open) -> None:
    ctx = open_tiny("audioldm2", language_model="GPT2Model")

    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=1).duration == 0.5


def test_python_in_a_folder_is_never_run(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("stable_audio"), tmp_path / "model")
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\nclass StableAudioDiTModel: pass\n"
    for place in (folder, folder / "transformer"):
        (place / "mine.py").write_text(trap, encoding="utf-8")
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    index |= {"transformer": ["mine", "StableAudioDiTModel"]}
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E648.*unknown class 'StableAudioDiTModel' of 'transformer' in mine"):
        open_folder(folder)
    assert not (tmp_path / "ran").exists()


def test_a_model_for_audio_is_a_composer_and_no_other_plugin_takes_it(tmp_path: Path) -> None:
    config = {"architectures": ["MusicgenForConditionalGeneration"]}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    nodes = {
        "hear": {"type": "speech.to_text", "inputs": {"audio": {"from": "inputs.a"}, "model": f"file:{tmp_path}"}},
        "make": {"type": "audio.from_text", "inputs": {"prompt": PROMPT, "model": f"file:{tmp_path}"}},
    }
    outputs = {"text": {"from": "hear.text"}, "audio": {"from": "make"}}
    graph = {"studio": 1, "inputs": {"a": {"type": "audio"}}, "nodes": nodes, "outputs": outputs}

    with Studio(on_disk=False) as studio:
        findings = studio.validate(parse_graph(graph))

    (kind,) = [finding for finding in findings if finding.code == "E600"]
    assert kind.where == "/nodes/hear/inputs/model"
    assert kind.message.endswith("is a composer, and 'model' takes a listener")
