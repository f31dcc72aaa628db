"""The generator of the small model: a diffusion transformer in the Stable Diffusion 3 classes (Esser et al. 2024).

Trained by rectified flow on latents of scenes. Where the big models put the text of a T5 encoder, the pipelines put
zeros when there is none: as many as `max_sequence_length` says. They are all alike, so here one of them stands for
n by adding log n to its attention, with n drawn anew for each batch: the model then does not care how many a
pipeline puts there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.autoencoder import to_network
from studio_diffusion.training.scenes import SHARES, STEADY_SHARES, Scenes
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.slices import Averaged, Requests, Slice, create_optimizers, take_step
from studio_diffusion.training.text import create_text_encoder, encode, tie_embeddings, tokenize

SHIFT = 1.5
MOST_ZEROS = 256


class CountedJointAttention:
    """The joint attention of Stable Diffusion 3 with a bias for each key (diffusers' own takes none)."""

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> Any:
        """Attend over picture and text tokens together."""
        pictures = hidden_states.shape[1]
        pairs = [(attn.to_q, attn.norm_q), (attn.to_k, attn.norm_k), (attn.to_v, None)]
        own = [_project(hidden_states, layer, norm, attn.heads) for layer, norm in pairs]
        if encoder_hidden_states is not None:
            pairs = [
                (attn.add_q_proj, attn.norm_added_q),
                (attn.add_k_proj, attn.norm_added_k),
                (attn.add_v_proj, None),
            ]
            text = [_project(encoder_hidden_states, layer, norm, attn.heads) for layer, norm in pairs]
            own = [torch.cat(both, 2) for both in zip(own, text, strict=True)]
        if attention_mask is not None:
            attention_mask = attention_mask.to(own[0].dtype)
        query, key, value = own
        out = functional.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        out = out.transpose(1, 2).flatten(2)
        if encoder_hidden_states is None:
            return attn.to_out[0](out)
        seen, read = out[:, :pictures], out[:, pictures:]
        if not attn.context_pre_only:
            read = attn.to_add_out(read)
        return attn.to_out[0](seen), read


def _project(tokens: torch.Tensor, layer: Any, norm: Any, heads: int) -> torch.Tensor:
    split: torch.Tensor = layer(tokens).unflatten(-1, (heads, -1)).transpose(1, 2)
    if norm is None:
        return split
    normed: torch.Tensor = norm(split)
    return normed.to(split.dtype)


def create_generator(width: int, layers: int, side: int = 16, channels: int = 8) -> Any:
    """Return an untrained transformer whose blocks begin as the identity."""
    from diffusers import SD3Transformer2DModel

    model: Any = SD3Transformer2DModel(
        sample_size=side,
        patch_size=2,
        in_channels=channels,
        out_channels=channels,
        num_layers=layers,
        attention_head_dim=64,
        num_attention_heads=width // 64,
        joint_attention_dim=width,
        caption_projection_dim=width,
        pooled_projection_dim=width,
        pos_embed_max_size=side // 2,
        qk_norm="rms_norm",
    )
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and ("norm1" in name or name.startswith(("norm_out", "proj_out"))):
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return model


def make_attention_bias(pictures: int, text: int, zeros: float) -> torch.Tensor:
    """Return the bias over keys that makes the last one count as many times as `zeros` says."""
    bias = torch.zeros(1, 1, 1, pictures + text + 1)
    bias[..., -1] = math.log(zeros)
    return bias


def draw_attention_bias(latents: torch.Tensor, ids: torch.Tensor, seed: Sequence[int]) -> torch.Tensor:
    """Draw how many zeros there are, from 1 to 256 evenly by logarithm, and return the bias for that many."""
    zeros = math.exp(np.random.default_rng(seed).uniform(0, math.log(MOST_ZEROS)))
    patches = latents.shape[-1] * latents.shape[-2] // 4
    return make_attention_bias(patches, ids.shape[1], zeros).to(latents.device)


class Pool:
    """Scenes as latents and token ids, drawn and encoded ahead.

    Attributes:
        latents: count x channels x side x side, scaled to deviation 1.
        ids: count x window.
        sketches: Latents of the scenes' sketches, or None.
    """

    def __init__(
        self,
        artwork: Artwork,
        words: Sequence[str],
        tokenizer: Any,
        vae: Any,
        count: int,
        seed: Sequence[int],
        *,
        device: str,
        sketched: bool = False,
        steady: bool = False,
    ) -> None:
        rng = np.random.default_rng(list(seed))
        maker = Scenes(words, styles=artwork.styles, steady=steady)
        shares = STEADY_SHARES if steady else SHARES
        latents, ids, sketches = [], [], []
        for start in range(0, count, 128):
            scenes = [maker.make(rng, shares) for _ in range(min(128, count - start))]
            pictures = np.stack([artwork.draw(scene) for scene in scenes])
            latents.append(encode_pictures(vae, pictures, device))
            ids.append(tokenize(tokenizer, [scene.prompt for scene in scenes]))
            if sketched:
                lines = np.stack([trace_sketch(picture, rng) for picture in pictures])
                sketches.append(encode_pictures(vae, lines, device))
        self.latents, self.ids = torch.cat(latents), torch.cat(ids)
        self.sketches = torch.cat(sketches) if sketched else None

    def __len__(self) -> int:
        return len(self.latents)


@torch.no_grad()
def encode_pictures(vae: Any, pictures: np.ndarray, device: str) -> torch.Tensor:
    """Encode uint8 pictures to scaled latents, on the CPU."""
    with torch.autocast(device.partition(":")[0], torch.bfloat16):
        latents = vae.encode(to_network(pictures, device)).latent_dist.mode()
    scaled: torch.Tensor = latents.float() * vae.config.scaling_factor
    return scaled.half().cpu()


def draw_noise_levels(count: int, device: str) -> torch.Tensor:
    """Draw noise levels 0..1: logit-normal, and every seventh pure noise, where the layout is decided."""
    levels = torch.sigmoid(torch.randn(count) * 1.2 + 0.6)
    levels = torch.where(torch.rand(count) < 0.14, torch.full((count,), 0.999), levels)
    return levels.to(device)


def train_generator(
    artwork: Artwork,
    words: Sequence[str],
    tokenizer: Any,
    vae: Any,
    folder: Path,
    requests: Requests,
    *,
    minutes: float,
    steps: int,
    device: str,
    batch: int,
    seed: int,
    width: int,
    layers: int,
    pool_size: int,
    compiled: bool,
    start: Path | None = None,
    name: str = "generator",
    steady: bool = False,
) -> dict[str, Any]:
    """Train transformer and text encoders together for a budget of minutes.

    Args:
        start: Folder of an earlier model to begin from, of the same sizes.
        name: What its checkpoints and lines are called.
        steady: Whether it sees mostly single things that stay in place.

    Returns:
        Steps, scenes seen and minutes.
    """
    torch.manual_seed(seed)
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    transformer = create_generator(width, layers, artwork.side // factor, vae.config.latent_channels).to(device)
    encoders = [create_text_encoder(tokenizer, width // 2).to(device) for _ in range(2)]
    if start is not None:
        _load_earlier(start, transformer, encoders)
    transformer.set_attn_processor(CountedJointAttention())
    modules = {"transformer": transformer, "text_encoder": encoders[0], "text_encoder_2": encoders[1]}
    optimizers = create_optimizers(list(modules.values()), 1.5e-3)
    parameters = [p for module in modules.values() for p in module.parameters()]
    averaged = Averaged(parameters, 0.999)
    run = Slice(name, folder, modules, optimizers, averaged, requests, minutes=minutes, steps=steps)
    empty = tokenize(tokenizer, [""])[0]

    def compute_loss(
        latents: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor, ids: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        hidden, pooled = encode(encoders, ids)
        hidden = torch.cat([hidden, torch.zeros_like(hidden[:, :1])], 1)
        share = levels.view(-1, 1, 1, 1)
        found = transformer(
            hidden_states=(1 - share) * latents + share * noise,
            timestep=levels * 1000,
            encoder_hidden_states=hidden,
            pooled_projections=pooled,
            joint_attention_kwargs={"attention_mask": bias},
            return_dict=False,
        )[0]
        return functional.mse_loss(found.float(), noise - latents)

    loss_of = torch.compile(compute_loss) if compiled else compute_loss
    pool: Pool | None = None
    losses: list[float] = []
    per_pool = max(1, 8 * pool_size // batch)
    while not run.is_done():
        if pool is None or run.step % per_pool == 0:
            number = (seed, run.step // per_pool)
            pool = Pool(artwork, words, tokenizer, vae, pool_size, number, device=device, steady=steady)
            deviation = pool.latents.float().std()
            print(f"pool of {len(pool)} at {run.pace.seconds:.0f} s, deviation {deviation:.3f}", flush=True)
        choice = torch.randint(0, len(pool), (batch,))
        latents = pool.latents[choice].to(device).float()
        ids = pool.ids[choice].clone()
        ids[torch.rand(batch) < 0.1] = empty
        bias = draw_attention_bias(latents, ids, (seed, run.step, 1))
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            loss = loss_of(latents, torch.randn_like(latents), draw_noise_levels(batch, device), ids.to(device), bias)
        take_step(loss, optimizers, run.pace.scale(run.step))
        losses.append(loss.item())
        if run.advance():
            _save_parts(folder, modules, averaged, tokenizer)
        if run.step % 100 == 0:
            print(f"{name} step {run.step} {run.pace.seconds:.0f} s loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
    run.save()
    _save_parts(folder, modules, averaged, tokenizer)
    return {"steps": run.step, "scenes": run.step * batch, "minutes": round(run.pace.seconds / 60, 1)}


def _save_parts(folder: Path, modules: dict[str, Any], averaged: Averaged, tokenizer: Any) -> None:
    averaged.swap()
    tie_embeddings(tokenizer, [modules["text_encoder"], modules["text_encoder_2"]])
    for name, module in modules.items():
        module.save_pretrained(folder / name)
    averaged.swap()


def _load_earlier(folder: Path, transformer: Any, encoders: Sequence[Any]) -> None:
    from safetensors.torch import load_file

    transformer.load_state_dict(load_file(folder / "transformer" / "diffusion_pytorch_model.safetensors"))
    for name, encoder in zip(("text_encoder", "text_encoder_2"), encoders, strict=True):
        encoder.load_state_dict(load_file(folder / name / "model.safetensors"))


def assemble(folder: Path, tokenizer: Any, vae: Any) -> Any:
    """Return the stock pipeline made of the parts in a folder."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
    from transformers import CLIPTextModelWithProjection

    encoders = [
        CLIPTextModelWithProjection.from_pretrained(folder / name) for name in ("text_encoder", "text_encoder_2")
    ]
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel.from_pretrained(folder / "transformer"),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=vae,
        text_encoder=encoders[0],
        text_encoder_2=encoders[1],
        text_encoder_3=None,
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        tokenizer_3=None,
    )
