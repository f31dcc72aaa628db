"""Whether what a call is given comes from files of more than 8 bits.

Node types compute with floats, so the samples that reach a writer do not tell how deep those of the files were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studio.api import File, Image, MediaLimits, TypeSpec, Video
from studio.api.sample_depth import is_deep
from studio.execution.call import Result
from studio.execution.content import find_sources, iterate

_MOST_FILES = 16
"""Files that are opened; the images of a list or a sequence are alike."""


DEPTH_TYPES = frozenset(("any", "image", "mask", "video"))
"""Types whose values may have samples with a depth."""


def has_deep_output(result: Result, spec: TypeSpec, limits: MediaLimits) -> bool:
    """Return whether an output of images or videos comes from samples of more than 8 bits.

    Args:
        result: The output.
        spec: Its type.
        limits: Bounds of the files.
    """
    return spec.name in DEPTH_TYPES and has_deep_source([result], limits)


def has_deep_source(results: Iterable[Result], limits: MediaLimits) -> bool:
    """Return whether a file or a caller's value from which results come has samples of more than 8 bits.

    What a model draws has the depth of the model, whatever it was shown.

    Args:
        results: Inputs of a call.
        limits: Bounds of the files.
    """
    seen: dict[int, Result] = {}  # a result keeps its id from reuse
    pending, opened = list(results), 0
    while pending and opened < _MOST_FILES:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if one.call is not None and one.call.node_type.content_origin == "generated":
            continue
        pending += find_sources(one)
        if one.call is not None or one.parent is not None or one.gathered:
            continue
        for value in iterate(one.value):
            opened += isinstance(value, File)
            if opened <= _MOST_FILES and _is_deep(value, limits):
                return True
    return False


def _is_deep(value: Any, limits: MediaLimits) -> bool:
    if isinstance(value, File):
        return is_deep(value.path, limits)
    if isinstance(value, Video):
        first = next(value.frames(), None)
        return first is not None and first.image.stored.dtype == "uint16"
    return isinstance(value, Image) and value.stored.dtype == "uint16"
