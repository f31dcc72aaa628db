"""Converts Whisper from CTranslate2's files to a folder of transformers; names map one to one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import ModelError
from studio.api.model_folder import read_json
from studio_speech.ctranslate2_file import CTranslate2File, read_ctranslate2

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_CODE = "E668"
_FILES = ("model.bin", "config.json", "tokenizer.json")
_ENDS = {
    "encoder/conv1/weight": "encoder.conv1.weight",
    "encoder/conv1/bias": "encoder.conv1.bias",
    "encoder/conv2/weight": "encoder.conv2.weight",
    "encoder/conv2/bias": "encoder.conv2.bias",
    "encoder/position_encodings/encodings": "encoder.embed_positions.weight",
    "encoder/layer_norm/gamma": "encoder.layer_norm.weight",
    "encoder/layer_norm/beta": "encoder.layer_norm.bias",
    "decoder/embeddings/weight": "decoder.embed_tokens.weight",
    "decoder/position_encodings/encodings": "decoder.embed_positions.weight",
    "decoder/layer_norm/gamma": "decoder.layer_norm.weight",
    "decoder/layer_norm/beta": "decoder.layer_norm.bias",
}
_PLAIN = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "self_attention/linear_1": "self_attn.out_proj",
    "attention/layer_norm": "encoder_attn_layer_norm",
    "attention/linear_0": "encoder_attn.q_proj",
    "attention/linear_2": "encoder_attn.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "fc1",
    "ffn/linear_1": "fc2",
}
_FUSED = {
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
}
_KINDS = {"gamma": "weight", "beta": "bias", "weight": "weight", "bias": "bias"}
_LAYER = re.compile(r"(encoder|decoder)/layer_(\d+)/(.+)/(gamma|beta|weight|bias)")
_SPECIAL_END = "<|notimestamps|>"


def convert_whisper(files: Mapping[str, Path], folder: Path) -> None:
    """Write a folder of transformers with Whisper's weights as they are, float16.

    Args:
        files: `model.bin`, `config.json` and `tokenizer.json` as CTranslate2's converter writes them.
        folder: Where the model goes.

    Raises:
        ModelError: E668 if a file is missing, damaged, or of another model.
    """
    from safetensors.numpy import save_file

    missing = [name for name in _FILES if name not in files]
    if missing:
        raise ModelError(_CODE, f"missing {missing[0]!r}", hint="correct the entry of the catalog")
    source = read_ctranslate2(files["model.bin"])
    if source.kind != "WhisperSpec":
        raise ModelError(
            _CODE, f"the model is {source.kind!r}, and not Whisper", hint="correct the entry of the catalog"
        )
    tensors = dict(_list_tensors(source))
    tokens = _read_tokens(files["tokenizer.json"])
    save_file({name: np.ascontiguousarray(one) for name, one in tensors.items()}, folder / "model.safetensors")
    hints = read_json(files["config.json"], _CODE)
    _write(folder / "config.json", _describe_network(source, tensors, tokens))
    _write(folder / "generation_config.json", _describe_generation(tokens, hints))
    _write(folder / "preprocessor_config.json", _describe_features(tensors))
    _write(folder / "tokenizer_config.json", _describe_tokenizer(tokens))
    (folder / "tokenizer.json").write_bytes(files["tokenizer.json"].read_bytes())


def _list_tensors(source: CTranslate2File) -> Iterator[tuple[str, Array]]:
    for name, tensor in source.variables.items():
        if name in _ENDS:
            yield f"model.{_ENDS[name]}", tensor
            continue
        found = _LAYER.fullmatch(name)
        if found is None:
            continue  # numbers that describe the network
        side, layer, part, kind = found.groups()
        if part in _PLAIN:
            yield f"model.{side}.layers.{layer}.{_PLAIN[part]}.{_KINDS[kind]}", tensor
        elif part in _FUSED:
            yield from _split(f"model.{side}.layers.{layer}", _FUSED[part], kind, tensor)
        elif tensor.size > 1:
            raise ModelError(_CODE, f"unknown weights {name!r}", hint="this version of Whisper is not supported")


def _split(begin: str, names: tuple[str, ...], kind: str, tensor: Array) -> Iterator[tuple[str, Array]]:
    """Yield the parts of weights that CTranslate2 joined; Whisper's keys have no bias, so theirs is zero."""
    for name, part in zip(names, np.split(tensor, len(names)), strict=True):
        if name.endswith("k_proj") and kind == "bias":
            if np.any(part):
                raise ModelError(_CODE, f"{begin}.{name} has a bias", hint="this is not Whisper")
        else:
            yield f"{begin}.{name}.{kind}", part


