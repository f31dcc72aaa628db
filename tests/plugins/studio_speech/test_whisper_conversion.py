"""Whisper as CTranslate2 stores it becomes a folder that transformers opens, with the same tensors."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from studio.api import ModelError
from studio_speech.whisper_conversion import convert_whisper
from tests.plugins.studio_speech.tiny_models import write_whisper


def pack_text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def pack(variables: dict[str, np.ndarray], kind: str = "WhisperSpec") -> bytes:
    """Write variables as CTranslate2 does."""
    out = struct.pack("<I", 6) + pack_text(kind) + struct.pack("<II", 3, len(variables))
    for name, value in variables.items():
        kinds = {"float32": 0, "float16": 4, "int16": 2}
        out += pack_text(name) + struct.pack("<B", value.ndim) + struct.pack(f"<{value.ndim}I", *value.shape)
        out += struct.pack("<BI", kinds[value.dtype.name], value.nbytes) + value.tobytes()
    return out + struct.pack("<I", 0)


def rename(tensors: dict[str, np.ndarray], heads: int) -> dict[str, np.ndarray]:
    """Return the variables of CTranslate2 for the tensors of transformers: the reverse of what is tested."""
    found = {f"{side}/num_heads": np.array(heads, np.int16) for side in ("encoder", "decoder")}
    for side in ("encoder", "decoder"):
        for kind, old in (("gamma", "weight"), ("beta", "bias")):
            found[f"{side}/layer_norm/{kind}"] = tensors[f"model.{side}.layer_norm.{old}"]
        found[f"{side}/position_encodings/encodings"] = tensors[f"model.{side}.embed_positions.weight"]
        layers = {name.split(".")[3] for name in tensors if name.startswith(f"model.{side}.layers.")}
        for layer in layers:
            old, new = f"model.{side}.layers.{layer}", f"{side}/layer_{layer}"
            _rename_attention(tensors, found, f"{old}.self_attn", f"{new}/self_attention", fused=True)
            if side == "decoder":
                _rename_attention(tensors, found, f"{old}.encoder_attn", f"{new}/attention", fused=False)
            for part, name in (("final_layer_norm", "layer_norm"), ("fc1", "linear_0"), ("fc2", "linear_1")):
                _copy(tensors, found, f"{old}.{part}", f"{new}/ffn/{name}")
    for number in (1, 2):
        _copy(tensors, found, f"model.encoder.conv{number}", f"encoder/conv{number}")
    found["decoder/embeddings/weight"] = tensors["model.decoder.embed_tokens.weight"]
    return found


def _rename_attention(
    tensors: dict[str, np.ndarray], found: dict[str, np.ndarray], old: str, new: str, *, fused: bool
) -> None:
    q, k, v = (tensors[f"{old}.{part}_proj.weight"] for part in "qkv")
    bias = {part: tensors.get(f"{old}.{part}_proj.bias", np.zeros(len(k), k.dtype)) for part in "qkv"}
    if fused:
        found[f"{new}/linear_0/weight"] = np.concatenate([q, k, v])
        found[f"{new}/linear_0/bias"] = np.concatenate([bias["q"], bias["k"], bias["v"]])
        _copy(tensors, found, f"{old}.out_proj", f"{new}/linear_1")
    else:
        found[f"{new}/linear_0/weight"], found[f"{new}/linear_0/bias"] = q, bias["q"]
        found[f"{new}/linear_1/weight"] = np.concatenate([k, v])
        found[f"{new}/linear_1/bias"] = np.concatenate([bias["k"], bias["v"]])
        _copy(tensors, found, f"{old}.out_proj", f"{new}/linear_2")
    _copy(tensors, found, f"{old}_layer_norm", f"{new}/layer_norm")


def _copy(tensors: dict[str, np.ndarray], found: dict[str, np.ndarray], old: str, new: str) -> None:
    names = ("gamma", "beta") if "norm" in new else ("weight", "bias")
    for name, kind in zip(names, ("weight", "bias"), strict=True):
        found[f"{new}/{name}"] = tensors[f"{old}.{kind}"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The files of CTranslate2 for a tiny model."""
    from safetensors.numpy import load_file

    folder = write_whisper(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "model.safetensors")
    (tmp_path / "model.bin").write_bytes(pack(rename(tensors, config["encoder_attention_heads"])))
    (tmp_path / "config.json").write_text(
        json.dumps({"suppress_ids": [1], "suppress_ids_begin": [2]}), encoding="utf-8"
    )
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return {name: tmp_path / name for name in ("model.bin", "config.json", "tokenizer.json")}


def test_the_tensors_come_back_as_transformers_names_them(files: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    (tmp_path / "out").mkdir()

    convert_whisper(files, tmp_path / "out")

    before, after = (
        load_file(tmp_path / "tiny" / "model.safetensors"),
        load_file(tmp_path / "out" / "model.safetensors"),
    )
    before.pop("proj_out.weight", None)
    assert set(after) == set(before)
    assert all(np.array_equal(after[name], before[name]) for name in before)
    described = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    original = json.loads((tmp_path / "tiny" / "config.json").read_text(encoding="utf-8"))
    for key in (
        "d_model",
        "encoder_layers",
        "decoder_ffn_dim",
        "vocab_size",
        "num_mel_bins",
        "decoder_attention_heads",
    ):
        assert described[key] == original[key], key


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-7], "it is cut off"),
        (lambda data: data + b"x", "1 bytes behind its end"),
        (lambda data: b"\x09" + data[1:], "unsupported version 9"),
        (lambda data: pack({}, "TransformerSpec"), "'TransformerSpec', and not Whisper"),
    ],
)
def test_a_damaged_file_is_refused(files: dict[str, Path], tmp_path: Path, change: object, reason: str) -> None:
    assert callable(change)
    files["model.bin"].write_bytes(change(files["model.bin"].read_bytes()))

    with pytest.raises(ModelError) as caught:
        convert_whisper(files, tmp_path)

    assert caught.value.code == "E668"
    assert reason in caught.value.message
