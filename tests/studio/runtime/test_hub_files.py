"""Of a repository on the hub, safe weights are fetched with the texts that belong to them, and nothing else."""

from __future__ import annotations

import pytest

from studio.errors import ModelError
from studio.runtime.hub_files import choose_files

DIFFUSERS = [
    "model_index.json",
    "all.safetensors",
    "unet/d.safetensors",
    "unet/d.fp16.safetensors",
    "vae/d.safetensors",
]


def test_a_single_file_beside_the_folders_is_not_fetched() -> None:
    assert choose_files(DIFFUSERS, "a/b") == ["model_index.json", "unet/d.safetensors", "vae/d.safetensors"]


def test_a_variant_is_fetched_where_there_is_one() -> None:
    chosen = choose_files(DIFFUSERS, "a/b", "fp16")

    assert chosen == ["model_index.json", "unet/d.fp16.safetensors", "vae/d.safetensors"]
    with pytest.raises(ModelError, match=r"E608.*'fp8'") as caught:
        choose_files(DIFFUSERS, "a/b", "fp8")
    assert "fp16" in caught.value.hint


def test_shards_come_with_their_own_index() -> None:
    names = [f"d{v}-0000{i}-of-00002.safetensors" for v in ("", ".fp16") for i in (1, 2)]
    names += ["d.safetensors.index.json", "d.safetensors.index.fp16.json", "d.bin.index.json"]

    assert choose_files(names, "a/b") == [
        "d-00001-of-00002.safetensors",
        "d-00002-of-00002.safetensors",
        "d.safetensors.index.json",
    ]


def test_tokenizers_of_every_kind_are_fetched() -> None:
    names = ["m.gguf", "tokenizer/spiece.model", "tokenizer/merges.txt", "tokenizer/vocab.json", "chat_template.jinja"]

    assert choose_files([*names, "x.py", "x.exe", "x.sh"], "a/b") == sorted(names)


def test_what_is_hidden_or_for_another_library_is_not_fetched() -> None:
    names = [".gitattributes", ".cache/a.json", "a/.b/c.json", "onnx/m.safetensors", "flax/m.json", "m.safetensors"]

    assert choose_files(names, "a/b") == ["m.safetensors"]


def test_the_card_and_the_licence_come_with_the_weights_of_the_top_folder_alone() -> None:
    names = ["m.safetensors", "README.md", "LICENSE", "unet/README.md", "notes.md", "x.png"]

    assert choose_files(names, "a/b") == ["LICENSE", "README.md", "m.safetensors"]


def test_a_folder_that_has_variants_alone_is_fetched_with_all_of_them() -> None:
    names = ["m.fp16.safetensors", "m.bf16.safetensors"]

    assert choose_files(names, "a/b") == sorted(names)


def test_a_single_file_is_fetched_where_the_folders_have_no_weights() -> None:
    assert "all.safetensors" in choose_files(["model_index.json", "all.safetensors", "unet/config.json"], "a/b")


def test_each_folder_has_the_index_of_its_own_shards() -> None:
    names = ["unet/d-1.safetensors", "unet/d.safetensors.index.json", "vae/d.safetensors.index.json"]

    assert choose_files(names, "a/b") == names[:2]


@pytest.mark.parametrize(
    ("names", "variant", "code", "word"),
    [
        (["config.json", "pytorch_model.bin"], None, "E604", "pytorch_model.bin"),
        (["config.json"], None, "E605", "no weights"),
        ([".hidden/m.safetensors"], None, "E605", "no weights"),
        (["m.safetensors"], "fp16", "E608", "'fp16'"),
        (["pytorch_model.bin"], "fp16", "E608", "'fp16'"),
    ],
)
def test_a_repository_without_what_is_wanted_is_refused(
    names: list[str], variant: str | None, code: str, word: str
) -> None:
    with pytest.raises(ModelError, match=code) as caught:
        choose_files(names, "a/b", variant)

    assert word in caught.value.message
