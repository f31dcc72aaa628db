"""Folders of transformers, inspected without loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model, ModelError
from studio_speech.model_folder import find_class, find_kind, find_vocoder, read_options


def write_config(folder: Path, *architectures: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(
        json.dumps({"architectures": architectures, "model_type": "x"}), encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("VitsModel", "speaker"),
        ("SpeechT5ForTextToSpeech", "speaker"),
        ("WhisperForConditionalGeneration", "listener"),
        ("Wav2Vec2ForCTC", "listener"),
        ("HubertForCTC", "listener"),
        ("ForCTC", None),
        ("LlamaForCausalLM", None),
    ],
)
def test_a_class_speaks_or_listens_by_its_name(tmp_path: Path, name: str, kind: str | None) -> None:
    assert find_kind(name) == kind
    assert find_class(write_config(tmp_path / "model", name)) == (name if kind else None)


@pytest.mark.parametrize("content", ["{", "[]", '{"architectures": "VitsModel"}', '{"architectures": []}', "{}"])
def test_a_folder_whose_config_is_wrong_is_no_model(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")

    assert find_class(tmp_path) is None
    assert find_class(tmp_path / "absent") is None
    assert find_class(tmp_path / "config.json") is None


def test_a_vocoder_lies_in_the_folder_or_where_the_option_says(tmp_path: Path) -> None:
    model, other = write_config(tmp_path / "model", "SpeechT5ForTextToSpeech"), write_config(tmp_path / "other", "X")

    with pytest.raises(ModelError, match="the vocoder is missing"):
        find_vocoder(model, "SpeechT5ForTextToSpeech", {})
    assert find_vocoder(model, "SpeechT5ForTextToSpeech", {"vocoder": f"file:{other}"}) == other
    write_config(model / "vocoder", "SpeechT5HifiGan")
    assert find_vocoder(model, "SpeechT5ForTextToSpeech", {}) == model / "vocoder"
    assert find_vocoder(model, "VitsModel", {}) is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"vocodr": "file:x"}, "unknown load option 'vocodr'"),
        ({"vocoder": "x"}, "names no folder"),
        ({"vocoder": 3}, "names no folder"),
    ],
)
def test_unknown_and_invalid_options_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_options(Model("file:x", tuple(options.items())))


def test_options_without_a_value_are_left_out() -> None:
    assert read_options(Model("file:x", (("vocoder", None),))) == {}
