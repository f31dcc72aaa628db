"""Devices: which there are, and which one a run uses; found without loading torch."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from studio.errors import UsageError
from studio.settings import read_visible_gpus

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
_DTYPES = ("auto", "float32", "float16", "bfloat16")
_SHORT_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
DTYPE_WORDS = (*_DTYPES, *_SHORT_DTYPES)


@dataclass(frozen=True)
class Device:
    """A device and the floating-point type for networks on it."""

    name: str
    dtype: str

    @property
    def kind(self) -> str:
        """ "cpu", "cuda" or "mps"."""
        return self.name.partition(":")[0]


def parse_device(device: str, dtype: str = "auto") -> tuple[str, str]:
    """Return a device and a dtype as a user wrote them, the dtype by its long name; nothing is probed.

    Raises:
        UsageError: E002.
    """
    if not _DEVICE.fullmatch(device):
        raise UsageError("E002", f"invalid device {device!r}", hint="write auto, cpu, cuda, cuda:N or mps")
    if dtype not in DTYPE_WORDS:
        raise UsageError("E002", f"invalid dtype {dtype!r}", hint=f"write {', '.join(_DTYPES)}")
    return device, _SHORT_DTYPES.get(dtype, dtype)


def find_device(device: str = "auto", dtype: str = "auto") -> Device:
    """Return the device to use on this machine.

    Raises:
        UsageError: E002 if this machine does not have it.
    """
    device, dtype = parse_device(device, dtype)
    if device == "auto":
        device = _find_best()
    elif device.startswith("cuda"):
        index = int(device.partition(":")[2] or 0)
        if index >= count_cuda():
            raise UsageError("E002", f"there is no device {device!r} here", hint="write --device cpu, or auto")
        device = f"cuda:{index}"
    elif device == "mps" and not _has_mps():
        raise UsageError("E002", "there is no device 'mps' here", hint="write --device cpu, or auto")
    if dtype == "auto":
        dtype = {"cpu": "float32", "cuda": "bfloat16", "mps": "float16"}[device.partition(":")[0]]
    return Device(device, dtype)


def _find_best() -> str:
    if count_cuda():
        return "cuda:0"
    return "mps" if _has_mps() else "cpu"


def count_cuda() -> int:
    """Count CUDA devices without loading torch: a fully cached run must name its device and never load it."""
    visible = read_visible_gpus()
    if _torch_build() in ("", "cpu") or visible in ("", "-1"):
        return 0
    found = len(list(Path("/dev").glob("nvidia[0-9]*")))
    return min(found, len(visible.split(","))) if visible else found


def _has_mps() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64" and _torch_build() != ""


def _torch_build() -> str:
    """Return the local part of torch's version ("cpu", "cu130"), "default" if it has none, "" without torch."""
    try:
        return importlib.metadata.version("torch").partition("+")[2] or "default"
    except importlib.metadata.PackageNotFoundError:
        return ""
