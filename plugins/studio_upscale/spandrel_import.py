"""spandrel, imported where torchvision is missing too.

Two of its forty architectures import three functions of torchvision and nothing else needs it. The registry's build of
torchvision does not fit CPU builds of torch, so that it is often not there: then a stand-in takes its place during the
import and is gone afterwards.
"""

from __future__ import annotations

import enum
import importlib.util
import sys
import threading
import types
from typing import Any

_NAMES = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
_importing = threading.Lock()  # the table of modules is the process's


def is_installed() -> bool:
    """Say whether spandrel is there."""
    return importlib.util.find_spec("spandrel") is not None


def import_spandrel() -> Any:
    """Return the module `spandrel`.

    Raises:
        ImportError: It is not installed.
    """
    with _importing:
        if "spandrel" in sys.modules or importlib.util.find_spec("torchvision") is not None:
            import spandrel

            return spandrel
        sys.modules.update(_make_stand_ins())
        try:
            import spandrel

            return spandrel
        finally:
            for name in _NAMES:
                sys.modules.pop(name, None)


class _InterpolationMode(enum.Enum):
    NEAREST = 1
    BILINEAR = 2
    BICUBIC = 3


def _make_stand_ins() -> dict[str, types.ModuleType]:
    modules = {name: types.ModuleType(name) for name in _NAMES}
    functions: Any = modules[_NAMES[2]]
    functions.normalize = functions.rotate = _refuse
    functions.InterpolationMode = _InterpolationMode
    modules[_NAMES[0]].transforms = modules[_NAMES[1]]  # type: ignore[attr-defined]
    modules[_NAMES[1]].functional = functions  # type: ignore[attr-defined]
    return modules


def _refuse(*_: Any, **__: Any) -> Any:
    raise ImportError("this architecture needs torchvision: pip install torchvision, of a build that fits torch")
