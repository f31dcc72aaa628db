"""Memory: how much there is, and releasing what is no longer used. Torch is used only if it is loaded already."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

_CGROUP = Path("/sys/fs/cgroup/memory.max")


def find_ram_bytes() -> int | None:
    """Return the memory of the machine, or of the container that this process is in; None if that is unknown."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError, ValueError):  # no limit is the word "max"
        found.append(int(_CGROUP.read_text(encoding="utf-8")))
    return min(found, default=None)


def load_torch() -> None:
    """Load torch if it is installed, so that the memory of devices is known; it takes seconds."""
    with contextlib.suppress(ImportError):
        importlib.import_module("torch")


def find_vram_bytes(device: str) -> int | None:
    """Return the memory of a device such as "cuda:0"; None while torch is not loaded, or for other devices."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not device.startswith("cuda") or not torch.cuda.is_available():
        return None
    return int(torch.cuda.get_device_properties(device).total_memory)


def release_memory() -> None:
    """Release memory that only garbage or torch's caches keep."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    elif getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        torch.mps.empty_cache()


def show_bytes(size: int) -> str:
    """Return a size for people, such as "1.5 MiB"."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
