"""How fast an opened pipeline works: the layout of its weights, its attention, compiling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import ModelError, is_out_of_memory, suggest
from studio_diffusion.denoisers import find_denoisers


def tune(pipeline: Any, options: Mapping[str, Any], device: str) -> None:
    """Lay weights out, choose the attention, compile: what the load options say.

    Raises:
        ModelError: E619 for an attention that is unknown or cannot be used.
    """
    denoisers = find_denoisers(pipeline).values()
    on_gpu = device.partition(":")[0] == "cuda"
    if options.get("channels_last", on_gpu):
        _store_channels_last(pipeline)
    for denoiser in denoisers:
        _choose_attention(denoiser, options.get("attention", "sdpa"))
        if options.get("compile"):
            denoiser.compile()


def _store_channels_last(pipeline: Any) -> None:
    """Store the weights of UNet and autoencoder channels last; 3D convolutions stay as they are."""
    import torch

    for part in (getattr(pipeline, "unet", None), getattr(pipeline, "vae", None)):
        if part is not None and all(weight.dim() != 5 for weight in part.parameters()):
            part.to(memory_format=torch.channels_last)


def _choose_attention(denoiser: Any, attention: str) -> None:
    if attention.endswith("_hub"):
        raise ModelError(
            "E619", f"attention {attention!r} runs code that it fetches from the hub", hint='leave it at "sdpa"'
        )
    if attention != "sdpa":
        try:
            denoiser.set_attention_backend(attention)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise _refuse_attention(attention, error) from None


def _refuse_attention(attention: str, error: Exception) -> ModelError:
    from diffusers.models.attention_dispatch import AttentionBackendName

    names: list[str] = [each.value for each in AttentionBackendName if not each.value.endswith("_hub")]
    if attention not in names:
        hint = suggest(attention, names, 'leave it at "sdpa"')
        return ModelError("E619", f"unknown attention {attention!r}", hint=hint)
    reason = str(error).partition("\n")[0][:200]
    return ModelError("E619", f"attention {attention!r} cannot be used: {reason}", hint='leave it at "sdpa"')
