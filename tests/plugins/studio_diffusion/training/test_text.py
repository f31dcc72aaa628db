"""The tokenizer of the small model, and words that mean the same: one token each, with one embedding."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch

from studio_diffusion.training.export import list_facts
from studio_diffusion.training.text import (
    create_text_encoder,
    find_ties,
    tie_embeddings,
    tokenize,
    write_tokenizer,
)
from studio_diffusion.training.vocabulary import (
    FLAT,
    STYLES,
    list_ties,
    list_tokens,
    list_words,
    load_concepts,
    load_related,
    load_synonyms,
)

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tokenizer(tmp_path_factory.mktemp("text") / "tokenizer", list(load_concepts()))


def test_every_word_of_the_recipe_is_one_token(tokenizer: Any) -> None:
    words = [word for word in list_tokens() if word.isalpha()]

    assert len(words) > 800
    assert [word for word in words if len(tokenizer(word).input_ids) != 3] == []


def test_words_that_mean_the_same_are_trained_as_one(tokenizer: Any) -> None:
    said, meant = tokenize(tokenizer, ["2 kittens on a grey backdrop", "two cat on a gray background"])

    assert (said == meant).all()
    assert len(find_ties(tokenizer)[0]) == len(list_ties())


def test_words_that_mean_the_same_have_one_embedding_that_is_saved_with_the_weights(
    tokenizer: Any, tmp_path: Path
) -> None:
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer

    encoder = create_text_encoder(tokenizer, 32)
    tie_embeddings(tokenizer, [encoder])
    encoder.save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "tokenizer")

    stock = CLIPTextModelWithProjection.from_pretrained(tmp_path / "encoder").eval()
    reader = CLIPTokenizer.from_pretrained(tmp_path / "tokenizer")
    with torch.no_grad():
        outcomes = [
            stock(reader([prompt], return_tensors="pt").input_ids).text_embeds
            for prompt in ("three automobiles", "3 car", "three dogs")
        ]

    assert torch.equal(outcomes[0], outcomes[1])
    assert not torch.allclose(outcomes[0], outcomes[2], atol=1e-3)


def test_a_word_that_is_tied_to_another_names_nothing_itself() -> None:
    own = {word for phrase in (*load_concepts(), *list_words()) for word in phrase.split()}

    assert not own & set(list_ties())
    assert set(list_ties().values()) <= own


def test_every_synonym_stands_for_words_of_the_recipe() -> None:
    things, own = (
        set(load_concepts()),
        {word for phrase in (*load_concepts(), *list_words()) for word in phrase.split()},
    )

    for said, word in load_synonyms().items():
        assert word in things or word in own
        assert said not in things
        assert said in list_ties() or word in things


def test_every_related_word_leads_to_one_that_the_model_knows_and_names_no_thing_itself() -> None:
    facts = list_facts(list(load_concepts()), {*STYLES, FLAT}, argparse.Namespace(side=128))

    assert facts["related"] == load_related()
    assert not {*facts["words"], *facts["synonyms"]} & set(load_related())
