"""Files of tensors, written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from studio.api import replace_file

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")


def save_tensors(tensors: Mapping[str, torch.Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors as a safetensors file; a process that is killed leaves the file of before.

    Args:
        tensors: By name, on any device.
        path: Where to; its folder exists.
        metadata: Further entries of the file.

    Raises:
        OSError: If the disk is full or the file cannot be written; there is no half file then.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replace_file(path, sync="content", temporary=path.with_name(f"new_{path.name}")) as new:
        try:
            save_file(ready, new, metadata=metadata)
        except SafetensorError as error:
            number = _SYSTEM_ERROR.search(str(error))  # the library says it in words alone
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(new)) from error
