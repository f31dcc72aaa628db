"""Linear layers and convolutions that store their weights in 8-bit integers, with a scale for each row.

A row `w` is kept as `round(w / s)` with `s = max(|w|) / 127`, the symmetric absmax quantization of LLM.int8()
(https://arxiv.org/abs/2208.07339, section 2.1), and multiplied out for each call: a layer computes with floats.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_MOST = 127


class Int8Linear(nn.Linear):
    """A linear layer whose weight is int8, out x in, with `weight_scale`, out x 1."""

    weight_scale: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # the name that torch has
        """Compute as a linear layer does, with the weight in the dtype of the input."""
        return nn.functional.linear(input, _restore(self, input.dtype), self.bias)


class Int8Conv2d(nn.Conv2d):
    """A convolution whose weight is int8, out x in x height x width, with `weight_scale`, out x 1 x 1 x 1."""

    weight_scale: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # the name that torch has
        """Compute as a convolution does, with the weight in the dtype of the input."""
        made: torch.Tensor = self._conv_forward(input, _restore(self, input.dtype), self.bias)
        return made


_KINDS: dict[type, type] = {nn.Linear: Int8Linear, nn.Conv2d: Int8Conv2d}


def store_in_int8(module: Any) -> bool:
    """Store the weight of one layer in int8, in place; say whether it is a layer that can be."""
    kind = _KINDS.get(type(module))
    if kind is None:
        return False
    weight: torch.Tensor = module.weight.detach()
    scale = weight.float().abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True).clamp(min=1e-12) / _MOST
    stored = torch.round(weight.float() / scale).clamp(-_MOST, _MOST).to(torch.int8)
    module.__class__ = kind  # hooks, name and place in the network stay
    module.weight = nn.Parameter(stored, requires_grad=False)
    module.register_buffer("weight_scale", scale)
    return True


def _restore(module: Any, dtype: torch.dtype) -> torch.Tensor:
    restored: torch.Tensor = (module.weight.float() * module.weight_scale.float()).to(dtype)
    return restored
