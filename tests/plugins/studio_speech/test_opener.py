"""The opener of models that speak and listen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api import Model, ModelError
from studio_speech.opener import SpeechOpener
from tests.plugins.studio_speech.conftest import TINY


def test_a_vocoder_may_lie_elsewhere_and_must_be_somewhere(tiny: Callable[..., Path], tmp_path: Path) -> None:
    whole, opener = tiny("speecht5"), SpeechOpener()
    apart = shutil.copytree(whole, tmp_path / "apart")
    shutil.move(apart / "vocoder", tmp_path / "vocoder")
    named = Model("local:apart", (("vocoder", f"file:{tmp_path / 'vocoder'}"),))

    assert opener.parts(apart, named) == {"vocoder": tmp_path / "vocoder"}
    opened = opener.open(apart, named, device="cpu", dtype="float32", parts={})
    part = opener.open_part("vocoder", tmp_path / "vocoder", named, device="cpu", dtype="float32")
    assert opener.measure(opened) > opener.measure(part) > 0
    with pytest.raises(ModelError, match="E668"):
        opener.open(apart, TINY, device="cpu", dtype="float32", parts={})


def test_other_folders_are_left_to_other_openers(tmp_path: Path) -> None:
    opener = SpeechOpener()
    for name, content in (("a", {"architectures": ["BertModel"]}), ("b", {}), ("c", {"architectures": [3]}), ("d", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(content), encoding="utf-8")
        assert not opener.can_open(tmp_path / name, TINY)
    assert not opener.can_open(tmp_path / "nosuch", TINY)


def test_a_folder_without_safetensors_or_with_the_wrong_ones_is_an_error(
    tiny: Callable[..., Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("vits"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E668[\s\S]*lack"):
        SpeechOpener().open(folder, TINY, device="cpu", dtype="float32", parts={})
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="missing safetensors"):
        SpeechOpener().open(folder, TINY, device="cpu", dtype="float32", parts={})
    with pytest.raises(ModelError, match="E670"):
        SpeechOpener().parts(folder, Model("local:x", (("vocodr", "file:x"),)))


@pytest.mark.parametrize(("name", "kind"), [("VitsModel", "speaker"), ("WhisperForConditionalGeneration", "listener")])
def test_a_folder_says_whether_its_model_speaks_or_listens(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [name]}), encoding="utf-8")

    assert SpeechOpener().find_kind(tmp_path, TINY) == kind
