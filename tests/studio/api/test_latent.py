"""Latents and conditionings: frozen, checked, packed, written and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Conditioning, ConditioningType, Latent, LatentType, MediaError, MediaLimits
from studio.cache.codec import Codecs

LATENT = Latent(np.arange(32).reshape(2, 4, 4), "a space", 32, 32)
WORDS = Conditioning(
    {"prompt_embeds": np.ones((1, 3, 4)), "mask": np.array([[1, 1, 0]])}, "encoders", {"prompt": "an apple"}
)


def test_a_latent_holds_read_only_float32() -> None:
    assert LATENT.samples.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        LATENT.samples[0, 0, 0] = 1
    with pytest.raises(AttributeError, match="frozen"):
        LATENT.width = 3  # type: ignore[misc]
    assert WORDS.tensors["mask"].dtype == np.int64


def test_a_latent_of_zeros_is_empty() -> None:
    assert Latent(np.zeros((4, 2, 2)), "s", 16, 16).is_empty
    assert not LATENT.is_empty


def test_equality_looks_at_everything() -> None:
    assert Latent(LATENT.samples, "a space", 32, 32) == LATENT
    assert Latent(LATENT.samples, "another", 32, 32) != LATENT
    assert Latent(LATENT.samples, "a space", 64, 32) != LATENT
    assert Conditioning(dict(WORDS.tensors), "encoders", {"prompt": "an apple"}) == WORDS
    assert Conditioning(dict(WORDS.tensors), "encoders", {"prompt": "a pear"}) != WORDS


@pytest.mark.parametrize(
    ("samples", "code"),
    [(np.zeros(4), "E501"), (np.zeros((0, 2, 2)), "E501"), (np.full((1, 2, 2), np.nan), "E502")],
)
def test_what_is_no_latent_is_refused(samples: Any, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        Latent(samples, "s", 8, 8)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("tensors", "code"), [({}, "E501"), ({"a": np.array(["x"])}, "E501"), ({"a": np.array([np.inf])}, "E502")]
)
def test_what_is_no_conditioning_is_refused(tensors: Any, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        Conditioning(tensors, "s")

    assert caught.value.code == code


@pytest.mark.parametrize(("kind", "value"), [(LatentType(), LATENT), (ConditioningType(), WORDS)])
def test_both_survive_the_cache_and_files(kind: Any, value: Any, tmp_path: Path) -> None:
    codecs = Codecs([kind])
    encoded = codecs.encode(value)
    assert encoded is not None
    assert codecs.decode(encoded.codec, encoded.data) == value

    path = tmp_path / "value.safetensors"
    kind.write_file(value, path, '{"graph": 1}')
    assert kind.read_file(path, MediaLimits()) == value
    assert kind.read_provenance(path) == '{"graph": 1}'


def test_equal_values_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ConditioningType().write_file(WORDS, tmp_path / f"{name}.safetensors", None)

    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    import safetensors.numpy

    foreign, words, broken = (tmp_path / f"{name}.safetensors" for name in ("foreign", "words", "broken"))
    foreign.write_bytes(safetensors.numpy.save({"a": np.zeros(2)}))
    ConditioningType().write_file(WORDS, words, None)
    broken.write_bytes(words.read_bytes()[:-4])

    for kind, path in ((LatentType(), foreign), (LatentType(), words), (ConditioningType(), broken)):
        with pytest.raises(MediaError) as caught:
            kind.read_file(path, MediaLimits())
        assert caught.value.code == "E511"


def test_other_extensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        LatentType().write_file(LATENT, tmp_path / "latent.png", None)

    assert caught.value.code == "E512"


def test_they_say_what_they_are() -> None:
    assert LatentType().describe(LATENT) == "2x4x4 latent of a 32x32 image"
    assert ConditioningType().describe(WORDS) == 'prompt "an apple"'
