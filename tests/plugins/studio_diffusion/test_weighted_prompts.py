"""Weights of words and left out layers, against the formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.api import Conditioning, Mask, Model, ModelError
from studio.testing import TestContext
from studio_diffusion.nodes.images import sketch_to_image, text_to_image
from studio_diffusion.nodes.inpaints import inpaint, outpaint
from studio_diffusion.nodes.parts import encode_prompt
from studio_diffusion.nodes.redraws import draw_variations, image_to_image
from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_controlnet

pytestmark = pytest.mark.xdist_group("diffusers")


def run_clip(pipeline: Any, number: str, words: list[str], skip: int) -> torch.Tensor:
    """Return what CLIP makes of one chunk: the last layer behind the norm (SD), or the last but one (SDXL)."""
    tokenizer, encoder = getattr(pipeline, f"tokenizer{number}"), getattr(pipeline, f"text_encoder{number}")
    ids = [token for word in words for token in tokenizer(word, add_special_tokens=False).input_ids]
    pad = tokenizer.pad_token_id
    framed = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    framed += [pad] * (tokenizer.model_max_length - len(framed))
    with torch.no_grad():
        out = encoder(torch.tensor([framed]), output_hidden_states=True)
        if hasattr(pipeline, "text_encoder_2"):
            return out.hidden_states[-2 - skip]
        norm = getattr(encoder, "final_layer_norm", None) or encoder.text_model.final_layer_norm
        return norm(out.hidden_states[-1 - skip])


def scale_row(pipeline: Any, number: str, weights: dict[str, float]) -> torch.Tensor:
    """Return the weights of a chunk's positions."""
    tokenizer = getattr(pipeline, f"tokenizer{number}")
    row = [1.0]
    for word, weight in weights.items():
        row += [weight] * len(tokenizer(word, add_special_tokens=False).input_ids)
    return torch.tensor(row + [1.0] * (tokenizer.model_max_length - len(row)))[None, :, None]


@pytest.mark.parametrize(("name", "numbers"), [("sd15", ("",)), ("sdxl", ("", "_2"))])
@pytest.mark.parametrize("syntax", ["comfyui", "webui"])
@pytest.mark.parametrize("skip", [None, 1])
def test_each_token_is_scaled_as_the_other_program_does(
    ctx: TestContext, tiny: Callable[..., Path], name: str, numbers: tuple[str, ...], syntax: str, skip: int | None
) -> None:
    model = Model(f"file:{tiny(name)}")
    weights = {"a": 1.0, "red": 1.5, "sun": 0.7}

    made = encode_prompt(ctx, "a (red:1.5) (sun:0.7)", prompt_syntax=syntax, clip_skip=skip, model=model)

    expected = []
    with ctx.open(model) as opened:
        for number in numbers:
            wide = run_clip(opened.pipeline, number, list(weights), skip or 0)
            empty = run_clip(opened.pipeline, number, [], skip or 0)
            scale = scale_row(opened.pipeline, number, weights)
            if syntax == "comfyui":
                expected.append(empty + (wide - empty) * scale)
            else:
                scaled = wide * scale
                expected.append(scaled * wide.mean() / scaled.mean())
    reference = torch.cat(expected, dim=-1).numpy()
    assert np.abs(made.tensors["prompt_embeds"] - reference).max() < 1e-4
    assert np.abs(run_plain(ctx, model).tensors["prompt_embeds"] - reference).max() > 1e-3


def run_plain(ctx: TestContext, model: Model) -> Conditioning:
    return encode_prompt(ctx, "a red sun", model=model)


def test_break_begins_a_chunk_and_weights_of_one_change_nothing(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny('sd15')}")
    plain = run_plain(ctx, model).tensors["prompt_embeds"]

    same = encode_prompt(ctx, "a (red:1) sun", prompt_syntax="comfyui", model=model).tensors["prompt_embeds"]
    broken = encode_prompt(ctx, "a red sun BREAK a dog", prompt_syntax="webui", model=model).tensors

    assert np.abs(same - plain).max() < 1e-5
    window = plain.shape[1]
    assert broken["prompt_embeds"].shape[1] == 2 * window == broken["negative_prompt_embeds"].shape[1]
    assert np.abs(broken["prompt_embeds"][:, :window] - plain).max() < 1e-5


def test_every_node_type_that_draws_follows_both_inputs(
    ctx: TestContext, tiny: Callable[..., Path], tmp_path: Path
) -> None:
    net = write_tiny_controlnet(tmp_path / "net", tiny("sd15"))
    model = Model(f"file:{tiny('sd15')}")
    prompt, size = "a (red:1.9) sun", {"width": 32, "height": 32}
    picture = text_to_image(ctx, "a dog", steps=1, model=model, **size).image
    mask = picture.pixels[..., :1].astype(np.float32) * 0 + 1
    calls: dict[str, Callable[..., Any]] = {
        "text_to_image": lambda **more: text_to_image(ctx, prompt, steps=2, model=model, **size, **more),
        "image_to_image": lambda **more: image_to_image(ctx, picture, prompt, steps=2, model=model, **more),
        "variations": lambda **more: draw_variations(
            ctx, picture, prompt=prompt, steps=2, count=1, model=model, **more
        ),
        "inpaint": lambda **more: inpaint(ctx, picture, Mask(mask), prompt, steps=2, model=model, **more),
        "outpaint": lambda **more: outpaint(ctx, picture, prompt, left=16, steps=2, model=model, **more),
        "sketch_to_image": lambda **more: sketch_to_image(
            ctx, picture, prompt, steps=2, model=model, controlnet=Model(f"file:{net}"), **size, **more
        ),
    }
    for name, call in calls.items():
        plain = call().image.pixels.astype(np.float32)
        for more in ({"prompt_syntax": "comfyui"}, {"clip_skip": 1}):
            assert np.abs(call(**more).image.pixels.astype(np.float32) - plain).max() > 0, (name, more)


def test_variations_follow_the_schedule(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny('sd15')}")
    picture = text_to_image(ctx, "a dog", steps=1, width=32, height=32, model=model).image

    plain, other = (
        draw_variations(ctx, picture, steps=4, count=1, schedule=schedule, model=model).image.pixels.astype(np.float32)
        for schedule in ("simple", "exponential")
    )

    assert np.abs(plain - other).max() > 0


def test_other_text_encoders_and_too_many_layers_are_refused(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="read plain text"):
        text_to_image(ctx, "a (red:1.2) sun", prompt_syntax="comfyui", model=Model(f"file:{tiny('flux')}"))
    with pytest.raises(ModelError, match="layers"):
        encode_prompt(ctx, "a sun", clip_skip=11, model=Model(f"file:{tiny('sd15')}"))


def test_weights_in_plain_text_are_told(ctx: TestContext) -> None:
    text_to_image(ctx, "a (red:1.5) apple", steps=1)

    assert any("'(red:1.5)' is read as text" in line for line in ctx.messages)
