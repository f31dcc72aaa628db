"""What models that make audio from text are asked for, and what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import MediaError, ModelError
from studio_audio.nodes.words import make_from_text
from tests.plugins.studio_audio.opened import TINY, Open

pytestmark = pytest.mark.xdist_group("diffusers")
PROMPT = "rain on a roof"


def few_steps(name: str) -> dict[str, Any]:
    """What lets a model be quick, without a word about what it does not have."""
    return {} if name.startswith("musicgen") else {"steps": 3}


def test_musicgen_in_stereo_makes_two_channels(open_tiny: Open) -> None:
    made = make_from_text(open_tiny("musicgen", channels=2), PROMPT, TINY, seconds=0.73)

    assert made.samples.shape == (5840, 2)
    assert not np.array_equal(made.samples[:, 0], made.samples[:, 1])


@pytest.mark.parametrize(("name", "longest"), [("musicgen", 3.0), ("stable_audio", 2.0)])
def test_audio_can_be_as_long_as_the_model_can_make_it_and_no_longer(
    open_tiny: Open, name: str, longest: float
) -> None:
    ctx = open_tiny(name)

    assert make_from_text(ctx, PROMPT, TINY, seconds=longest, **few_steps(name)).duration == longest
    with pytest.raises(MediaError, match=f"E640.*{longest:g}"):
        make_from_text(ctx, PROMPT, TINY, seconds=longest + 0.1)


def test_audio_far_longer_than_the_model_knows_is_told(open_tiny: Open) -> None:
    ctx = open_tiny("audioldm2")

    assert make_from_text(ctx, PROMPT, TINY, seconds=1.5, steps=1).duration == 1.5
    assert "0.64 seconds" in ctx.messages[0]


def test_nan_is_not_audio(open_tiny: Open) -> None:
    ctx = open_tiny("stable_audio")
    weight = ctx.models[TINY.reference].network.vae.decoder.conv2.weight_v
    weight.data.fill_(float("nan"))

    with pytest.raises(ModelError, match="E649"):
        make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=1)
