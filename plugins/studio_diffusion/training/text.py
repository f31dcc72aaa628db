"""The tokenizer and the two text encoders of the small model (stock CLIP classes)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from studio_diffusion.training.vocabulary import list_ties, list_tokens

WINDOW = 24
# words that a prompt may hold beside those of the recipe: a token each
_OTHERS = (
    "of", "the", "in", "on", "at", "an", "a", "to", "with", "without", "many", "one", "this", "that", "some", "photo",
    "drawing", "image", "icon", "please",
)  # fmt: skip
_START, _END = "<|startoftext|>", "<|endoftext|>"


def write_tokenizer(folder: Path, names: Sequence[str]) -> Any:
    """Make a CLIP tokenizer (byte-pair encoding) in which every word is one token, or load the one that is there.

    Args:
        folder: Where `vocab.json`, `merges.txt` and the configuration go.
        names: Names of things; every word in them becomes a token.
    """
    from transformers import CLIPTokenizer

    if (folder / "vocab.json").exists():  # the weights beside it know its numbers
        return CLIPTokenizer.from_pretrained(folder)
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    words = sorted({word for name in names for word in name.lower().split()} | set(list_tokens()))
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789")
    corpus = [*words, *_OTHERS] * 20 + letters * 50
    model = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=_END))
    model.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    split = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(split, "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # given ids beforehand: otherwise the trainer numbers them as its hash table falls, and breaks ties by that
    ends = [letter + "</w>" for letter in alphabet]
    trainer = trainers.BpeTrainer(
        vocab_size=8000,
        min_frequency=2,
        end_of_word_suffix="</w>",
        initial_alphabet=alphabet,
        special_tokens=ends,
        show_progress=False,
    )
    model.train_from_iterator(corpus, trainer)
    merges = [
        tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in json.loads(model.to_str())["model"]["merges"]
    ]
    entries = [*alphabet, *ends, *(a + b for a, b in merges)]
    vocabulary = {entry: index for index, entry in enumerate(dict.fromkeys([*entries, _START, _END]))}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = "".join(f"{a} {b}\n" for a, b in merges)
    (folder / "merges.txt").write_text("#version: 0.2\n" + lines, encoding="utf-8")
    config = {
        "model_max_length": WINDOW,
        "bos_token": _START,
        "eos_token": _END,
        "unk_token": _END,
        "pad_token": _END,
        "tokenizer_class": "CLIPTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)


def create_text_encoder(tokenizer: Any, width: int) -> Any:
    """Return an untrained CLIP text encoder of three layers with a projection."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=WINDOW,
        projection_dim=width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        hidden_act="gelu",
    )
    encoder = CLIPTextModelWithProjection(config)
    for name, parameter in encoder.named_parameters():
        if "token_embedding" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return encoder


def find_ties(tokenizer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens that mean what another token does, and those others.

    Words that a tokenizer made for earlier words takes apart are left out.
    """
    known = tokenizer.get_vocab()
    pairs = [(known.get(f"{said}</w>"), known.get(f"{word}</w>")) for said, word in sorted(list_ties().items())]
    found = torch.tensor([pair for pair in pairs if None not in pair], dtype=torch.long).reshape(-1, 2)
    return found[:, 0], found[:, 1]


@torch.no_grad()
def tie_embeddings(tokenizer: Any, encoders: Sequence[Any]) -> None:
    """Give tokens that mean the same the same embedding, in place.

    So synonyms are part of the weights, and any pipeline with the stock tokenizer and encoder knows them.
    """
    said, meant = find_ties(tokenizer)
    for encoder in encoders:
        table = encoder.get_input_embeddings().weight
        table[said] = table[meant]


def tokenize(tokenizer: Any, prompts: Sequence[str]) -> torch.Tensor:
    """Return token ids for training, prompts x window: of words that mean the same, always the one that is trained."""
    options = {"padding": "max_length", "truncation": True, "max_length": WINDOW, "return_tensors": "pt"}
    ids: torch.Tensor = tokenizer(list(prompts), **options).input_ids
    said, meant = find_ties(tokenizer)
    trained = torch.arange(len(tokenizer))
    trained[said] = meant
    return trained[ids]


def encode(encoders: Sequence[Any], ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode as the Stable Diffusion 3 pipelines do: the last hidden states but one, side by side, and the pooled."""
    results = [encoder(ids, output_hidden_states=True) for encoder in encoders]
    hidden = torch.cat([result.hidden_states[-2] for result in results], -1)
    return hidden, torch.cat([result.text_embeds for result in results], -1)
