"""Tiny networks that read images as prompts, of the real classes with random weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file

from tests.plugins.studio_diffusion.tiny_pipelines import seeded

WIDTH = 16


def write_vision(folder: Path, width: int = WIDTH, *, siglip: bool = False) -> Path:
    """Write an encoder of images of 32 x 32 pixels: CLIP's, or SigLIP's."""
    settings: dict[str, Any] = {
        "hidden_size": width, "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 16,
    }  # fmt: skip
    with seeded(1):
        network: Any
        if siglip:
            network = transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**settings))
        else:
            config = transformers.CLIPVisionConfig(projection_dim=width * 2, **settings)
            network = transformers.CLIPVisionModelWithProjection(config)
        for parameter in network.parameters():
            parameter.data.normal_(0, 0.3)
    network.save_pretrained(folder)
    return folder


def write_adapter(path: Path, unet: Any, *, plus: bool = False, width: int = WIDTH) -> Path:
    """Write an IP-Adapter of a UNet: the plain one, or the one that looks at all patches."""
    from diffusers.models.embeddings import IPAdapterPlusImageProjection

    cross = int(unet.config.cross_attention_dim)
    tensors = {}
    with seeded(2):
        if plus:
            projection = IPAdapterPlusImageProjection(
                embed_dims=width, output_dims=cross, hidden_dims=64, depth=4, heads=1, num_queries=4
            )
            renamed = {"ln0": "0.norm1", "ln1": "0.norm2", "attn.to_out.0": "0.to_out", "ff.0": "1.0"}
            renamed |= {"ff.1.net.0.proj": "1.1", "ff.1.net.2": "1.3"}
            for key, tensor in projection.state_dict().items():
                if ".attn.to_k." in key:
                    value = projection.state_dict()[key.replace("to_k", "to_v")]
                    tensors[f"image_proj.{key.replace('attn.to_k', '0.to_kv')}"] = torch.cat([tensor, value])
                elif ".attn.to_v." not in key:
                    for new, old in renamed.items():
                        key = re.sub(rf"layers\.(\d)\.{re.escape(new)}\.", rf"layers.\g<1>.{old}.", key)
                    tensors[f"image_proj.{key.replace('attn.to_q', '0.to_q')}"] = tensor
        else:
            tensors["image_proj.proj.weight"] = torch.randn(4 * cross, width * 2)
            tensors |= {"image_proj.proj.bias": torch.zeros(4 * cross)}
            tensors |= {"image_proj.norm.weight": torch.ones(cross), "image_proj.norm.bias": torch.zeros(cross)}
        at = 1
        for name, module in unet.named_modules():
            if name.endswith("attn2"):
                for end in ("to_k_ip", "to_v_ip"):
                    tensors[f"ip_adapter.{at}.{end}.weight"] = torch.randn(module.to_k.out_features, cross)
                at += 2
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def write_flux_adapter(path: Path, transformer: Any, width: int = WIDTH) -> Path:
    """Write an IP-Adapter of Flux, with the names that XLabs has."""
    cross, inner = int(transformer.config.joint_attention_dim), int(transformer.inner_dim)
    with seeded(3):
        tensors = {
            "ip_adapter_proj_model.proj.weight": torch.randn(4 * cross, width * 2),
            "ip_adapter_proj_model.proj.bias": torch.zeros(4 * cross),
            "ip_adapter_proj_model.norm.weight": torch.ones(cross),
            "ip_adapter_proj_model.norm.bias": torch.zeros(cross),
        }
        for at in range(int(transformer.config.num_layers)):
            for end in ("k", "v"):
                name = f"double_blocks.{at}.processor.ip_adapter_double_stream_{end}_proj"
                tensors |= {f"{name}.weight": torch.randn(inner, cross), f"{name}.bias": torch.randn(inner)}
    save_file(tensors, path)
    return path


def write_sd3_adapter(path: Path, transformer: Any, width: int = WIDTH) -> Path:
    """Write an IP-Adapter of Stable Diffusion 3."""
    from diffusers.models.attention_processor import SD3IPAdapterJointAttnProcessor2_0
    from diffusers.models.embeddings import IPAdapterTimeImageProjection

    config = transformer.config
    inner = config.attention_head_dim * config.num_attention_heads
    with seeded(4):
        projection = IPAdapterTimeImageProjection(
            embed_dim=width, output_dim=inner, hidden_dim=64, depth=4, heads=1, num_queries=4, timestep_in_dim=320
        )
        processor = SD3IPAdapterJointAttnProcessor2_0(
            hidden_size=inner, ip_hidden_states_dim=inner, head_dim=config.attention_head_dim, timesteps_emb_dim=64
        )
    tensors = {f"image_proj.{name}": tensor for name, tensor in projection.state_dict().items()}
    for at in range(config.num_layers):
        tensors |= {f"ip_adapter.{at}.{name}": tensor.clone() for name, tensor in processor.state_dict().items()}
    save_file(tensors, path)
    return path


def write_redux(path: Path, words: int, width: int = WIDTH) -> Path:
    """Write Flux Redux."""
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    with seeded(5):
        network = ReduxImageEncoder(redux_dim=width, txt_in_features=words)
        for parameter in network.parameters():
            parameter.data.normal_(0, 1)
    save_file(network.state_dict(), path)
    return path