def _read_tokens(path: Path) -> dict[str, int]:
    """Return the special tokens with their ids, in the order of ids, up to the last before time stamps."""
    added = read_json(path, _CODE).get("added_tokens")
    if not isinstance(added, list) or not all(isinstance(row, dict) for row in added):
        raise ModelError(_CODE, f"{path.name!r} lists no tokens", hint="get it again")
    tokens = {str(row.get("content")): int(row.get("id", 0)) for row in added}
    last = tokens.get(_SPECIAL_END)
    if last is None or "<|startoftranscript|>" not in tokens or "<|endoftext|>" not in tokens:
        raise ModelError(_CODE, f"{path.name!r} is not Whisper's tokenizer", hint="get it again")
    return {name: number for name, number in sorted(tokens.items(), key=lambda row: row[1]) if number <= last}


def _describe_network(
    source: CTranslate2File, tensors: Mapping[str, Array], tokens: Mapping[str, int]
) -> dict[str, Any]:
    def count_layers(side: str) -> int:
        found = [int(row[2]) for row in map(_LAYER.fullmatch, source.variables) if row and row[1] == side]
        return max(found, default=-1) + 1

    def read_heads(side: str) -> int:
        heads = source.variables.get(f"{side}/num_heads")
        return int(heads) if heads is not None and heads.size == 1 else 0

    try:
        vocabulary, width = tensors["model.decoder.embed_tokens.weight"].shape
        positions = len(tensors["model.decoder.embed_positions.weight"])
        frames = len(tensors["model.encoder.embed_positions.weight"])
        inner = {side: len(tensors[f"model.{side}.layers.0.fc1.weight"]) for side in ("encoder", "decoder")}
        bands = tensors["model.encoder.conv1.weight"].shape[1]
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(_CODE, f"the weights of Whisper lack {error}", hint="get them again") from None
    end = tokens["<|endoftext|>"]
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "vocab_size": vocabulary,
        "num_mel_bins": bands,
        "d_model": width,
        "max_source_positions": frames,
        "max_target_positions": positions,
        **{f"{side}_layers": count_layers(side) for side in inner},
        **{f"{side}_attention_heads": read_heads(side) for side in inner},
        **{f"{side}_ffn_dim": length for side, length in inner.items()},
        "num_hidden_layers": count_layers("encoder"),
        "activation_function": "gelu",
        "scale_embedding": False,
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": tokens["<|startoftranscript|>"],
        "torch_dtype": "float16",
    }


def _describe_generation(tokens: Mapping[str, int], hints: Mapping[str, Any]) -> dict[str, Any]:
    end, begin = tokens["<|endoftext|>"], tokens["<|startoftranscript|>"]
    tasks = {name: tokens[f"<|{name}|>"] for name in ("translate", "transcribe") if f"<|{name}|>" in tokens}
    first_task = min(tasks.values(), default=begin + 1)
    languages = {name: number for name, number in tokens.items() if begin < number < first_task}
    is_multilingual = end != 50256  # the id in the vocabulary of GPT-2, which the English models use
    described = {
        "alignment_heads": hints.get("alignment_heads"),
        "begin_suppress_tokens": hints.get("suppress_ids_begin"),
        "suppress_tokens": hints.get("suppress_ids"),
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": begin,
        "no_timestamps_token_id": tokens[_SPECIAL_END],
        "prev_sot_token_id": tokens.get("<|startofprev|>"),
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "is_multilingual": is_multilingual,
        "return_timestamps": False,
    }
    if is_multilingual:
        described |= {"lang_to_id": languages, "task_to_id": tasks}
    return {name: value for name, value in described.items() if value is not None}


def _describe_features(tensors: Mapping[str, Array]) -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": int(tensors["model.encoder.conv1.weight"].shape[1]),
        "sampling_rate": 16000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _describe_tokenizer(tokens: Mapping[str, int]) -> dict[str, Any]:
    """Every special token is listed: without one, Whisper's times are 2 s late."""
    end = "<|endoftext|>"
    return {
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "add_prefix_space": False,
        "model_max_length": 1024,
        "bos_token": end,
        "eos_token": end,
        "pad_token": end,
        "unk_token": end,
        "additional_special_tokens": list(tokens),
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
